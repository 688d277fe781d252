"""What a run has put on and is still in force, with the end of each: it may come before the run's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.domain.action import ActionState
from agent.domain.words import duration

if TYPE_CHECKING:
    from agent.reports.action_report import ActionEntry
    from agent.runbooks.view import RunView

_HOLDS = (ActionState.ACCEPTED, ActionState.CONFIRMED, ActionState.REVERSING)


def in_force(view: RunView) -> tuple[ActionEntry, ...]:
    """The run's actions that hold now, the first to end first."""
    held = (each for each in view.actions if each.state in _HOLDS and not each.drill)
    return tuple(sorted(held, key=lambda each: (each.expires_at is None, each.expires_at or 0, each.id)))


def in_force_lines(view: RunView) -> Iterator[str]:
    """`action 1, throttle team:search to 60 rpm for 2 h, ends in 1 h 20 min`."""
    for each in in_force(view):
        yield f"action {each.id}, {each.title}, {_ends(each, view.now)}"


def in_force_words(view: RunView, now: float) -> str:
    """The same in a few words: `action 1 ends in 1 h 20 min`; empty where nothing is in force."""
    held = in_force(view)
    if not held:
        return ""
    more = f", {len(held) - 1} more" if len(held) > 1 else ""
    return f"action {held[0].id} {_ends(held[0], now)}{more}"


def _ends(entry: ActionEntry, now: float) -> str:
    if entry.state == ActionState.REVERSING:
        return "is being undone"
    if entry.expires_at is None:
        return "does not end by itself"
    return f"ends in {duration(max(0, entry.expires_at - int(now)))}"
