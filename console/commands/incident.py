"""`burndeck incident`: incidents as a whole, and what they want of people before they are over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.incident_export import export
from console.commands.intents import send, wait_option
from console.commands.numbers import Whole
from console.commands.times import Instant, Stretch

if TYPE_CHECKING:
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck incident list --since 30d
  burndeck incident show 3
  burndeck incident assess 3 --critical --note "checkout answers with errors"
  burndeck incident postmortem 3 --file postmortem.md
  burndeck incident export 3 -o postmortems/checkout
"""


@click.group("incident", epilog=_EPILOG)
def incident() -> None:
    """See an incident as a whole, say how critical it is, and sign its postmortem.

    `burndeck release --incident N` undoes what was done in one.
    """


@incident.command(
    "list",
    short_help="Incidents, who holds each, and what it costs.",
    epilog="Example: burndeck incident list --since 30d --json",
)
@common_options
@click.option("--since", type=Stretch(), default="7d", show_default=True, help="How far back closed ones go.")
def list_(config: str | None, db: str | None, as_json: bool, since: int) -> None:
    """Open and recent incidents, the newest first: who holds each, and what it has cost so far."""
    from agent.reports.incident_board import incident_board
    from console.commands.incident_text import listed

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        board = incident_board(reader, settings, settings.clock().now(), recent_s=since)
    if as_json:
        print_json({"incidents": board.incidents})
    else:
        click.echo(listed(board.incidents) if board.incidents else "no incidents")


@incident.command(
    "show",
    short_help="One incident as a whole.",
    epilog="Example: burndeck incident show 3 --at 2026-11-18T10:05",
)
@common_options
@click.argument("ident", metavar="INCIDENT", type=Whole(1))
@click.option("--at", type=Instant(), help="As it stood then (UTC); its cost is the newest.")
def show(config: str | None, db: str | None, as_json: bool, ident: int, at: float | None) -> None:
    """One INCIDENT as a whole: cost, alerts, actions, approvals, people, messages, and one timeline.

    Exit code 1 when there is no such incident.
    """
    from agent.errors import BurndeckError
    from agent.reports.incident_view import incident_view
    from agent.runbooks.suggested import runbook_commands
    from console.commands.incident_text import as_text

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        found = incident_view(reader, settings, ident, settings.clock().now(), at=at)
        if found is not None and found.live:
            commands = (*runbook_commands(reader, settings, found.alerts), *found.commands)
            found = replace(found, commands=commands)
    if found is None:
        then = "" if at is None else " then"
        raise BurndeckError(
            f"there is no incident {ident}{then}", hint="`burndeck incident list` lists them."
        )
    if as_json:
        print_json(found)
    else:
        click.echo(as_text(found))


@incident.command(
    "assess",
    short_help="Say whether production is affected.",
    epilog='Example: burndeck incident assess 3 --not-critical --note "batch only"',
)
@common_options
@click.argument("ident", metavar="INCIDENT", type=Whole(1))
@click.option("--critical/--not-critical", default=None, help="Whether production is affected.")
@click.option("--note", default="", help="What you saw.")
@wait_option
def assess(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: int,
    critical: bool | None,
    note: str,
    wait: float,
) -> None:
    """Say whether an INCIDENT affects production: engineering or a lead does.

    A top-up follows only where it does; requests for one end where it does not.
    """
    from agent.control import IntentKind

    if critical is None:
        raise click.UsageError("say --critical or --not-critical.")
    send(
        settings_for(config, db),
        IntentKind.ASSESS,
        f"incident:{ident}",
        {"critical": critical} | ({"note": note.strip()} if note.strip() else {}),
        done=f"incident {ident}: production is {'' if critical else 'not '}affected, said",
        wait_s=wait,
        as_json=as_json,
    )


@incident.command(
    "postmortem",
    short_help="Sign the postmortem of a broken glass.",
    epilog="Example: burndeck incident postmortem 3 --file postmortem.md",
)
@common_options
@click.argument("ident", metavar="INCIDENT", type=Whole(1))
@click.option("--file", "file", type=click.File(encoding="utf-8"), help="Its text; - for standard input.")
@click.option("--text", help="Its text, in a line.")
@wait_option
def postmortem(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: int,
    file: TextIO | None,
    text: str | None,
    wait: float,
) -> None:
    """Sign what was learnt of an INCIDENT in which the glass was broken.

    It stays open until somebody has: another person than whoever broke it, with a text that states
    its cause and what follows from it, as "Cause: ... Follow-up: ..." or under headings of these names.
    """
    from agent.control import IntentKind
    from agent.domain.postmortem import unsaid

    if (file is None) == (text is None):
        raise click.UsageError("give the text once: --file FILE or --text TEXT.")
    try:
        said = (file.read() if file else text or "").strip()
    except UnicodeDecodeError:
        raise click.UsageError("--file: it is no UTF-8 text.") from None
    if not said:
        raise click.UsageError("a postmortem says something.")
    if lacks := unsaid(said):
        raise click.UsageError(f"{lacks}.")
    settings = settings_for(config, db)
    _somebody_else(settings, ident)
    send(
        settings,
        IntentKind.POSTMORTEM,
        f"incident:{ident}",
        {"text": said},
        done=f"postmortem of incident {ident} signed",
        wait_s=wait,
        as_json=as_json,
    )


def _somebody_else(settings: Settings, ident: int) -> None:
    """Says before it is signed what the agent would say after it, and leaves it on record."""
    from agent.control import IntentKind, standing
    from agent.control.glass import breakers, not_signed_by
    from agent.control.refusing import on_record
    from agent.control.standing import NotAllowedError

    person = standing(settings).person
    if person is None:
        return
    with reader_for(settings) as reader:
        store = reader.action_store()
        broke = breakers(store.of_incident(ident), store.duties([ident]))
    if problem := not_signed_by(person.name, broke, settings.people, ident):
        with on_record(settings, IntentKind.POSTMORTEM, f"incident:{ident}", {}, settings.clock().now()):
            raise NotAllowedError(problem[0], hint=problem[1])


incident.add_command(export)
