"""The last hour by minute in memory, for every context and service; what has not changed stays unread."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from agent.ledger.burn_store import MINUTE_COLUMNS, BurnStore

MINUTE_S = 60
RING = 60
"""Minutes that are kept."""

REQUESTS, TOKENS_INPUT, TOKENS_CACHED, CREDITS = range(4)
"""Measures of a minute, in the order of the columns of the ledger; credits, not nano-credits."""

_SCALE = np.array([1.0, 1.0, 1.0, 1e-9])
_FIRST_MEASURE = MINUTE_COLUMNS.index("requests")
_GROW = 1_024

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Minutes:
    """A ring of minutes: pairs of context and service down, minutes across, four measures."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], int] = {}
        self._data = np.zeros((len(_SCALE), _GROW, RING), dtype=np.float32)
        self._marks: dict[int, tuple[int, ...]] = {}  # of the minutes that the ring holds
        self._wide: tuple[int, tuple[int, ...] | None, Floats] | None = None

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Context and service of each row."""
        return list(self._rows)

    def sync(self, store: BurnStore, end: int) -> list[int]:
        """Brings the ring to the hour before `end` (a whole minute); the minutes read, oldest first."""
        start = end - RING * MINUTE_S
        marks = store.minute_marks(start, end)
        for minute in self._marks.keys() - marks.keys():
            self._data[:, :, _slot(minute)] = 0.0
        changed = sorted(minute for minute, mark in marks.items() if self._marks.get(minute) != mark)
        for minute in changed:
            rows, measures = self._place(store.minute(minute))
            self._data[:, :, _slot(minute)] = 0.0
            for measure, values in enumerate(measures):
                np.add.at(self._data[measure, :, _slot(minute)], rows, values)
        self._marks = marks
        return changed

    def know(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Gives rows to pairs that have none yet."""
        for pair in pairs:
            self._rows.setdefault(pair, len(self._rows))
        self._make_room()

    def window(self, end: int, minutes: int) -> NDArray[np.float32]:
        """Measures x pairs x the last `minutes` before `end`, oldest first."""
        columns = [_slot(end - back * MINUTE_S) for back in range(minutes, 0, -1)]
        return self._data[:, : len(self._rows), columns]

    def known(self, end: int) -> NDArray[np.bool_]:
        """Which of the minutes before `end` are known, oldest first."""
        return np.array([end - back * MINUTE_S in self._marks for back in range(RING, 0, -1)])

    def wide(self, store: BurnStore, hour: int, mark: tuple[int, ...] | None) -> Floats:
        """Measures x pairs of what is known of an hour by the whole hour only; `mark` changes with it."""
        if self._wide is None or self._wide[:2] != (hour, mark):
            rows, measures = self._place(store.wide(hour))
            found = np.zeros((len(_SCALE), len(self._rows)))
            for measure, values in enumerate(measures):
                np.add.at(found[measure], rows, values)
            self._wide = hour, mark, found
        found = self._wide[2]
        missing = len(self._rows) - found.shape[1]
        return np.pad(found, ((0, 0), (0, missing))) if missing else found

    def _place(self, table: Ints) -> tuple[Ints, Floats]:
        """The row of each line of a table, and its measures."""
        known = self._rows
        pairs = zip(*table[:, :_FIRST_MEASURE].T.tolist(), strict=True) if len(table) else ()
        rows = np.array([known.setdefault(pair, len(known)) for pair in pairs], dtype=np.int64)
        self._make_room()
        return rows, table[:, _FIRST_MEASURE:].T * _SCALE[:, None]

    def _make_room(self) -> None:
        missing = len(self._rows) - self._data.shape[1]
        if missing > 0:
            self._data = np.pad(self._data, ((0, 0), (0, -(-missing // _GROW) * _GROW), (0, 0)))


def _slot(minute: int) -> int:
    return minute // MINUTE_S % RING
