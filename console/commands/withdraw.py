"""`burndeck withdraw`: take back what you signed, while no agent has taken it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.intents import intent_data, settled, wait_option
from console.commands.numbers import Whole

if TYPE_CHECKING:
    from agent.control.queued import Queued
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck withdraw
  burndeck withdraw 5
"""


@click.command("withdraw", epilog=_EPILOG)
@common_options
@click.argument("intent", type=Whole(1), required=False)
@wait_option
def withdraw(config: str | None, db: str | None, as_json: bool, intent: int | None, wait: float) -> None:
    """Take back an INTENT that you signed and no agent has taken yet; without one, list those that wait.

    Nobody else can. An agent that comes to it finds both, and does nothing of it. Exit code 0 when that is
    certain, 1 when it was too late, and when no agent has answered yet.
    """
    settings = settings_for(config, db)
    if intent is None:
        _list(settings, as_json)
        return
    from agent.control import IntentKind, IntentState
    from agent.control.queued import waiting
    from agent.control.refusing import on_record
    from agent.control.standing import signer

    now = settings.clock().now()
    with on_record(settings, IntentKind.WITHDRAW, f"intent:{intent}", {}, now):
        _, person = signer(settings, IntentKind.WITHDRAW, None, None)
        with reader_for(settings) as reader:
            found = waiting(reader, settings, intent, person.name, now)
    ask = found.withdrawal
    receipt, result = settled(settings, ask.kind, ask.subject, ask.payload, wait)
    state = result.state if result else IntentState.NEW
    if as_json:
        print_json(intent_data(receipt, result) | {"withdraws": intent})
    elif state is IntentState.DONE:
        what = f"intent {intent} ({found.title})"
        click.echo(f"{what} withdrawn by {receipt.person}: nothing of it was done")
    elif state is IntentState.REFUSED:
        click.secho(f"refused: {result.reason if result else ''}", fg="red", err=True)
    else:
        click.echo(
            f"signed by {receipt.person}: an agent that comes to intent {intent} finds it withdrawn "
            f"(intent {receipt.id})",
            err=True,
        )
    click.get_current_context().exit(0 if state is IntentState.DONE else 1)


def _list(settings: Settings, as_json: bool) -> None:
    from agent.control.queued import queued
    from console.commands.tables import table, terminal_width

    with reader_for(settings) as reader:
        found = queued(reader, settings, settings.clock().now())
    if as_json:
        print_json({"queued": found})
    elif found:
        columns = ("intent", "what", "by", "signed", "lapses", "")
        click.echo(table(columns, [_row(each) for each in found], right=(0,), most=terminal_width()))
    else:
        click.echo("nothing waits for an agent")


def _row(each: Queued) -> tuple[str, ...]:
    from console.commands.tables import when

    said = "withdrawn" if each.withdrawn else ""
    return (str(each.id), each.title, each.person, when(each.made_at), when(each.expires_at), said)
