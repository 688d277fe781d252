"""When something is due: intervals ("90s", "15m", "6h") and cron expressions, on the agent's clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.duration import Duration
from agent.errors import ConfigError

if TYPE_CHECKING:
    from agent.clock import Clock

# Under a scaled clock (a demo) minutes pass in real milliseconds: polls are coalesced to four a real second.
_SHORTEST_REAL_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class Interval:
    """Due every `seconds`, on the grid of the epoch, so that a restart does not shift it."""

    seconds: int

    def next_after(self, at: float) -> float:
        """The first due time later than `at`."""
        return float((math.floor(at / self.seconds) + 1) * self.seconds)


@dataclass(frozen=True, slots=True)
class Cron:
    """Due when a cron expression (UTC) says so."""

    expression: str

    def next_after(self, at: float) -> float:
        """The first due time later than `at`."""
        from croniter import croniter

        return float(croniter(self.expression, at).get_next(float))


Schedule = Interval | Cron


def parse_schedule(text: str) -> Schedule:
    """An interval or a cron expression; raises `ConfigError` where it is neither."""
    try:
        seconds = Duration.parse(text)
    except ValueError:
        pass
    else:
        if seconds > 0:
            return Interval(seconds)
    from croniter import croniter

    if not croniter.is_valid(text):
        raise ConfigError(
            f"not a schedule: {text!r}",
            hint="Write a stretch of time ('90s', '15m', '6h') or a cron expression ('*/5 * * * *').",
        )
    return Cron(text)


def real_wait(clock: Clock, until: float) -> float:
    """Real seconds to wait until `until`, never so few that a fast clock makes a busy loop."""
    return max(clock.real_seconds(until - clock.now()), _SHORTEST_REAL_WAIT_S)
