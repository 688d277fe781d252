"""Credits between two instants, from rollups: whole days, whole hours, and parts of hours by the minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.ledger.kinds import MINUTE_KINDS, Kind
from agent.reports.moment import DAY, HOUR

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

Sums = dict[int, int]
"""Nano-credits by dim id."""


class Rolled:
    """Sums over the rollups of one ledger, whose data ends at `as_of`."""

    def __init__(self, reader: LedgerReader, as_of: int) -> None:
        self._reader = reader
        self._as_of = as_of

    def credits(self, kind: Kind, start: int, end: int, *, days: bool = False) -> Sums:
        """Nano-credits by id in [start, end). With `days`, whole UTC days count as billed where they are."""
        sums: Sums = defaultdict(int)
        for table, first, last in _pieces(start, end, days=days):
            if table == "part":
                self._add_part(sums, kind, first, last)
                continue
            for row in self._reader.rows(table, {"kind": int(kind), "start": first, "end": last}):
                sums[row["id"]] += row["credits_nano"]
        return dict(sums)

    def total(self, start: int, end: int, *, days: bool = False) -> int:
        """Nano-credits of the whole organization in [start, end)."""
        return self.credits(Kind.TOTAL, start, end, days=days).get(0, 0)

    def requests(self, start: int, end: int) -> int:
        """Requests of the whole organization, from minutes."""
        rows = self._reader.rows("minutes_of", {"kind": int(Kind.TOTAL), "start": start, "end": end})
        return sum(row["requests"] for row in rows)

    def requests_by(self, kind: Kind, start: int, end: int) -> Sums:
        """Requests by id, of the hours that begin in [start, end)."""
        sums: Sums = defaultdict(int)
        for row in self._reader.rows("hours_of", {"kind": int(kind), "start": start, "end": end}):
            sums[row["id"]] += row["requests"]
        return dict(sums)

    def minutes(self, kind: Kind, start: int, end: int) -> dict[int, dict[int, int]]:
        """Nano-credits by id and minute."""
        return self._table("minutes_of", kind, start, end)

    def hours(self, kind: Kind, start: int, end: int) -> dict[int, dict[int, int]]:
        """Nano-credits by id and hour."""
        return self._table("hours_of", kind, start, end)

    def hours_at(self, kind: Kind, hours: list[int]) -> dict[int, dict[int, int]]:
        """Nano-credits by id and hour, of chosen hours."""
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for row in self._reader.rows("hours_at", {"kind": int(kind), "buckets": hours}):
            found[row["id"]][row["bucket"]] = row["credits_nano"]
        return found

    def days(self, kind: Kind, start: int, end: int) -> dict[int, dict[int, int]]:
        """Nano-credits by id and UTC day."""
        return self._table("days_of", kind, start, end)

    def _table(self, name: str, kind: Kind, start: int, end: int) -> dict[int, dict[int, int]]:
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for row in self._reader.rows(name, {"kind": int(kind), "start": start, "end": end}):
            found[row["id"]][row["bucket"]] = row["credits_nano"]
        return found

    def _add_part(self, sums: Sums, kind: Kind, start: int, end: int) -> None:
        """A part of one hour: its minutes where they are known, the rest of the hour by the share of time."""
        hour = start // HOUR * HOUR
        known_to = min(hour + HOUR, max(self._as_of, end))
        share = (end - start, known_to - hour)
        rest: Sums = defaultdict(int)
        for row in self._reader.rows("hours_of", {"kind": int(kind), "start": hour, "end": hour + 1}):
            rest[row["id"]] += row["credits_nano"]
        if kind in MINUTE_KINDS:
            for row in self._reader.rows(
                "minutes_of", {"kind": int(kind), "start": hour, "end": hour + HOUR}
            ):
                rest[row["id"]] -= row["credits_nano"]
                if start <= row["bucket"] < end:
                    sums[row["id"]] += row["credits_nano"]
        for ident, nano in rest.items():
            sums[ident] += nano * share[0] // share[1]


def _pieces(start: int, end: int, *, days: bool) -> Iterator[tuple[str, int, int]]:
    """[start, end) as runs of whole days and hours and parts of hours, each with the query that reads it."""
    at = start
    while at < end:
        day_end = end // DAY * DAY
        hour_end = end // HOUR * HOUR
        if days and at % DAY == 0 and at < day_end:
            yield "days_of", at, day_end
            at = day_end
        elif at % HOUR == 0 and at < hour_end:
            until = hour_end if not days else min(hour_end, at // DAY * DAY + DAY)
            yield "hours_of", at, until
            at = until
        else:
            until = min(end, at // HOUR * HOUR + HOUR)
            yield "part", at, until
            at = until
