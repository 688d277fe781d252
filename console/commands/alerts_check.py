"""`burndeck alerts check`: what is wrong with the rules before they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent.errors import LedgerError
from console.commands.common import common_options, print_json, reader_for, settings_for

if TYPE_CHECKING:
    from agent.alerts.lint import Case, Finding
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from agent.settings_channels import Channel

_EPILOG = """\b
Examples:
  burndeck alerts check
  burndeck alerts check --json | jq '.findings[] | select(.level == "error")'
"""
_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}


@click.command("check", epilog=_EPILOG)
@common_options
def check(config: str | None, db: str | None, as_json: bool) -> None:
    """Lint tiers, rules, routes, channels and allocations of burndeck.toml.

    A hard cap that blocks must have somebody who can override it, a block that undoes itself, an emergency
    buffer, and people who hear of it. What only the past can tell is asked of the ledger. Exit code 1 when
    there is an error, 0 with warnings and notes alone.
    """
    settings = settings_for(config, db)
    trouble = ""
    try:
        with reader_for(settings) as reader:
            found = _findings(settings, reader)
    except LedgerError as error:
        trouble = f"without the ledger, since {error.message}"
        found = _findings(settings, None)
    if as_json:
        print_json({"findings": [_document(finding) for finding in found], "note": trouble})
    else:
        _show(found, trouble)
    click.get_current_context().exit(1 if any(each.level.value == "error" for each in found) else 0)


def _findings(settings: Settings, reader: LedgerReader | None) -> tuple[Finding, ...]:
    from agent.alerts.lint import lint

    if reader is None:
        return lint(case_of(settings, None))
    with reader.snapshot():
        return lint(case_of(settings, reader))


def case_of(settings: Settings, reader: LedgerReader | None) -> Case:
    """What checks of the rules look at: the text of burndeck.toml, and the past where there is a ledger."""
    from agent.alerts.lint import Case, Past
    from agent.ledger.history_store import HistoryStore
    from agent.toml_file import read_text

    text = read_text(settings.file, "configuration") if settings.file else ""
    past = None
    if reader is not None:
        history = HistoryStore(reader.rows)
        past = Past(history, tuple(history.places()), int(settings.clock().now()))
    # A demo's secrets are with its agent alone, as `doctor` takes them to be.
    secret_of = _secret_of if settings.scaled_clock is None else _of_the_demo
    return Case(settings, text, past, secret_of)


def _secret_of(channel: Channel) -> str | None:
    from agent.secrets import where

    return where(channel.secret) if channel.secret is not None else None


def _of_the_demo(channel: Channel) -> str | None:
    return "the demo's agent"


def _document(finding: Finding) -> dict[str, object]:
    return {
        "level": finding.level,
        "file": finding.file,
        "line": finding.line,
        "key": finding.key,
        "allocations": finding.allocations,
        "problem": finding.problem,
        "fix": finding.fix,
    }


def _show(found: tuple[Finding, ...], trouble: str) -> None:
    for finding in found:
        level = click.style(f"{finding.level.value:<7}", fg=_COLOURS[finding.level.value])
        click.echo(f"{level}  {finding.place}: {finding.key}: {finding.problem}")
        click.echo(f"{'':9}-> {finding.fix}")
    counts = {name: sum(each.level.value == name for each in found) for name in _COLOURS}
    parts = [f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items() if count]
    click.echo(", ".join(parts) or "nothing to say against these rules")
    if trouble:
        click.echo(f"checked {trouble}", err=True)
