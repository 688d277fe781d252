"""All that a panel remembers: fixed numbers of values a series, however long it runs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from agent.analytics.stream.verdict import Floats, Ints

VERSION = 1
VIEWS = 5
DAY_BINS = 48
WEEK_BINS = 168


@dataclass(slots=True)
class PanelState:
    """One column a series. Roots are signed square roots of values."""

    count: Floats  # points seen
    at: Ints  # epoch seconds of the newest point
    width: Floats  # usual seconds between points
    widths: Floats  # on how many gaps that rests
    last: Floats  # newest value
    fast: Floats  # moving mean of values and of roots (2 x series), a few points long
    slow: Floats  # the same, about a hundred points long
    level: Floats  # moving mean of roots over a day
    size: Floats  # moving mean of magnitudes of values and roots over a day (2 x series)
    excess: Floats  # moving mean of values above what is expected, a few points long
    offset: Floats  # moving mean of roots off the season, some thirty points long
    spread: Floats  # usual distance of a root from what is expected
    misses: Floats  # usual error of level, day profile and week profile (3 x series)
    judged: Floats  # on how many points the errors of the profiles rest (2 x series)
    record: Floats  # fading record of each view (views x series)
    reference: Floats  # what the record was some hours ago
    age: Floats  # points since a view first said anything
    habit: Floats  # how far findings of the last hours have raised the bar
    day: NDArray[np.float32]  # usual root by half hour of the day (bins x series)
    week: NDArray[np.float32]  # usual root by hour of the week
    day_sum: Floats  # roots since the present half hour began, and how many
    day_count: Floats
    week_sum: Floats
    week_count: Floats

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self.count)

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return sum(array.nbytes for _, array in self)

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.generic]]]:
        for field in fields(self):
            yield field.name, getattr(self, field.name)


_ROWS = {
    "fast": 2,
    "slow": 2,
    "size": 2,
    "misses": 3,
    "judged": 2,
    "record": VIEWS,
    "reference": VIEWS,
    "age": VIEWS,
}


def empty_state(series: int) -> PanelState:
    """The state of series of which nothing has come yet."""
    shapes = {name: (rows, series) for name, rows in _ROWS.items()}
    arrays = {
        field.name: np.zeros(shapes.get(field.name, (series,)))
        for field in fields(PanelState)
        if field.name not in ("at", "day", "week")
    }
    return PanelState(
        at=np.zeros(series, np.int64),
        day=np.full((DAY_BINS, series), np.nan, np.float32),
        week=np.full((WEEK_BINS, series), np.nan, np.float32),
        **arrays,
    )


def joined(first: PanelState, second: PanelState) -> PanelState:
    """The series of both, one after the other."""
    other = dict(second)
    return PanelState(**{name: np.concatenate([array, other[name]], axis=-1) for name, array in first})


def to_bytes(state: PanelState) -> bytes:
    """The state as one block, to be kept and read by `from_bytes`."""
    block = io.BytesIO()
    np.savez(block, version=np.array(VERSION), **dict(state))  # type: ignore[arg-type]
    return block.getvalue()


def from_bytes(block: bytes) -> PanelState | None:
    """The state kept in a block; None where an other version wrote it."""
    with np.load(io.BytesIO(block), allow_pickle=False) as kept:
        if int(kept["version"]) != VERSION:
            return None
        return PanelState(**{field.name: kept[field.name] for field in fields(PanelState)})
