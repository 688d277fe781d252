"""`burndeck runbook list|show|check|new`: runbooks as texts, before they are run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.errors import ConfigError
from console.commands.common import common_options, print_json, settings_for

if TYPE_CHECKING:
    from agent.runbooks.library import Entry, Library

_LIST_EPILOG = """\b
Examples:
  burndeck runbook list
  burndeck runbook list --json | jq -r '.runbooks[] | select(.triggers | index("burn_spike")) | .id'
"""
_SHOW_EPILOG = """\b
Examples:
  burndeck runbook show cost-spike
  burndeck runbook show cost-spike --raw > runbooks/cost-spike.md
"""
_CHECK_EPILOG = """\b
Examples:
  burndeck runbook check
  burndeck runbook check runbooks/search-latency.md hard-cap-override
"""
_NEW_EPILOG = """\b
Examples:
  burndeck runbook new search-latency --title "Search is slow"
  burndeck runbook new search-latency -o runbooks/search-latency.md
"""


@click.command("list", epilog=_LIST_EPILOG)
@common_options
def list_(config: str | None, db: str | None, as_json: bool) -> None:
    """The runbooks in force, with the rules and tiers of alerts that they answer.

    A file of your own that is broken is named on standard error; the shipped one of its id stays in force.
    """
    from agent.runbooks.library import library

    found = library(settings_for(config, db))
    if as_json:
        print_json({"runbooks": [_listed(entry) for entry in found.entries], "problems": found.problems})
    else:
        click.echo(_table(found))
    for problem in found.problems:
        click.secho(str(problem), fg="red", err=True)


@click.command("show", epilog=_SHOW_EPILOG)
@common_options
@click.argument("ident", metavar="ID")
@click.option("--raw", is_flag=True, help="Print its text as it is.")
def show(config: str | None, db: str | None, as_json: bool, ident: str, raw: bool) -> None:
    """One runbook: what it is about, who may start it, and its steps with where they lead."""
    from agent.runbooks.library import library

    found = library(settings_for(config, db))
    entry = found.entry(ident)
    if entry is None:
        from agent.runbooks.problem import near

        ids = [each.id for each in found.all()]
        raise ConfigError(
            f"there is no runbook {ident!r}{near(ident, ids)}", hint="`burndeck runbook list` shows them."
        )
    if raw:
        click.echo(entry.runbook.text, nl=False)
    elif as_json:
        print_json(_document(entry))
    else:
        from console.commands.runbook_words import readable

        click.echo(readable(entry))


@click.command("check", epilog=_CHECK_EPILOG)
@common_options
@click.argument("names", metavar="[FILE|ID]...", nargs=-1)
def check(config: str | None, db: str | None, as_json: bool, names: tuple[str, ...]) -> None:
    """Lint runbooks: files, or those in force by id; without any all that are in force, and your own.

    Unknown kinds, reports, conditions, actions and parameters; changes without undo or approval; steps that
    nothing leads to; loops without an end. Exit code 1 with findings, 0 without.
    """
    from agent.runbooks.checking import check as checked

    found = checked(settings_for(config, db), names)
    if as_json:
        print_json({"findings": found})
    else:
        for problem in found:
            click.echo(str(problem))
        if not found:
            click.echo("nothing to say against these runbooks")
    click.get_current_context().exit(1 if found else 0)


@click.command("new", epilog=_NEW_EPILOG)
@common_options
@click.argument("ident", metavar="ID")
@click.option("--title", default="", help="By default the id in words.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, allow_dash=True), help="File to write; - prints it."
)
def new(
    config: str | None, db: str | None, as_json: bool, ident: str, title: str, output: str | None
) -> None:
    """Write a commented runbook to begin with; a file that is there is never overwritten.

    By default into the folder where your own runbooks are read from, else into this one.
    """
    from agent.runbooks.library import own_folder
    from agent.runbooks.skeleton import skeleton

    text = skeleton(ident, title)
    if output == "-":
        click.echo(text, nl=False)
        return
    folder = own_folder(settings_for(config, db)) if output is None else None
    path = Path(output) if output else (folder or Path()) / f"{ident}.md"
    _write(path, text)
    if as_json:
        print_json({"written": path})
    else:
        click.echo(f"Wrote {path}. Next: edit it, then burndeck runbook check {path}")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} is there already", hint="Choose another file with -o.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


def _table(found: Library) -> str:
    from console.commands.tables import table, terminal_width

    if not found.entries:
        return "no runbooks"
    rows = [
        (
            entry.runbook.id,
            len(entry.runbook.steps),
            origin(entry),
            ", ".join(entry.runbook.triggers) or "-",
            entry.runbook.summary or entry.runbook.title,
        )
        for entry in found.entries
    ]
    return table(
        ("id", "steps", "from", "answers", "what it is for"), rows, right=(1,), most=terminal_width()
    )


def origin(entry: Entry) -> str:
    """Whose it is, in a word or two."""
    if entry.shipped:
        return "shipped"
    return "yours, over shipped" if entry.overrides else "yours"


def _listed(entry: Entry) -> dict[str, Any]:
    runbook = entry.runbook
    return {
        "id": runbook.id,
        "title": runbook.title,
        "summary": runbook.summary,
        "triggers": runbook.triggers,
        "roles": runbook.roles,
        "steps": len(runbook.steps),
        "source": runbook.source,
        "shipped": entry.shipped,
        "overridden": entry.overrides,
    }


def _document(entry: Entry) -> dict[str, Any]:
    runbook = entry.runbook
    return {
        **_listed(entry),
        "sha256": runbook.sha256,
        "parameters": runbook.parameters,
        "intro": runbook.intro,
        "steps": runbook.steps,
    }
