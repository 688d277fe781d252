"""Credits between two instants, from rollups: whole days, whole hours, and parts of hours by the minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.ledger.kinds import MINUTE_KINDS, Kind
from agent.reports.cells import Cells, Names, read_cells
from agent.reports.moment import DAY, HOUR

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

Sums = dict[int, int]
"""Nano-credits by dim id."""


@dataclass(slots=True)
class Counts:
    """What rollups sum. Parts of hours of kinds without minutes know only credits and requests."""

    credits_nano: int = 0
    requests: int = 0
    tokens_input: int = 0
    tokens_output: int = 0
    unpriced: int = 0
    completions: int = 0
    completion_credits_nano: int = 0

    def add(self, row: Row, times: int = 1) -> None:
        """Add the columns of a query of sums."""
        for column in self.__slots__:
            setattr(self, column, getattr(self, column) + times * row[column])

    def add_share(self, other: Counts, part: int, whole: int) -> None:
        """Add what a share of time gives of other counts."""
        for column in self.__slots__:
            setattr(self, column, getattr(self, column) + getattr(other, column) * part // whole)


class Rolled:
    """Sums over the rollups of one state of a ledger, whose data ends at `as_of`; each is read once."""

    def __init__(self, reader: LedgerReader, names: Names, as_of: int) -> None:
        self._reader = reader
        self._names = names
        self._as_of = as_of
        self._cells: dict[tuple[int, int], Cells] = {}
        self._counts: dict[tuple[Kind, int, int, bool], dict[int, Counts]] = {}

    def counts(self, kind: Kind, start: int, end: int, *, days: bool = False) -> dict[int, Counts]:
        """Everything by id in [start, end). With `days`, whole UTC days count as billed where they are."""
        asked = (kind, start, end, days)
        if asked not in self._counts:
            self._counts[asked] = self._read(kind, start, end, days=days)
        return self._counts[asked]

    def _read(self, kind: Kind, start: int, end: int, *, days: bool) -> dict[int, Counts]:
        counts: dict[int, Counts] = defaultdict(Counts)
        for table, first, last in _pieces(start, end, days=days):
            if table != "part":
                for row in self._sums(table, kind, first, last):
                    counts[row["id"]].add(row)
            elif kind in MINUTE_KINDS:
                self._add_minutes(counts, kind, first, last)
            else:
                self._add_cells(counts, kind, first, last)
        return dict(counts)

    def credits(self, kind: Kind, start: int, end: int, *, days: bool = False) -> Sums:
        """Nano-credits by id in [start, end)."""
        found = self.counts(kind, start, end, days=days)
        return {ident: counts.credits_nano for ident, counts in found.items()}

    def total(self, start: int, end: int, *, days: bool = False) -> int:
        """Nano-credits of the whole organization in [start, end)."""
        return self.credits(Kind.TOTAL, start, end, days=days).get(0, 0)

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

    def _sums(self, name: str, kind: Kind, start: int, end: int) -> list[Row]:
        return self._reader.rows(name, {"kind": int(kind), "start": start, "end": end})

    def _add_minutes(self, counts: dict[int, Counts], kind: Kind, start: int, end: int) -> None:
        """A part of one hour: its minutes, and of what only the hour knows the share of time."""
        hour = start // HOUR * HOUR
        known_to = min(hour + HOUR, max(self._as_of, end))
        wide: dict[int, Counts] = defaultdict(Counts)
        for row in self._sums("sums_of_hours", kind, hour, hour + 1):
            wide[row["id"]].add(row)
        for row in self._sums("sums_of_minutes", kind, hour, hour + HOUR):
            wide[row["id"]].add(row, -1)
        for row in self._sums("sums_of_minutes", kind, start, end):
            counts[row["id"]].add(row)
        for ident, rest in wide.items():
            counts[ident].add_share(rest, end - start, known_to - hour)

    def _add_cells(self, counts: dict[int, Counts], kind: Kind, start: int, end: int) -> None:
        """A part of one hour of a kind that has no minutes, from buckets and events."""
        if (start, end) not in self._cells:
            self._cells[start, end] = read_cells(self._reader, self._names, start, end)
        for ident, (nano, requests, _) in self._names.sums(kind, self._cells[start, end].values()).items():
            counts[ident].credits_nano += nano
            counts[ident].requests += round(requests)


def _pieces(start: int, end: int, *, days: bool) -> Iterator[tuple[str, int, int]]:
    """[start, end) as runs of whole days and hours and parts of hours, each with the query that reads it."""
    at = start
    while at < end:
        day_end = end // DAY * DAY
        hour_end = end // HOUR * HOUR
        if days and at % DAY == 0 and at < day_end:
            yield "sums_of_days", at, day_end
            at = day_end
        elif at % HOUR == 0 and at < hour_end:
            until = hour_end if not days else min(hour_end, at // DAY * DAY + DAY)
            yield "sums_of_hours", at, until
            at = until
        else:
            until = min(end, at // HOUR * HOUR + HOUR)
            yield "part", at, until
            at = until
