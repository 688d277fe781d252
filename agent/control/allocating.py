"""Top-ups and changed allocations put into force and taken back, in the transaction of whoever calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.control.planning.books import books_of
from agent.control.pool import UNTIL, change_of, plan_allocation
from agent.domain.allocations import TOP_UP
from agent.domain.intent import Refused

if TYPE_CHECKING:
    from agent.domain.action import Action
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


def apply_allocation(writer: LedgerWriter, settings: Settings, action: Action, now: int) -> None:
    """Puts what was approved into force; doing it twice is doing it once.

    Raises `Refused` where the pool has become too small, or the allocation is no more as it was approved.
    """
    assert action.id is not None
    if action.spec.drill:
        return
    with writer.transaction():
        if any(each.action == action.id for each in writer.actions.allocation_changes(now)):
            return
        (step,) = plan_allocation(books_of(writer), settings, action.spec, now).steps
        (approved,) = action.steps
        if step.want.get(UNTIL) != approved.want.get(UNTIL):
            raise Refused("the month has ended since it was asked for: a top-up holds for its month alone")
        moved = (step.want, step.before) != (approved.want, approved.before)
        if moved and TOP_UP not in step.want:
            raise Refused(f"{approved.target.id} has been changed since it was planned: ask for it anew")
        writer.actions.add_allocation_change(change_of(step, action.id, now))


def undo_allocation(writer: LedgerWriter, action: Action, now: int) -> None:
    """Takes back what an action has put into force; doing it twice is doing it once."""
    assert action.id is not None
    writer.actions.undo_allocation_change(action.id, now)
