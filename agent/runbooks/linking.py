"""Actions asked for from a step of a run: the ordinary intents, and the run learns what was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.control.bounds import known_person
from agent.control.requests import REQUESTS
from agent.domain.action_words import spec_title
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.run import Run, RunState, StepState
from agent.domain.runbook import StepKind
from agent.ledger.control_store import IntentHandler
from agent.runbooks import progress, records
from agent.runbooks.progress import Moved
from agent.runbooks.reach import known_run, may_do, number
from agent.runbooks.required import must_hold
from agent.runbooks.specs import KINDS, RELEASE

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

LINK = "run"
"""Where the payload of an intent names the step that it belongs to: `{"run": 3, "step": 4, "attempt": 1}`."""


def link_of(run: Run, seq: int) -> dict[str, Any]:
    """What the payload of an intent has under `LINK`."""
    return {"run": run.id, "step": seq, "attempt": run.step(seq).attempt}


def linked(
    settings: Settings, handlers: Mapping[IntentKind, IntentHandler]
) -> Mapping[IntentKind, IntentHandler]:
    """The handlers of actions, which also tell a run what was made for it, where the intent names one."""
    kinds = [*REQUESTS, IntentKind.RELEASE]
    return {**handlers, **{kind: _linked(settings, handlers[kind]) for kind in kinds if kind in handlers}}


def _linked(settings: Settings, handler: IntentHandler) -> IntentHandler:
    def apply(writer: LedgerWriter, intent: Intent, now: int) -> None:
        if intent.payload.get(LINK) is None:
            handler.apply(writer, intent, now)
            return
        run, seq = _step_of(writer, settings, intent)
        if intent.kind is IntentKind.RELEASE:
            _check_release(writer, run, intent)
            if _is_release(run, seq) and run.at == seq and run.step(seq).state is StepState.READY:
                must_hold(writer, settings, run, seq, now)
            handler.apply(writer, intent, now)
            moved = _released(run, seq, intent, now)
        else:
            _check_request(writer, run, seq, intent)
            must_hold(writer, settings, run, seq, now)
            handler.apply(writer, intent, now)
            moved = _made(writer, run, seq, intent, now)
        records.save(writer.runs, run, moved)

    return replace(handler, apply=apply)


def _step_of(writer: LedgerWriter, settings: Settings, intent: Intent) -> tuple[Run, int]:
    link = intent.payload[LINK]
    if not isinstance(link, dict) or link.keys() != {"run", "step", "attempt"}:
        raise Refused(f"{LINK}: must name run, step and attempt")
    undo = intent.kind is IntentKind.RELEASE  # which no forged row may hinder
    run = known_run(writer, f"run:{number(link, 'run')}", foreign=undo)
    seq, attempt = number(link, "step"), number(link, "attempt")
    step = next((each for each in run.steps if each.seq == seq), None)
    if run.state is not RunState.OPEN and intent.kind is not IntentKind.RELEASE:
        raise Refused(f"run {run.id} is {run.state.value}")
    if step is None or step.attempt != attempt:
        raise Refused(f"step {seq} of run {run.id} has moved since it was shown: look again")
    if intent.kind is not IntentKind.RELEASE:  # who may undo an action is the action's question
        may_do(run, run.runbook.step(seq), known_person(settings, intent.person))
    return run, seq


def _check_request(writer: LedgerWriter, run: Run, seq: int, intent: Intent) -> None:
    assert run.id is not None
    declared, step = run.runbook.step(seq), run.step(seq)
    wanted = KINDS.get(declared.action)
    if declared.kind is not StepKind.ACTION or wanted is not REQUESTS[intent.kind]:
        raise Refused(f"step {seq} of run {run.id} asks for no {intent.kind.value.replace('_', ' ')}")
    if run.at != seq or step.state is not StepState.READY:
        raise Refused(f"step {seq} of run {run.id} is {step.state.value}: it takes nothing now")
    made = set(writer.runs.actions(run.id, seq))
    for action in writer.actions.open_actions():
        if action.id in made:
            raise Refused(f"action {action.id} of this step is {action.state.value} still: undo it first")
    spec = intent.payload.get("spec")
    if isinstance(spec, dict) and spec.get("drill") is not run.drill:
        raise Refused("a drill changes nothing, and what is no drill is not played: the two do not mix")


def _check_release(writer: LedgerWriter, run: Run, intent: Intent) -> None:
    assert run.id is not None
    if intent.subject not in {f"action:{each}" for each in writer.runs.actions(run.id)}:
        raise Refused(f"{intent.subject} was not made by run {run.id}")


def _made(writer: LedgerWriter, run: Run, seq: int, intent: Intent, now: int) -> Moved:
    ident = writer.runs.newest_action()
    action = None if ident is None else writer.actions.action(ident)
    assert action is not None and action.id is not None and run.id is not None
    writer.runs.link(run.id, seq, run.step(seq).attempt, action.id)
    text = f"{spec_title(action.spec)}: action {action.id}"
    return progress.asked(run, seq, now, intent.person, text, action=action.id)


def _released(run: Run, seq: int, intent: Intent, now: int) -> Moved:
    step = run.step(seq)
    text = f"release of {intent.subject.replace(':', ' ')} asked for"
    if (
        _is_release(run, seq)
        and run.at == seq
        and (step.state is StepState.READY or step.answer == progress.ASKED)
    ):
        return progress.asked(run, seq, now, intent.person, text)
    return Moved(run).telling(now, "asked", intent.person, text, seq)


def _is_release(run: Run, seq: int) -> bool:
    declared = run.runbook.step(seq)
    return declared.kind is StepKind.ACTION and declared.action == RELEASE
