"""The hours of recent weeks in memory, so that judging every minute reads only what has changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.analytics.detector import HOUR_S, Hours
from agent.analytics.spike import KEY, MODEL, TEAM, TOTAL
from agent.ledger.alert_store import AlertStore, BurnCell
from agent.ledger.kinds import Kind

HISTORY_H = 30 * 24
LEVEL_OF = {Kind.TOTAL: TOTAL, Kind.TEAM: TEAM, Kind.MODEL: MODEL, Kind.API_KEY: KEY}
"""Kinds of series that are judged."""

_CELL_HOURS = 96  # hours of cells kept to compare culprits with


@dataclass(frozen=True, slots=True)
class _Hour:
    rows: NDArray[np.int64]
    credits: NDArray[np.float64]
    requests: NDArray[np.float64]


class BurnMemory:
    """What an evaluation need not read again: hours that have not changed since the last one.

    The whole's row of an hour changes whenever any other row of it does (late data, a revision, an older
    stretch read for the first time), so comparing it tells which hours to read.
    """

    def __init__(self) -> None:
        self._marks: dict[int, tuple[int, ...]] = {}
        self._hours: dict[int, _Hour] = {}
        self._rows: dict[tuple[Kind, int], int] = {(Kind.TOTAL, 0): 0}
        self._panel: Hours | None = None
        self._cells: dict[int, tuple[tuple[int, ...] | None, list[BurnCell]]] = {}

    @property
    def series(self) -> list[tuple[Kind, int]]:
        """Kind and dim id of each row; row 0 is the whole."""
        return list(self._rows)

    @property
    def known_since(self) -> int | None:
        """The first hour of history of which anything is known."""
        return min(self._marks, default=None)

    def row(self, kind: Kind, ident: int) -> int:
        """The row of a series; one that was never seen before gets the next."""
        return self._rows.setdefault((kind, ident), len(self._rows))

    def hours(self, store: AlertStore, end: int) -> Hours:
        """The hours before `end` (a whole hour) as far as history goes."""
        start = end - HISTORY_H * HOUR_S
        marks = store.hour_marks(start, end)
        changed = [hour for hour, mark in marks.items() if self._marks.get(hour) != mark]
        gone = [hour for hour in self._hours if hour not in marks]
        for hour in gone:
            del self._hours[hour]
        self._read(store, changed)
        self._marks = marks
        fresh = self._panel is not None and self._panel.end == end and not changed and not gone
        if self._panel is None or not fresh or len(self._panel.credits) < len(self._rows):
            self._panel = self._assemble(start)
        return self._panel

    def cells(self, store: AlertStore, hour: int) -> list[BurnCell]:
        """Sums of one whole hour by context and service."""
        mark = self._marks.get(hour)
        known = self._cells.get(hour)
        if known is None or known[0] != mark:
            if len(self._cells) >= _CELL_HOURS:
                del self._cells[min(self._cells)]
            known = self._cells[hour] = (mark, store.cells(hour, hour + HOUR_S))
        return known[1]

    def _read(self, store: AlertStore, hours: list[int]) -> None:
        found: dict[int, list[tuple[int, int, int]]] = {hour: [] for hour in hours}
        for row in store.hours(hours, tuple(LEVEL_OF)):
            found[row.hour].append((self.row(Kind(row.kind), row.id), row.credits_nano, row.requests))
        for hour, rows in found.items():
            values = np.array(rows, dtype=np.int64).reshape(-1, 3)
            self._hours[hour] = _Hour(values[:, 0], values[:, 1] / 1e9, values[:, 2].astype(np.float64))

    def _assemble(self, start: int) -> Hours:
        shape = (len(self._rows), HISTORY_H)
        burnt, requests = np.full(shape, np.nan), np.full(shape, np.nan)
        for hour, known in self._hours.items():
            column = (hour - start) // HOUR_S
            burnt[:, column] = 0.0
            requests[:, column] = 0.0
            burnt[known.rows, column] = known.credits
            requests[known.rows, column] = known.requests
        # Before a series was first seen it did not burn nothing: it was not there.
        seen = np.nan_to_num(requests) > 0
        unseen = ~np.maximum.accumulate(seen, axis=1)
        burnt[unseen] = np.nan
        requests[unseen] = np.nan
        return Hours(start, burnt, requests)
