"""What commands that change something share: a signed intent, and waiting for what the agent makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from console.commands.common import F, print_json, reader_for
from console.commands.times import Seconds

if TYPE_CHECKING:
    from agent.control import IntentKind, IntentReceipt, Outcome
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_LOOK_S = 0.05
_PULSE_S = 1.0  # an agent that is gone takes nothing any more
_NOT_TAKEN = "no agent has taken it yet"

wait_option = click.option(
    "--wait", type=Seconds(), default=5.0, show_default=True, help="Seconds to wait for the agent."
)
"""Adds `--wait`."""


class Done(NamedTuple):
    """What an intent has led to, once the agent has carried it out."""

    text: str
    data: Mapping[str, Any]  # beside what `--json` prints of every intent


def reason_option(text: str) -> Callable[[F], F]:
    """Adds a `--reason` that cannot stay empty."""
    return click.option("--reason", required=True, callback=_said, help=text)


def _said(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("everybody sees it, so it cannot stay empty", ctx, param)
    return value.strip()


def send(
    settings: Settings,
    kind: IntentKind,
    subject: str,
    payload: Mapping[str, Any],
    *,
    done: str,
    wait_s: float,
    as_json: bool,
    look: Callable[[LedgerReader, str], Done | None] = lambda reader, person: None,
) -> None:
    """Signs an intent, waits up to `wait_s` for the agent, and says what became of it.

    When it is done, `look` may find in the ledger what it led to, given the name of the person. Exit code 0
    when it is done, 1 when it was refused or when no agent has taken it yet.
    """
    from agent.control import IntentState

    receipt, result = settled(settings, kind, subject, payload, wait_s)
    state = result.state if result else IntentState.NEW
    found = None
    if state is IntentState.DONE:
        with reader_for(settings) as reader:
            found = look(reader, receipt.person)
    if as_json:
        data = dict(found.data) if found else {}
        print_json(intent_data(receipt, result) | data)
    elif state is IntentState.DONE:
        click.echo(found.text if found else f"{done} by {receipt.person}")
    else:
        say_undone(receipt, result, agentless(settings))
    click.get_current_context().exit(0 if state is IntentState.DONE else 1)


def settled(
    settings: Settings, kind: IntentKind, subject: str, payload: Mapping[str, Any], wait_s: float
) -> tuple[IntentReceipt, Outcome | None]:
    """Signs an intent and waits up to `wait_s` for what the agent makes of it."""
    from agent.control import submit

    receipt = submit(settings, kind, subject, payload, settings.clock().now())
    return receipt, answered(settings, receipt.id, wait_s)


def agentless(settings: Settings) -> str:
    """That no agent runs, and what to do; empty where one may."""
    from agent.reports.status_line import no_agent

    with reader_for(settings) as reader:
        return no_agent(reader, settings, int(settings.clock().now()))


def say_undone(receipt: IntentReceipt, result: Outcome | None, missing: str = "") -> None:
    """Says that an intent was refused, and why, or that nobody has taken it yet, and why."""
    if result and result.reason:
        click.secho(f"refused: {result.reason}", fg="red", err=True)
        return
    why = f"{_NOT_TAKEN}, and {missing}" if missing else _NOT_TAKEN
    click.echo(
        f"signed by {receipt.person} and waiting (intent {receipt.id}): {why}.\n  {_waits(receipt)}", err=True
    )


def intent_data(receipt: IntentReceipt, result: Outcome | None) -> dict[str, Any]:
    """What `--json` prints of every intent; of one that still waits also until when, and what to do."""
    from agent.control import IntentState

    state = result.state if result else IntentState.NEW
    known = {
        "intent": receipt.id,
        "state": state.value,
        "reason": result.reason if result else "",
        "person": receipt.person,
    }
    if state is not IntentState.NEW:
        return known
    return known | {"reason": _NOT_TAKEN, "lapses_at": receipt.expires_at, "hint": _waits(receipt)}


def _waits(receipt: IntentReceipt) -> str:
    from console.commands.tables import when

    return (
        f"It is carried out as soon as an agent runs (`burndeck agent status`), and lapses at "
        f"{when(receipt.expires_at)}. Until then `burndeck withdraw {receipt.id}` takes it back."
    )


def answered(settings: Settings, ident: int, wait_s: float) -> Outcome | None:
    """What the agent has made of an intent, as soon as it has, or after `wait_s` what it is then."""
    from agent.control import IntentState, outcome
    from agent.reports.status_line import agent_gone

    deadline, pulse = time.monotonic() + wait_s, 0.0
    with reader_for(settings) as reader:
        while True:
            result = outcome(reader, ident)
            now = time.monotonic()
            if (result and result.state is not IntentState.NEW) or now >= deadline:
                return result
            if now >= pulse:
                if agent_gone(reader):
                    return result  # nobody is there to wait for
                pulse = now + _PULSE_S
            time.sleep(_LOOK_S)
