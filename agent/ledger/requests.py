"""Which requests the ledger knows: an exact set of 64-bit hashes in memory, backed by runs in the file.

A hash that hits only makes a request suspect: `find` then names the events that have that hash, and the
caller compares the ids. So a collision costs a look-up and loses nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agent.ledger.cells import Ints
from agent.ledger.identity import Hashes
from agent.ledger.sql import statement

_RUN = 65_536
"""Runs in the file are merged while the merged one has at most this many hashes."""
_SEALED = 2_000_000
"""Arrays in memory are merged up to this many hashes, which bounds the copy that merging makes."""


class KnownRequests:
    """The set of known hashes. Use it only inside a write transaction that began with `catch_up`."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Drop the set, for a transaction that was rolled back; the next `catch_up` reads it again."""
        self._arrays: list[Hashes] = []
        self._newest_run = 0

    def catch_up(self, conn: sqlite3.Connection) -> None:
        """Learn the runs that another process added since; the first time, all of them."""
        (newest,) = conn.execute(statement("newest_run")).fetchone()
        if newest == self._newest_run:
            return
        for _, hashes in conn.execute(statement("runs_after"), (self._newest_run,)):
            self._remember(np.frombuffer(hashes, "<u8"))
        self._newest_run = newest

    def suspects(self, hashes: Hashes) -> NDArray[np.bool_]:
        """For each of the sorted hashes: whether it is in the set."""
        found = np.zeros(len(hashes), np.bool_)
        for array in self._arrays:
            place = np.searchsorted(array, hashes)
            place[place == len(array)] = 0
            found |= array[place] == hashes
        return found

    def find(
        self, conn: sqlite3.Connection, hashes: Hashes, first_at: int, last_at: int
    ) -> Iterator[tuple[Ints, Ints]]:
        """Events by hash, a run at a time: (places among the sorted hashes, event ids).

        Runs whose events lie in the time range come first, so that a caller who has found all can stop early.
        """
        for run, first_event in conn.execute(
            statement("runs_by_time"), {"first": first_at, "last": last_at}
        ).fetchall():
            blob, offsets = conn.execute(statement("run"), (run,)).fetchone()
            stored = np.frombuffer(blob, "<u8")
            low, high = np.searchsorted(stored, hashes, "left"), np.searchsorted(stored, hashes, "right")
            times = high - low
            hit = np.flatnonzero(times)
            if len(hit):
                places = np.repeat(hit, times[hit])
                # The positions low, low + 1, ... high - 1 of every hit, one after another.
                ahead = np.arange(len(places)) - np.repeat(np.cumsum(times[hit]) - times[hit], times[hit])
                at = np.repeat(low[hit], times[hit]) + ahead
                yield places, first_event + np.frombuffer(offsets, "<u4")[at].astype(np.int64)

    def add(
        self, conn: sqlite3.Connection, hashes: Hashes, events: Ints, first_at: int, last_at: int
    ) -> None:
        """Remember new events: sorted hashes, their event ids, and the time range of the events."""
        self._remember(hashes)
        run = self._newest_run = self._newest_run + 1
        for previous, first_event, low_at, high_at, count in conn.execute(statement("last_runs")).fetchall():
            if count > len(hashes) or count + len(hashes) > _RUN:
                break
            blob, offsets = conn.execute(statement("run"), (previous,)).fetchone()
            hashes = np.concatenate((np.frombuffer(blob, "<u8"), hashes))
            events = np.concatenate((first_event + np.frombuffer(offsets, "<u4").astype(np.int64), events))
            first_at, last_at = min(first_at, low_at), max(last_at, high_at)
            conn.execute(statement("drop_run"), (previous,))
        order = np.argsort(hashes, kind="stable")
        first = int(events.min())
        offset = (events[order] - first).astype("<u4").tobytes()
        row = (run, first, first_at, last_at, len(hashes), hashes[order].astype("<u8").tobytes(), offset)
        conn.execute(statement("add_run"), row)

    def _remember(self, hashes: Hashes) -> None:
        self._arrays.append(hashes)
        while len(self._arrays) > 1:
            older, newer = self._arrays[-2:]
            if len(older) > 2 * len(newer) or len(older) + len(newer) > _SEALED:
                break
            merged = np.concatenate((older, newer))
            merged.sort(kind="stable")  # two sorted runs: one linear merge
            self._arrays[-2:] = [merged]
