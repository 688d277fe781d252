"""Sums by group over columns of integers, exactly: the arithmetic under the rollups. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Columns = dict[str, Ints]
"""Columns by measure; a measure that is absent is zero in every row."""

# bincount adds in float64, which is exact while every partial sum stays below this.
_EXACT_FLOAT = 2**53


@dataclass(slots=True)
class Grouped:
    """Sums by (time, code); one row a group, in ascending order of both."""

    time: Ints
    code: Ints
    columns: Columns


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """The distinct values in ascending order, and each value's place among them. Values are small ids."""
    if not len(values):
        return values, values
    seen = np.flatnonzero(np.bincount(values))
    place = np.empty(int(seen[-1]) + 1, np.int64)
    place[seen] = np.arange(len(seen))
    return seen, place[values]


def group(time: Ints, width: int, code: Ints, codes: int, columns: Columns) -> Grouped:
    """Sum columns by `time` floored to `width` seconds and by code (0 <= code < codes)."""
    slot = time // width
    first = int(slot.min())
    key = (slot - first) * codes + code
    size = (int(slot.max()) - first + 1) * codes
    if size <= 4 * len(key) + 4096:
        present, place = np.flatnonzero(np.bincount(key, minlength=size)), key
    else:
        present, place = np.unique(key, return_inverse=True)
        size = len(present)
    # Columns are often one and the same array (every request is a completion): each is summed once.
    sums: dict[int, Ints] = {}
    for column in columns.values():
        if id(column) not in sums:
            summed = total(place, column, size)
            sums[id(column)] = summed[present] if place is key else summed
    parts = {name: sums[id(column)] for name, column in columns.items()}
    return Grouped((present // codes + first) * width, present % codes, parts)


def total(place: Ints, column: Ints, size: int) -> Ints:
    """Exact sums of a column by place."""
    peak = max(int(column.max()), -int(column.min()))
    if peak * len(column) < _EXACT_FLOAT:
        return np.bincount(place, weights=column, minlength=size).astype(np.int64)
    sums = np.zeros(size, np.int64)
    np.add.at(sums, place, column)
    return sums
