"""The end of a wait: it counts once what is known reaches past it, or when that is waited for in vain.

Where the agent was down over a deadline, the burn of that time is read a moment after the first look. Nobody
may be told that nothing happened in time while nobody has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.words import duration, instant
from agent.errors import ConfigError
from agent.reports.moment import MINUTE
from agent.runbooks.about import values_of
from agent.runbooks.asked.given import WHOLE, Part, part
from agent.runbooks.asked.sight import FRESH_S, sight
from agent.runbooks.filling import MissingParameter, fill_given

if TYPE_CHECKING:
    from agent.domain.runbook import Test
    from agent.runbooks.asking import Context


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline that is behind us. `unknown` says what of the time up to it is not known; empty: nothing."""

    due_at: int
    unknown: str
    grace_s: int  # so long the missing is waited for, from the deadline or the agent's start if that is later

    def counts(self, now: float, since: float) -> bool:
        """Whether the wait is over, in the eyes of an agent that runs since then."""
        return not self.unknown or now >= max(self.due_at, since) + self.grace_s

    @property
    def words(self) -> str:
        """What the step waits for still; empty where it waits for nothing."""
        if not self.unknown:
            return ""
        return (
            f"Its time was up at {instant(self.due_at)}; that counts once what is known reaches up to then, "
            f"or {duration(self.grace_s)} after it or after the agent's start: {self.unknown}."
        )


def deadline(context: Context, test: Test, due_at: int | None) -> Deadline | None:
    """The deadline of a wait on a condition, where it is behind us."""
    if due_at is None or context.now < due_at:
        return None
    views = [view for view in sight(context, _about(context, test)).views if view.read]
    end = due_at // MINUTE * MINUTE
    unknown = next(filter(None, (view.missing(end - MINUTE, end) for view in views)), "")
    return Deadline(due_at, unknown, FRESH_S + max((view.lag_s for view in views), default=0))


def _about(context: Context, test: Test) -> Part:
    """What the condition looks at; all there is where it does not say, or nobody knows it."""
    assert context.run is not None
    using = {name: text for name, text in test.using.items() if name == "scope"}
    try:
        return part(context, fill_given(using, values_of(context.run), {"scope": False}))
    except (ConfigError, MissingParameter):
        return WHOLE
