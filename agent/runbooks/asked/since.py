"""From when on minutes tell what a step waits for: minutes before an action say nothing of what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionState
from agent.domain.runbook import StepKind
from agent.domain.words import duration, instant
from agent.reports.moment import DAY, MINUTE

if TYPE_CHECKING:
    from agent.runbooks.asking import Context

UNDONE = (ActionState.REVERSED, ActionState.EXPIRED)
"""Of an action that held, and was taken back."""


@dataclass(frozen=True, slots=True)
class Since:
    """An instant before which nothing counts, and what happened then."""

    at: int
    what: str  # released at | action 3 in force since | waiting since

    @property
    def first(self) -> int:
        """The start of the first whole minute after it."""
        return -(-self.at // MINUTE) * MINUTE

    def early(self, end: int, needed_s: int) -> str:
        """Why data up to `end` is too little to judge by; empty where it is enough."""
        if end - self.first >= needed_s:
            return ""
        cut = 0 if self.at // DAY != end // DAY else len("2026-11-18 ")
        known, then = instant(end)[cut:], instant(self.at)[cut:]
        return f"data to {known}, {self.what} {then}, and {duration(needed_s)} after that are needed"


def since_asked(context: Context) -> Since | None:
    """What a step counts from that waits: when it was reached, or the run's newest action if that is later.

    None where nothing waits: a check, or a question outside of runs.
    """
    run = context.run
    if run is None or run.current is None or not _waits(context):
        return None
    reached = Since(run.current.began_at or run.started_at, "waiting since")
    return later(reached, since_action(context))


def since_action(context: Context) -> Since | None:
    """The same by the run's newest action alone; None where it has made none that held."""
    found = None
    for action in made(context) if _waits(context) else ():
        if action.accepted_at is not None:
            found = later(Since(action.accepted_at, f"action {action.id} in force since"), found)
        if action.state in UNDONE and action.accepted_at is not None and action.ended_at is not None:
            how = "released at" if action.state is ActionState.REVERSED else f"action {action.id} ended at"
            found = later(Since(action.ended_at, how), found)
    return found


def later(one: Since, other: Since | None) -> Since:
    """The later one; of two at the same instant the second."""
    return one if other is None or one.at > other.at else other


def made(context: Context) -> list[Action]:
    """The actions that the run has made."""
    run = context.run
    if run is None or run.id is None:
        return []
    with context.reader.snapshot():
        store = context.reader.action_store()
        found = (store.action(ident) for ident in context.reader.run_store().actions(run.id))
        return [action for action in found if action is not None]


def _waits(context: Context) -> bool:
    declared = context.run.declared if context.run is not None else None
    return declared is not None and declared.kind is StepKind.WAIT_FOR
