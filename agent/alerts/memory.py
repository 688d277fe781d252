"""What an evaluation need not read again: the last hour by minute, and the hours of series that matter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.alerts.minutes import Minutes
from agent.alerts.stream import BurnStream
from agent.analytics.detector import HOUR_S, Hours
from agent.analytics.spike import KEY, MODEL, TEAM, TOTAL
from agent.ledger.alert_store import Whose
from agent.ledger.burn_store import BurnCell, BurnStore, Series
from agent.ledger.kinds import Kind

HISTORY_H = 30 * 24
LEVEL_OF = {Kind.TOTAL: TOTAL, Kind.TEAM: TEAM, Kind.MODEL: MODEL, Kind.API_KEY: KEY}
"""Kinds of series that are judged."""

WHOLE: Series = (Kind.TOTAL, 0)

_MOST_SERIES = 2_048  # whose hours are kept: far more than can matter at once
_MOST_CELLS = 4_096  # hours of a series kept to compare culprits with
_NANO = 1e9


class BurnMemory:
    """Hours are read for series that burn enough to matter, and again only when they change.

    The whole's row of an hour changes whenever any other row of it does (late data, a revision, an older
    stretch read for the first time), so comparing it tells which hours to read.
    """

    def __init__(self) -> None:
        self.minutes = Minutes()
        self.stream = BurnStream()
        self._marks: dict[int, tuple[int, ...]] = {}
        self._rows: dict[Series, int] = {}
        self._data: NDArray[np.float64] = np.zeros((2, 0, HISTORY_H))  # credits and requests, a ring of hours
        self._cells: dict[tuple[int, Series], tuple[tuple[int, ...] | None, list[BurnCell]]] = {}
        self._contexts: dict[Series, list[int]] = {}
        self._contexts_known = 0
        self._burnt: dict[tuple[int, int], tuple[int, bool]] = {}
        self._largest: dict[tuple[object, ...], list[Series]] = {}

    @property
    def known_since(self) -> int | None:
        """The first hour of history of which anything is known."""
        return min(self._marks, default=None)

    def mark(self, hour: int) -> tuple[int, ...] | None:
        """What changes with an hour of history; None where nothing is known of it."""
        return self._marks.get(hour)

    def keep(self, store: BurnStore) -> None:
        """Keeps in the ledger what an agent that starts anew should not have to learn again."""
        self.stream.keep(store, self.minutes)

    def sync(self, store: BurnStore, end: int) -> None:
        """Takes in what changed in the hours before `end` (a whole hour)."""
        marks = store.hour_marks(end - HISTORY_H * HOUR_S, end)
        changed = [hour for hour, mark in marks.items() if self._marks.get(hour) != mark]
        self._marks = marks
        if len(self._rows) > _MOST_SERIES:
            self._rows.clear()
        self._read(store, list(self._rows), changed)

    def hours(self, store: BurnStore, series: Sequence[Series], end: int) -> Hours:
        """The hours before `end` of some series, as far as history goes; `sync` comes first."""
        new = [each for each in series if each not in self._rows]
        for each in new:
            self._rows[each] = len(self._rows)
        if len(self._rows) > self._data.shape[1]:
            more = len(self._rows) - self._data.shape[1]
            self._data = np.pad(self._data, ((0, 0), (0, more), (0, 0)))
        self._read(store, new, self._marks.keys())
        return self._panel([self._rows[each] for each in series], end - HISTORY_H * HOUR_S)

    def largest(
        self, store: BurnStore, kinds: Sequence[Kind], start: int, end: int, least: float
    ) -> list[Series]:
        """Series of some kinds that burnt at least `least` credits in the whole hours of `[start, end)`."""
        hours = range(start, end, HOUR_S)
        least = float(f"{least:.2g}")  # as usual burn drifts, the same question is asked for a while
        question = (tuple(kinds), end, least, *(self._marks.get(hour) for hour in hours))
        if question not in self._largest:
            if len(self._largest) > 8:
                self._largest.clear()
            self._largest[question] = store.largest(kinds, hours, int(least * _NANO))
        return self._largest[question]

    def contexts_of(self, series: Series, contexts: Mapping[int, Whose]) -> list[int]:
        """Every context that can have traffic of a series."""
        for ident in [each for each in contexts if each > self._contexts_known]:
            whose = contexts[ident]
            self._contexts.setdefault((Kind.API_KEY, whose.api_key_id), []).append(ident)
            self._contexts.setdefault((Kind.TEAM, whose.team_id), []).append(ident)
        self._contexts_known = max(contexts, default=0)
        if series[0] in (Kind.API_KEY, Kind.TEAM):
            return self._contexts.get(series, [])
        return list(contexts)

    def cells(self, store: BurnStore, hour: int, series: Series, contexts: Collection[int]) -> list[BurnCell]:
        """Sums of one whole hour by context and service; `contexts` are those of the series."""
        mark = self._marks.get(hour)
        known = self._cells.get((hour, series))
        if known is None or known[0] != mark:
            if len(self._cells) >= _MOST_CELLS:
                self._cells.clear()
            known = self._cells[hour, series] = (mark, store.cells(hour, hour + HOUR_S, contexts))
        return known[1]

    def burnt_before(self, store: BurnStore, pair: tuple[int, int], end: int) -> bool:
        """Whether a context ever called a service in the known history before `end`."""
        since = self.known_since
        if since is None:
            return False
        known = self._burnt.get(pair)
        if known is None or known[0] != since:
            known = self._burnt[pair] = (since, store.burnt(*pair, since, end))
        return known[1]

    def _read(self, store: BurnStore, series: Sequence[Series], hours: Collection[int]) -> None:
        rows = np.array([self._rows[each] for each in series], dtype=np.int64)
        if not len(rows) or not hours:
            return
        self._data[:, rows[:, None], [_slot(hour) for hour in hours]] = 0.0
        for place, hour, credits_nano, requests in store.hours(series, hours):
            self._data[:, rows[place], _slot(hour)] = credits_nano / _NANO, requests

    def _panel(self, rows: Sequence[int], start: int) -> Hours:
        hours = [start + column * HOUR_S for column in range(HISTORY_H)]
        data = self._data[:, rows][:, :, [_slot(hour) for hour in hours]]
        data[:, :, [hour not in self._marks for hour in hours]] = np.nan
        # Before a series was first seen it did not burn nothing: it was not there.
        seen = np.nan_to_num(data[1]) > 0
        data[:, ~np.maximum.accumulate(seen, axis=1)] = np.nan
        return Hours(start, data[0], data[1])


def _slot(hour: int) -> int:
    return hour // HOUR_S % HISTORY_H
