"""What an automation engine says of a step that it was asked for, once its signature is proved."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class _Word:
    """What a receiver said of a step."""

    done: bool
    text: str


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
        before = _word(writer, action, step)
        after_all = said.ok and _was_denied(action, step, before)
        late = after_all and action.state is ActionState.FAILED
        if said.key == undone or not (late or _awaits(action)):
            return True
        if before is None or before.done is not said.ok:
            text = f"{said.gateway} says: {said.text}" if said.text else f"{said.gateway} says so"
            kind = DONE if said.ok else NOT_DONE
            writer.control.audit(now, said.gateway, kind, _subject(action, step), {"text": text})
        if after_all:
            action = _done_after_all(writer, action, step, now, tell)
        fold(writer, action, now, tell)
    return True


def fold(writer: LedgerWriter, action: Action, now: int, tell: Tell) -> Action:
    """What the words on its steps make of an accepted action: confirmed when every step of it was done.

    A step that was not done has failed, and its action with it when nothing else holds. One that was done by
    an earlier word may hold all the same: it stays in doubt, and is undone when its action ends.
    """
    if action.state not in (ActionState.ACCEPTED, ActionState.CONFIRMED):
        return action
    words = {step.seq: _word(writer, action, step) for step in action.steps}
    for step in action.steps:
        word = words[step.seq]
        if step.state is StepState.APPLIED and word is not None and not word.done:
            done = writer.control.newest(DONE, _subject(action, step))
            fails = _failed if done is None else _doubted
            action = fails(writer, action, step, word.text, now, tell)
    applied = [step for step in action.steps if step.state is StepState.APPLIED]
    texts = [word.text for step in applied if (word := words[step.seq]) is not None]
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


def _doubted(writer: LedgerWriter, action: Action, step: Step, text: str, now: int, tell: Tell) -> Action:
    """A receiver takes back that a step was done: what it says first and last, and what holds, may differ."""
    over = replace(step, state=StepState.APPLYING, detail=text, at=now)
    steps = tuple(over if each.seq == step.seq else each for each in action.steps)
    why = f"not done: {text}, after it had said that it was; undone with the action all the same"
    after = replace(action, steps=steps, state=ActionState.ACCEPTED, confirmed_at=None, effect="", why=why)
    record(writer, Occasion("doubted", after, why, recipients=("ops_on_call",)), now, tell)
    return writer.actions.save(after)


def _was_denied(action: Action, step: Step, before: _Word | None) -> bool:
    """Whether the newest word on a step was no, and what became of it came of that."""
    by_word = step.state is StepState.FAILED or (
        step.state is StepState.APPLYING and action.state in (ActionState.ACCEPTED, ActionState.CONFIRMED)
    )
    return by_word and before is not None and not before.done


def _done_after_all(writer: LedgerWriter, action: Action, step: Step, now: int, tell: Tell) -> Action:
    """A step that failed by its receiver's word, and by a newer one holds: it is undone with its action.

    Where that is over already, it is undone now.
    """
    over = replace(step, state=StepState.APPLIED, at=now)
    steps = tuple(over if each.seq == step.seq else each for each in action.steps)
    if action.state is not ActionState.FAILED:
        whole = all(each.state is StepState.APPLIED for each in steps)
        return writer.actions.save(replace(action, steps=steps, why="" if whole else action.why))
    why = f"{step.target} was done after all"
    after = replace(action, steps=steps, state=ActionState.REVERSING, ended_at=None, ended_by=AGENT, why=why)
    text = f"{why}, though its receiver had said no: it is undone"
    record(writer, Occasion("released", after, text, recipients=("ops_on_call",)), now, tell)
    return writer.actions.save(after)


def _awaits(action: Action) -> bool:
    return action.state in (ActionState.EXECUTING, ActionState.ACCEPTED, ActionState.CONFIRMED)


def _word(writer: LedgerWriter, action: Action, step: Step) -> _Word | None:
    """The newest word on a step; None where nothing was said."""
    subject = _subject(action, step)
    found = [each for kind in (DONE, NOT_DONE) if (each := writer.control.newest(kind, subject))]
    last = max(found, key=lambda each: each.seq, default=None)
    if last is None:
        return None
    return _Word(last.kind == DONE, str(json.loads(last.detail).get("text", "")))


def _subject(action: Action, step: Step) -> str:
    return f"action:{action.id}/step:{step.seq}"
