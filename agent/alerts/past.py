"""A series in the same hours of earlier days and weeks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from agent.alerts.memory import BurnMemory
from agent.alerts.scene import Scene
from agent.analytics.cause import MODEL_DAYS
from agent.analytics.detector import HOUR_S
from agent.ledger.alert_store import AlertStore
from agent.ledger.burn_store import BurnCell, Series

_DAY_S = 86_400
_WEEKS = tuple(week * 7 * _DAY_S for week in (1, 2, 3, 4))
_DAYS = tuple(day * _DAY_S for day in range(1, MODEL_DAYS + 1))


@dataclass(frozen=True, slots=True)
class PastHours:
    """What a series did in the hours of a window, a week, two, three and four before, and in the last days.

    Only hours of which something is known: an empty list is an hour without burn.
    """

    weeks: list[list[list[BurnCell]]]  # by week, by hour
    days: list[list[list[BurnCell]]]

    @property
    def hours(self) -> list[list[BurnCell]]:
        """All of them."""
        return list(chain.from_iterable(self.weeks + self.days))


def past_hours(
    store: AlertStore, memory: BurnMemory, scene: Scene, series: Series, seconds: int
) -> PastHours:
    """The hours around the last `seconds` of a scene, in earlier weeks and days."""
    first, last = (scene.at - seconds) // HOUR_S * HOUR_S, -(-scene.at // HOUR_S) * HOUR_S
    contexts = memory.contexts_of(series, scene.contexts)

    def earlier(back: int) -> Iterator[list[BurnCell]]:
        for hour in range(first - back, last - back, HOUR_S):
            if memory.mark(hour) is not None:
                yield memory.cells(store.burn, hour, series, contexts)

    return PastHours(
        weeks=[hours for back in _WEEKS if (hours := list(earlier(back)))],
        days=[hours for back in _DAYS if (hours := list(earlier(back)))],
    )
