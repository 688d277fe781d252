"""What an automation engine says of a step that it was asked for, once its signature is proved."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.gateways.webhook.payload import idempotency_key
from agent.control.occasion import Occasion, Tell, record
from agent.domain.action import Action, ActionState, Step, StepState
from agent.domain.gateway import Callback
from agent.domain.person import AGENT
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter

DONE, NOT_DONE = "action.step_done", "action.step_not_done"
"""Kinds of the audit records that keep what was said of a step, also before its action is accepted."""
_SO_FAR = "so far)"


def called_back(writer: LedgerWriter, said: Callback, now: int, tell: Tell) -> bool:
    """Notes what is said of a step, and what follows of it for the action; whether there is such a step.

    What is said of the undoing, or twice, changes nothing. What is said before the action is accepted
    counts as soon as it is.
    """
    with writer.transaction():
        action = writer.actions.action(said.action)
        step = next((each for each in action.steps if each.seq == said.seq), None) if action else None
        if action is None or step is None or step.target.gateway != said.gateway:
            return False
        done, undone = (
            idempotency_key(step.target, fields, said.action, said.seq) for fields in (step.want, step.before)
        )
        if said.key not in (done, undone):
            return False
        if said.key == undone or not _awaits(action):
            return True
        kind, subject = DONE if said.ok else NOT_DONE, _subject(action, step)
        if not writer.actions.noted(kind, subject):
            text = f"{said.gateway} says: {said.text}" if said.text else f"{said.gateway} says so"
            writer.control.audit(now, said.gateway, kind, subject, {"text": text})
        fold(writer, action, now, tell)
    return True


def fold(writer: LedgerWriter, action: Action, now: int, tell: Tell) -> Action:
    """What the words on its steps make of an accepted action: confirmed when every step of it was done.

    A step that was not done has failed, and its action with it when nothing else holds.
    """
    if action.state not in (ActionState.ACCEPTED, ActionState.CONFIRMED):
        return action
    for step in action.steps:
        if step.state is StepState.APPLIED and (text := _said(writer, NOT_DONE, action, step)):
            action = _failed(writer, action, step, text, now, tell)
    applied = [step for step in action.steps if step.state is StepState.APPLIED]
    texts = [text for step in applied if (text := _said(writer, DONE, action, step))]
    if action.state is not ActionState.ACCEPTED or not texts:
        return action
    seen = not action.effect or action.effect.endswith(_SO_FAR)  # all that is told of it is by such words
    if len(texts) < len(action.steps):
        effect = f"{texts[-1]} ({len(texts)} of {plural(len(action.steps), 'target')} {_SO_FAR}"
        return writer.actions.save(replace(action, effect=effect)) if seen else action
    effect = texts[-1] if seen else action.effect
    after = replace(action, state=ActionState.CONFIRMED, confirmed_at=now, effect=effect)
    record(writer, Occasion("confirmed", after, f"confirmed: {texts[-1]}"), now, tell)
    return writer.actions.save(after)


def _failed(writer: LedgerWriter, action: Action, step: Step, text: str, now: int, tell: Tell) -> Action:
    over = replace(step, state=StepState.FAILED, detail=text, at=now)
    steps = tuple(over if each.seq == step.seq else each for each in action.steps)
    after = replace(
        action, steps=steps, state=ActionState.ACCEPTED, confirmed_at=None, why=f"not done: {text}"
    )
    if not any(each.holds for each in steps):
        after = replace(after, state=ActionState.FAILED, ended_at=now, ended_by=AGENT)
    record(writer, Occasion("failed", after, after.why, recipients=("ops_on_call",)), now, tell)
    return writer.actions.save(after)


def _awaits(action: Action) -> bool:
    return action.state in (ActionState.EXECUTING, ActionState.ACCEPTED, ActionState.CONFIRMED)


def _said(writer: LedgerWriter, kind: str, action: Action, step: Step) -> str:
    """What was said of a step; empty where nothing was."""
    found = writer.control.newest(kind, _subject(action, step))
    return str(json.loads(found.detail).get("text", "")) if found else ""


def _subject(action: Action, step: Step) -> str:
    return f"action:{action.id}/step:{step.seq}"
