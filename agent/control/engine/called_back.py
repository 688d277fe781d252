"""What an automation engine says of a step that it was asked for, once its signature is proved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.gateways.webhook.payload import idempotency_key
from agent.control.occasion import Occasion, Tell, record
from agent.domain.action import ActionState
from agent.domain.gateway import Callback

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter


def called_back(writer: LedgerWriter, said: Callback, now: int, tell: Tell) -> bool:
    """Confirms an action, or says why it was not done; whether there is such a step.

    What is said of the undoing, or twice, changes nothing.
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
        if said.key == undone or action.state is not ActionState.ACCEPTED:
            return True
        text = f"{said.gateway} says: {said.text}" if said.text else f"{said.gateway} says so"
        if said.ok:
            effect = action.effect or text
            after = replace(action, state=ActionState.CONFIRMED, confirmed_at=now, effect=effect)
            record(writer, Occasion("confirmed", after, f"confirmed: {text}"), now, tell)
        else:
            after = replace(action, why=f"not done: {text}")
            record(writer, Occasion("failed", after, after.why, recipients=("ops_on_call",)), now, tell)
        writer.actions.save(after)
    return True
