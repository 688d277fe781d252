"""What the commands of runs share: the run by its number, wishes sent and waited for, and where it stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from console.commands.common import F, common_options, print_json, reader_for
from console.commands.intents import agentless, intent_data, say_undone, settled, wait_option
from console.commands.numbers import Whole
from console.commands.runs_data import run_data
from console.commands.runs_text import next_commands, standing_lines

if TYPE_CHECKING:
    from agent.control import IntentReceipt, Outcome
    from agent.control.asking import Ask
    from agent.errors import BurndeckError
    from agent.runbooks.view import RunView, StepView
    from agent.settings import Settings

_NOT_NOW = {
    "act": "there is no action to take",
    "answer": "nothing is asked",
    "go": "there is no message to send",
    "sign": "nobody is asked to sign",
    "skip": "it cannot be skipped",
    "retry": "there is nothing to try again",
    "overrule": "there is nothing to overrule",
    "reopen": "it cannot be reopened",
    "undo": "there is nothing to undo",
    "set": "nothing can be set",
    "roll-back": "there is nothing to roll back",
}
"""Why something cannot be done about a step."""
_LOOK_S = 0.05
_LOOKED_AFTER_S = 1.5
"""What waits for traffic or people has been looked at by then: it is no use to wait for it here."""


def run_argument(function: F) -> F:
    """Adds the RUN that a command is about, as `ident`."""
    return click.argument("ident", metavar="RUN", type=Whole(1))(function)


def step_option(text: str) -> Callable[[F], F]:
    """Adds `--step N`."""
    return click.option("--step", "seq", type=Whole(1), help=text)


def moving(function: F) -> F:
    """Adds what every command that moves a run takes: RUN, the common options, and `--wait`."""
    return common_options(run_argument(wait_option(function)))


def run_error(message: str, hint: str = "") -> BurndeckError:
    """An error of a run, with what to do about it."""
    from agent.errors import BurndeckError

    return BurndeckError(message, hint=hint)


def the_run(settings: Settings, ident: int) -> RunView:
    """A run as it stands; `ConfigError` where there is none."""
    from agent.errors import ConfigError
    from agent.runbooks.view import run_view

    with reader_for(settings) as reader:
        found = run_view(reader, settings, ident, settings.clock().now())
    if found is None:
        raise ConfigError(f"there is no run {ident}", hint="`burndeck runbook runs --all` lists them.")
    return found


def the_step(view: RunView, can: str, seq: int | None = None) -> int:
    """The number of the step that something is done about; `BurndeckError` where nothing can be, and why."""
    run = view.run
    at = seq or run.at
    if not at:
        raise run_error(
            f"run {run.id} is {run.state.value}",
            f"`burndeck runbook reopen {run.id} --step N` goes back to a step of it.",
        )
    found = next((each for each in view.steps if each.declared.seq == at), None)
    if found is None:
        raise run_error(f"run {run.id} has no step {at}", f"It has {len(view.steps)}.")
    if can not in found.can:
        choices = "; ".join(f"`{command}`" for command, _ in next_commands(view))
        raise run_error(
            f"step {at} ({found.declared.title}) is {found.state.state.value}: {_NOT_NOW[can]} now",
            f"What can be done: {choices or 'wait'}.",
        )
    return at


def send_all(settings: Settings, asks: Sequence[Ask], wait_s: float) -> tuple[IntentReceipt, Outcome | None]:
    """Signs wishes one after the other until one is not carried out; returns the last that was sent."""
    from agent.control import IntentState

    assert asks
    for ask in asks:
        receipt, result = settled(settings, ask.kind, ask.subject, ask.payload, wait_s)
        if result is None or result.state is not IntentState.DONE:
            break
    return receipt, result


def carry_out(
    settings: Settings, ident: int, asks: Sequence[Ask], *, done: str, wait_s: float, as_json: bool
) -> None:
    """Sends what moves a run, waits until the agent has done its part, and says where the run stands.

    Exit code 0 when it was carried out and no step stands failed; else 1.
    """
    begun = time.monotonic()
    receipt, result = send_all(settings, asks, wait_s)
    finish(
        settings,
        ident,
        receipt,
        result,
        done=done,
        left_s=wait_s - (time.monotonic() - begun),
        as_json=as_json,
    )


def finish(
    settings: Settings,
    ident: int,
    receipt: IntentReceipt,
    result: Outcome | None,
    *,
    done: str,
    left_s: float,
    as_json: bool,
) -> None:
    """Says what became of a wish, and where the run stands once the agent has done its part."""
    from agent.control import IntentState

    carried_out = result is not None and result.state is IntentState.DONE
    view = settle(settings, ident, left_s) if carried_out else the_run(settings, ident)
    if as_json:
        print_json(intent_data(receipt, result) | {"run": run_data(view)})
    elif carried_out:
        click.echo(f"{done} by {receipt.person}\n")
        click.echo("\n".join(brief_lines(settings, view)))
    else:
        say_undone(receipt, result, agentless(settings))
    click.get_current_context().exit(0 if carried_out and not stands_failed(view) else 1)


def settle(settings: Settings, ident: int, left_s: float) -> RunView:
    """The run once it waits for somebody, or for traffic, or is over; as it is when the time is up."""
    begun = time.monotonic()
    while True:
        view = the_run(settings, ident)
        passed = time.monotonic() - begun
        if _rests(view, passed) or passed >= left_s:
            return view
        time.sleep(_LOOK_S)


def _rests(view: RunView, passed: float) -> bool:
    from agent.domain.run import StepState
    from agent.domain.runbook import StepKind

    current = view.current
    if current is None or current.state.state is not StepState.WORKING:
        return True
    if current.declared.kind in (StepKind.WAIT_FOR, StepKind.APPROVAL):
        return passed >= _LOOKED_AFTER_S
    waits_for = current.action.waits_for if current.action is not None else ()
    return bool(waits_for) and passed >= _LOOKED_AFTER_S


def stands_failed(view: RunView) -> bool:
    """Whether the step that the run is at has failed."""
    from agent.domain.run import StepState

    return view.current is not None and view.current.state.state is StepState.FAILED


def why_not(settings: Settings, view: RunView) -> str:
    """Why whoever is at this machine cannot move a run; empty where they can."""
    from agent.control.identity import CREATE_HINT
    from agent.control.standing import standing
    from agent.domain.intent import IntentKind
    from agent.domain.run import RunState
    from agent.errors import BurndeckError

    try:
        found = standing(settings)
    except BurndeckError as error:
        return error.message
    run, current = view.run, view.current
    if found.identity is None:
        return f"nobody is known here. {CREATE_HINT}"
    if found.person is None:
        return f"burndeck.toml does not know the identity of {found.identity.name}"
    if not found.may(IntentKind.RUN_STEP):
        return f"{found.person.name} only looks: it takes another role than {', '.join(found.person.roles)}"
    mine = {role.value for role in found.person.roles}
    named = current is not None and (mine & set(current.declared.performers) or "sign" in current.can)
    if run.state is RunState.OPEN and run.holder != found.person.name and not named:
        return f"{run.holder} holds it; `burndeck runbook take {run.id}` takes it over"
    return ""


def brief_lines(settings: Settings, view: RunView) -> list[str]:
    """Where a run stands after it was moved: what the agent has found since, and what is next."""
    shows = [*answered_last(view), *([view.run.at] if view.run.at else [])]
    return list(standing_lines(view, shows, why_not(settings, view)))


def answered_last(view: RunView) -> list[int]:
    """The steps with evidence that ended since a person last did something, oldest first."""

    def ended(each: StepView) -> tuple[int, int]:
        return each.state.ended_at or 0, each.declared.seq

    said = max((ended(each) for each in view.steps if each.state.actor not in ("", "agent")), default=(0, 0))
    return [
        each.declared.seq
        for each in view.steps
        if each.evidence and each.declared.seq != view.run.at and ended(each) > said
    ]
