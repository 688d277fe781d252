"""`burndeck runbook act|undo|roll-back`: what a run changes outside, and what is taken back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from agent.domain.run import StepState
from console.commands.acting import How, confirm, missing_approvals, planned
from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.intents import agentless, intent_data, reason_option, say_undone, wait_option
from console.commands.named_values import values_option
from console.commands.preview_text import preview_data, preview_lines
from console.commands.runs import (
    finish,
    moving,
    run_argument,
    run_error,
    send_all,
    step_option,
    the_run,
    the_step,
)
from console.commands.runs_data import run_data

if TYPE_CHECKING:
    from agent.control.asking import Ask
    from agent.domain.action import ActionSpec
    from agent.reports.action_report import ActionEntry
    from agent.runbooks.view import RunView, StepView
    from agent.settings import Settings

_LOOK_S = 0.05
_EPILOG = """\b
Examples:
  burndeck runbook act 3
  burndeck runbook act 3 --set limit="5 rps" --set for=1h --yes
  burndeck runbook act 3 --dry-run --json
"""


@click.command("act", epilog=_EPILOG)
@common_options
@run_argument
@values_option("What the step says otherwise, such as limit or for; may be given several times.")
@click.option("--reason", default="", help="Why; by default the name of runbook and step.")
@click.option("--yes", is_flag=True, help="Do not ask; send it.")
@click.option("--dry-run", is_flag=True, help="Say what it would do, and leave it at that.")
@wait_option
def act(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: int,
    values: dict[str, str],
    reason: str,
    yes: bool,
    dry_run: bool,
    wait: float,
) -> None:
    """Do the action of the step that a RUN is at, after a look at what it would hit.

    A step that releases undoes what the run has made. Exit code 0 when it was taken, also where it waits for
    approvals; 1 when it was refused or has failed.
    """
    settings = settings_for(config, db)
    view = the_run(settings, ident)
    current = view.current
    if current is not None and "release" in current.can:
        _release(settings, view, current, reason.strip(), wait, as_json=as_json, dry_run=dry_run)
        return
    at = the_step(view, "act")
    assert current is not None
    why = reason.strip() or f"{view.run.runbook.title}, step {at}: {current.declared.title}"
    run = view.run
    how = How(settings, as_json, why, run.incident, run.alert, yes, run.drill, dry_run, wait, False)
    made = planned(how, _spec(settings, view, current, values))
    if dry_run:
        if as_json:
            print_json({"run": ident, "step": at, "preview": preview_data(made)})
        else:
            click.echo("\n".join(preview_lines(made, how.now, missing_approvals(settings, made))))
        return
    if not yes:
        confirm(how, made)
    from agent.runbooks.asks import action_of

    _send(settings, ident, [action_of(run, at, made, why)], "asked for", wait, as_json=as_json)


@click.command("undo", epilog='Example: burndeck runbook undo 3 --step 5 --reason "it hits the wrong key"')
@moving
@step_option("The step whose action it is; by default the newest action in force.")
@click.option("--reason", default="", help="Why.")
def undo(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, seq: int | None, reason: str
) -> None:
    """Undo an action of a RUN; the run stays where it is."""
    settings = settings_for(config, db)
    view = the_run(settings, ident)
    held = [each for each in view.steps if each.action is not None and each.action.open]
    chosen = [each for each in held if seq in (None, each.declared.seq)]
    if not chosen:
        raise run_error(
            f"run {ident} has nothing in force" + (f" by step {seq}" if seq else ""), _where(held)
        )
    newest = max(chosen, key=lambda each: each.state.action or 0)
    assert newest.action is not None
    _take_back(settings, view, newest.declared.seq, [newest.action], reason.strip(), wait, as_json=as_json)


@click.command("roll-back", epilog='Example: burndeck runbook roll-back 3 --reason "a false alarm"')
@moving
@reason_option("Why; everybody sees it.")
def roll_back(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, reason: str
) -> None:
    """Undo every action of a RUN that is in force, the newest first; the run stays where it is."""
    settings = settings_for(config, db)
    view = the_run(settings, ident)
    held = [each for each in view.actions if each.open]
    if not held:
        raise run_error(f"run {ident} has nothing in force", f"`burndeck runbook resume {ident}` shows it.")
    _take_back(settings, view, view.run.at, held, reason, wait, as_json=as_json)


def _spec(settings: Settings, view: RunView, current: StepView, changed: dict[str, str]) -> ActionSpec:
    """The change that the step asks for, with names of keys and projects as the ledger knows them."""
    from agent.allocations import settings_now
    from agent.reports.find_scope import find_scope
    from agent.runbooks.specs import USING, spec_of

    if strange := next((name for name in changed if name not in USING), None):
        raise run_error(f"an action has no {strange}", f"It has {', '.join(USING)}.")
    with reader_for(settings) as reader:
        now = settings_now(settings, reader.action_store(), settings.clock().now())
        spec = spec_of(now, view.run, current.declared, changed)
        return replace(spec, scope=find_scope(reader, now, spec.scope))


def _release(
    settings: Settings,
    view: RunView,
    current: StepView,
    reason: str,
    wait: float,
    *,
    as_json: bool,
    dry_run: bool,
) -> None:
    """What a release step undoes: the action of the step that it names, else all that is in force."""
    from agent.runbooks.asks import step_of

    run, of = view.run, current.declared.of
    named = run.runbook.named(of) if of else None
    only = run.step(named.seq).action if named else None
    held = [each for each in view.actions if each.open and (named is None or each.id == only)]
    if dry_run:
        if as_json:
            print_json({"run": run.id, "step": run.at, "undoes": held})
        else:
            click.echo(
                "\n".join(f"undoes action {each.id}: {each.title}" for each in held) or "nothing to undo"
            )
        return
    if held:
        _take_back(settings, view, run.at, held, reason, wait, as_json=as_json)
    else:
        _send(settings, run.id or 0, [step_of(run, run.at, "go")], "done", wait, as_json=as_json)


def _take_back(
    settings: Settings,
    view: RunView,
    seq: int,
    actions: Sequence[ActionEntry],
    reason: str,
    wait: float,
    *,
    as_json: bool,
) -> None:
    from agent.control.asking import release_of
    from agent.domain.run import RunState
    from agent.runbooks.asks import releases_of

    run, idents = view.run, sorted((each.id for each in actions), reverse=True)
    if run.state is RunState.OPEN:
        asks = list(releases_of(run, seq, idents, reason))
    else:  # a run that is over takes nothing: what it has left in force is undone beside it
        asks = [release_of(f"action:{each}", reason) for each in idents]
    _send(settings, run.id or 0, asks, "undoing asked for", wait, as_json=as_json)


def _send(
    settings: Settings, ident: int, asks: Sequence[Ask], done: str, wait: float, *, as_json: bool
) -> None:
    """Sends what changes something outside, and waits until the gateways have taken it or people must."""
    from agent.control import IntentState

    begun = time.monotonic()
    receipt, result = send_all(settings, asks, wait)
    if result is None or result.state is not IntentState.DONE:
        if as_json:
            print_json(intent_data(receipt, result) | {"run": run_data(the_run(settings, ident))})
        else:
            say_undone(receipt, result, agentless(settings))
        click.get_current_context().exit(1)
    while time.monotonic() - begun < wait and _under_way(the_run(settings, ident)):
        time.sleep(_LOOK_S)
    left_s = wait - (time.monotonic() - begun)
    finish(settings, ident, receipt, result, done=done, left_s=left_s, as_json=as_json)


def _under_way(view: RunView) -> bool:
    """Whether gateways are still at it, or the run has not learnt yet that they are done."""
    moving_ = any(each.state in ("pending", "executing", "reversing") for each in view.actions)
    ended = (each for each in view.steps if each.action is not None and each.state.state is StepState.DONE)
    return moving_ or any(each.action and each.action.state in ("reversed", "expired") for each in ended)


def _where(held: Sequence[StepView]) -> str:
    if not held:
        return "`burndeck actions` lists all that is in force."
    return "In force by " + ", ".join(f"step {each.declared.seq}" for each in held) + "."
