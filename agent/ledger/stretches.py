"""Interval arithmetic for coverage: sorted, disjoint, merged stretches [start, end). Pure."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class Stretches:
    """An immutable set of seconds, kept as merged stretches."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        merged: list[tuple[int, int]] = []
        for start, end in sorted(pairs):
            if start >= end:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        self.pairs = tuple(merged)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stretches) and self.pairs == other.pairs

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def with_stretch(self, start: int, end: int) -> Stretches:
        """This set and [start, end) together."""
        return Stretches((*self.pairs, (start, end)))

    def covers(self, at: int) -> bool:
        """Whether one second is in the set."""
        place = bisect.bisect_right(self.pairs, at, key=lambda pair: pair[0]) - 1
        return place >= 0 and at < self.pairs[place][1]

    def covers_each(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of many seconds is in the set."""
        if not self.pairs:
            return np.zeros(len(at), np.bool_)
        bounds = np.array(self.pairs, np.int64)
        place = np.searchsorted(bounds[:, 0], at, side="right") - 1
        covered: NDArray[np.bool_] = (place >= 0) & (at < bounds[place, 1])
        return covered

    def gaps(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of [start, end) that are not in the set."""
        found, reached = [], start
        for left, right in self.pairs:
            if right <= reached:
                continue
            if left >= end:
                break
            if left > reached:
                found.append((reached, left))
            reached = right
        if reached < end:
            found.append((reached, end))
        return found
