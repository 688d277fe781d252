"""Many series judged at once, point by point, with a fixed memory each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from agent.analytics.stream.judge import judge
from agent.analytics.stream.ops import ARRAYS
from agent.analytics.stream.state import (
    State,
    from_blocks,
    joined,
    panel_state,
    size_in_bytes,
    taken,
    to_blocks,
)
from agent.analytics.stream.verdict import Flags, Floats, Ints, Verdicts


class StreamPanel:
    """Judges series as their points come; each has its own clock, which is its data."""

    def __init__(self, series: int = 0, *, state: State | None = None) -> None:
        self._state = panel_state(series) if state is None else state

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self._state.count)

    @property
    def nbytes(self) -> int:
        """Memory that the series take."""
        return size_in_bytes(self._state)

    def add(self, series: int) -> None:
        """Appends series of which nothing is known yet."""
        self._state = joined(self._state, panel_state(series))

    def keep(self, places: Ints) -> None:
        """Forgets all series but those at `places`, which then have this order."""
        self._state = taken(self._state, places)

    def to_blocks(self) -> Iterator[tuple[str, bytes]]:
        """All that the panel remembers, as named blocks."""
        return to_blocks(self._state)

    @classmethod
    def from_blocks(cls, blocks: Mapping[str, bytes]) -> StreamPanel | None:
        """The panel that `to_blocks` gave; None where another version did, or where something is gone."""
        state = from_blocks(blocks)
        return None if state is None else cls(state=state)

    def step(self, at: int | Ints, values: Floats, present: Flags | None = None) -> Verdicts:
        """Judges one point a series and learns it.

        `at` is epoch seconds, one for all or one a series. A series that is not `present`, or whose value is
        not a finite number, has score 0 and learns nothing.
        """
        finite = np.isfinite(values)
        came = finite if present is None else present & finite
        times = np.broadcast_to(np.asarray(at, np.float64), values.shape)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            judged = judge(ARRAYS, self._state, times, values, came)
        return Verdicts(*judged[:4], reason=judged.reason.astype(np.int8), rising=judged.rising)
