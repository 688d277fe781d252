"""The past windows that a triage window is compared with, and what the middle one of them burnt.

What is usual is the median, as on the Burn screen: the amount of the middle window, or the mean of the two in
the middle. Which windows these are is judged for each row by itself, so that a spike of one team in one week
leaves neither that team nor another with a wrong usual. Since they are real windows, all their sums belong
together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.analytics.baseline import DAYS, WEEK, WEEKS, Basis, choose_basis
from agent.domain.words import plural
from agent.ledger.kinds import Kind
from agent.reports.cells import COUNTS, Cell, Cells, Names, read_cells
from agent.reports.history import first_known, whole_hours
from agent.reports.moment import DAY, HOUR, MINUTE
from agent.reports.triage_report import TriageReport

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_WINDOWS_BEFORE = 4  # without hours of history: so many windows right before
_BASIS_WORDS = {
    "hour_of_week": "same_weekday_and_hour",
    "hour_of_day": "same_hour_of_day",
    "last_day": "last_day",
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """Past windows; what is usual is the middle of what they burnt.

    Windows that lie in whole hours of history are read from hours: the share of each hour that they overlap.
    """

    name: str  # same_weekday_and_hour | same_hour_of_day | last_day | window_before | none
    windows: tuple[tuple[int, int], ...]
    hourly: bool
    length: int  # seconds of the window that is compared

    @classmethod
    def of_report(cls, report: TriageReport) -> Baseline:
        """The baseline that a report was made with."""
        hourly = report.basis not in ("window_before", "none")
        return cls(report.basis, report.baseline, hourly, report.window_s)

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        count = len(self.windows)
        if self.name == "same_weekday_and_hour":
            return f"same weekday and hour of {plural(count, 'week')}"
        if self.name == "same_hour_of_day":
            return f"same hour of {plural(count, 'day')}"
        if self.name == "last_day":
            return f"{plural(count, 'hour')} of the last day"
        if self.name == "window_before":
            return "the minutes right before"
        return "no history to compare with"

    def pieces(self, window: tuple[int, int]) -> Iterable[tuple[int, int, int]]:
        """The stretches that a window is read from as (start, end, weight), weighted in parts of `whole`."""
        start, end = window
        if not self.hourly:
            return [(start, end, self.length)]
        return [
            (hour, hour + HOUR, (min(end, hour + HOUR) - max(start, hour)) // MINUTE)
            for hour in range(start // HOUR * HOUR, end, HOUR)
        ]

    @property
    def whole(self) -> int:
        """The weight of a stretch that counts in full: the minutes of an hour, or the seconds before."""
        if self.hourly:
            return HOUR // MINUTE
        return sum(end - start for start, end in self.windows)


def find_baseline(reader: LedgerReader, start: int, end: int) -> Baseline:
    """The best comparison for [start, end) that the ledger allows."""
    known = _known_hours(reader, start, end)
    basis = choose_basis(known, start // HOUR * HOUR, newest=start // HOUR * HOUR)
    if basis.name == "last_day":
        # A window that runs into the next hour must not be compared with a part of itself.
        basis = Basis(basis.name, tuple(offset for offset in basis.offsets if end - offset <= start))
    length = end - start
    if basis.offsets:
        windows = tuple((start - offset, end - offset) for offset in basis.offsets)
        return Baseline(_BASIS_WORDS[basis.name], windows, True, length)
    first = _first_before(reader, start, start - _WINDOWS_BEFORE * length)
    if first < start:
        return Baseline("window_before", ((first, start),), False, length)
    return Baseline("none", (), False, length)


def _first_before(reader: LedgerReader, start: int, earliest: int) -> int:
    """Where the minutes right before `start` begin; `start` itself where they hold nothing at all."""
    oldest = first_known(reader)
    if oldest is None or oldest >= start:
        return start
    first = max(earliest, oldest)
    # Hours without any burn before a rise are no history: most likely nobody was looking.
    asked = {"kind": int(Kind.TOTAL), "start": first // HOUR * HOUR, "end": start}
    return first if reader.rows("minutes_of", asked) or reader.rows("hours_of", asked) else start


def _known_hours(reader: LedgerReader, start: int, end: int) -> set[int]:
    """The hours that a comparison may use."""
    wanted = set()
    for hour in range(start // HOUR * HOUR, end, HOUR):
        wanted |= {hour - week * WEEK for week in range(1, WEEKS + 1)}
        wanted |= {hour - day * DAY for day in range(1, DAYS + 1)}
        wanted |= {hour - back * HOUR for back in range(1, 25)}
    rows = reader.rows("hours_at", {"kind": int(Kind.TOTAL), "buckets": sorted(wanted)})
    since = whole_hours(first_known(reader))
    return {row["bucket"] for row in rows if row["bucket"] >= since}


Usual = dict[int, tuple[int, float]]
"""Nano-credits and requests of an ordinary window by id."""


def usual_by_kind(reader: LedgerReader, baseline: Baseline, kinds: Sequence[Kind]) -> dict[Kind, Usual]:
    """What an ordinary window burns by kind and id, from the hours of the baseline."""
    weights = [
        (place, hour, weight)
        for place, window in enumerate(baseline.windows)
        for hour, _, weight in baseline.pieces(window)
    ]
    burnt: dict[Kind, dict[int, list[tuple[int, float]]]] = {kind: {} for kind in kinds}
    if weights:
        asked = {"kinds": [int(kind) for kind in kinds], "hours": json.dumps(weights)}
        for kind, ident, nano, requests in reader.rows("weighted_hours", asked):
            burnt[kind].setdefault(ident, []).append((nano, requests))
    return {
        kind: {ident: _usual_of(baseline, amounts) for ident, amounts in by_id.items()}
        for kind, by_id in burnt.items()
    }


def usual_by_id(names: Names, baseline: Baseline, windows: Sequence[Iterable[Cell]], kind: Kind) -> Usual:
    """The same from the cells of each window."""
    burnt: dict[int, list[tuple[int, float]]] = {}
    for cells in windows:
        for ident, (nano, requests, _) in names.sums(kind, cells).items():
            burnt.setdefault(ident, []).append((nano, requests))
    return {ident: _usual_of(baseline, amounts) for ident, amounts in burnt.items()}


def _usual_of(baseline: Baseline, amounts: list[tuple[int, float]]) -> tuple[int, float]:
    """The middle of weighted amounts; windows that have none burnt nothing."""
    amounts += [(0, 0.0)] * (len(baseline.windows) - len(amounts))
    amounts.sort()
    middle = amounts[_middle(len(amounts))]
    whole = baseline.whole * len(middle)
    return _rounded(sum(nano for nano, _ in middle), whole), sum(count for _, count in middle) / whole


def _middle(count: int) -> slice:
    """The middle one of sorted values, or the two middle ones."""
    return slice((count - 1) // 2, count // 2 + 1)


def _rounded(weighted: int, whole: int) -> int:
    """An amount out of a weighted sum, rounded half up."""
    return (2 * weighted + whole) // (2 * whole)


def past_cells(
    reader: LedgerReader, names: Names, baseline: Baseline, contexts: list[int] | None
) -> list[list[Cell]]:
    """The cells of each past window, all their sums times the weights of what they were read from."""
    read: dict[tuple[int, int], Cells] = {}
    windows = []
    for window in baseline.windows:
        sums: Cells = {}
        for start, end, weight in baseline.pieces(window):
            if (start, end) not in read:
                read[start, end] = read_cells(reader, names, start, end, contexts)
            _add(sums, read[start, end].values(), weight)
        windows.append(list(sums.values()))
    return windows


def ordinary_cells(baseline: Baseline, windows: Sequence[Sequence[Cell]]) -> list[Cell]:
    """The cells of an ordinary window, exact to the rounding of each amount: those of the middle windows."""
    ranked = sorted(windows, key=_burnt)
    middle = ranked[_middle(len(ranked))]
    sums: Cells = {}
    for cells in middle:
        _add(sums, cells, 1)
    whole = baseline.whole * len(middle)
    for cell in sums.values():
        cell.credits_nano = _rounded(cell.credits_nano, whole)
        for column in COUNTS:
            setattr(cell, column, getattr(cell, column) / whole)
    return list(sums.values())


def _burnt(cells: Sequence[Cell]) -> tuple[int, float]:
    return sum(cell.credits_nano for cell in cells), sum(cell.requests for cell in cells)


def _add(sums: Cells, cells: Iterable[Cell], weight: int) -> None:
    for cell in cells:
        key = (cell.context, cell.service)
        found = sums.get(key)
        if found is None:
            found = sums[key] = Cell(*key)
        found.credits_nano += weight * cell.credits_nano
        for column in COUNTS:
            setattr(found, column, getattr(found, column) + weight * getattr(cell, column))
