"""The past windows that a triage window is compared with, and what they burnt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from agent.analytics.baseline import DAYS, WEEK, WEEKS, Basis, choose_basis
from agent.ledger.kinds import Kind
from agent.reports.cells import Cell, Cells, Names, read_cells
from agent.reports.moment import DAY, HOUR, MINUTE
from agent.reports.triage_report import TriageReport
from agent.reports.words import plural

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_UNUSUAL = 2.5  # a past window this many times its fellows was a spike itself
_ENOUGH_TO_JUDGE = 4
_WINDOWS_BEFORE = 4  # without hours of history: so many windows right before
_BASIS_WORDS = {
    "hour_of_week": "same_weekday_and_hour",
    "hour_of_day": "same_hour_of_day",
    "last_day": "last_day",
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """Past windows and how they stand for an ordinary one.

    Windows that lie in whole hours of history are read from hours: the share of each hour that they overlap.
    """

    name: str  # same_weekday_and_hour | same_hour_of_day | last_day | window_before | none
    windows: tuple[tuple[int, int], ...]
    set_aside: int  # windows left out because they were spikes themselves
    hourly: bool
    length: int  # seconds of the window that is compared

    @classmethod
    def of_report(cls, report: TriageReport) -> Baseline:
        """The baseline that a report was made with."""
        hourly = report.basis not in ("window_before", "none")
        return cls(report.basis, report.baseline, 0, hourly, report.window_s)

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        count = len(self.windows)
        aside = f"; {self.set_aside} unusual left out" if self.set_aside else ""
        if self.name == "same_weekday_and_hour":
            return f"same weekday and hour of {plural(count, 'week')}{aside}"
        if self.name == "same_hour_of_day":
            return f"same hour of {plural(count, 'day')}{aside}"
        if self.name == "last_day":
            return f"{plural(count, 'hour')} of the last day{aside}"
        if self.name == "window_before":
            return "the minutes right before"
        return "no history to compare with"

    def weights(self) -> Mapping[int, int]:
        """Minutes that each past hour stands for."""
        found: dict[int, int] = {}
        for start, end in self.windows:
            for hour in range(start // HOUR * HOUR, end, HOUR):
                found[hour] = found.get(hour, 0) + (min(end, hour + HOUR) - max(start, hour)) // MINUTE
        return found

    @property
    def whole(self) -> int:
        """What a sum over all windows is divided by for the mean: 60 minutes a window, or the seconds before.

        Hours are summed as amount x minutes, other windows as amount x the length of the compared one.
        """
        if self.hourly:
            return HOUR // MINUTE * len(self.windows)
        return sum(end - start for start, end in self.windows)

    def mean_nano(self, weighted: int) -> int:
        """An ordinary window's nano-credits from the weighted sum of all, rounded half up."""
        return (2 * weighted + self.whole) // (2 * self.whole) if self.windows else 0

    def mean(self, weighted: float) -> float:
        """An ordinary window's count from the weighted sum of all."""
        return weighted / self.whole if self.windows else 0.0


def find_baseline(reader: LedgerReader, start: int, end: int, oldest: int | None) -> Baseline:
    """The best comparison for [start, end) that the ledger allows; `oldest` is its first hour."""
    hours = _known_hours(reader, start, end)
    basis = choose_basis(hours, start // HOUR * HOUR, newest=start // HOUR * HOUR)
    if basis.name == "last_day":
        # A window that runs into the next hour must not be compared with a part of itself.
        basis = Basis(basis.name, tuple(offset for offset in basis.offsets if end - offset <= start))
    length = end - start
    if basis.offsets:
        windows = [(start - offset, end - offset) for offset in basis.offsets]
        kept = _ordinary(windows, hours)
        return Baseline(_BASIS_WORDS[basis.name], kept, len(windows) - len(kept), True, length)
    first = max(start - _WINDOWS_BEFORE * length, start if oldest is None else oldest)
    if first < start:
        return Baseline("window_before", ((first, start),), 0, False, length)
    return Baseline("none", (), 0, False, length)


def _known_hours(reader: LedgerReader, start: int, end: int) -> dict[int, int]:
    """Nano-credits of the hours that a comparison may use."""
    wanted = set()
    for hour in range(start // HOUR * HOUR, end, HOUR):
        wanted |= {hour - week * WEEK for week in range(1, WEEKS + 1)}
        wanted |= {hour - day * DAY for day in range(1, DAYS + 1)}
        wanted |= {hour - back * HOUR for back in range(1, 25)}
    rows = reader.rows("hours_at", {"kind": int(Kind.TOTAL), "buckets": sorted(wanted)})
    return {row["bucket"]: row["credits_nano"] for row in rows}


def _ordinary(windows: list[tuple[int, int]], hours: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    """The windows without those that burnt far more than the middle one."""
    burnt = [hours.get(start // HOUR * HOUR, 0) for start, _ in windows]
    limit = _UNUSUAL * median(burnt)
    if len(windows) < _ENOUGH_TO_JUDGE or limit <= 0:
        return tuple(windows)
    return tuple(window for window, nano in zip(windows, burnt, strict=True) if nano <= limit)


Usual = dict[int, tuple[int, float]]
"""Nano-credits and requests of an ordinary window by id."""


def usual_by_kind(reader: LedgerReader, baseline: Baseline, kinds: Sequence[Kind]) -> dict[Kind, Usual]:
    """What an ordinary window burns by kind and id, from the hours of the baseline."""
    usual: dict[Kind, Usual] = {kind: {} for kind in kinds}
    if baseline.windows:
        hours = json.dumps(baseline.weights())
        for row in reader.rows("weighted_hours", {"kinds": [int(kind) for kind in kinds], "hours": hours}):
            amount = (baseline.mean_nano(row["credits_nano"]), baseline.mean(row["requests"]))
            usual[Kind(row["kind"])][row["id"]] = amount
    return usual


_COUNTS = (
    "requests",
    "tokens_input",
    "tokens_cached",
    "tokens_output",
    "quantity_micro",
    "unpriced",
    "errors",
)


def usual_cells(
    reader: LedgerReader, names: Names, baseline: Baseline, contexts: list[int] | None
) -> list[Cell]:
    """The cells of an ordinary window, exact to the rounding of each amount."""
    weights = (
        {(hour, hour + HOUR): weight for hour, weight in baseline.weights().items()}
        if baseline.hourly
        else dict.fromkeys(baseline.windows, baseline.length)
    )
    sums: dict[tuple[int, int], Cell] = {}
    for (start, end), weight in weights.items():
        cells: Cells = read_cells(reader, names, start, end, contexts)
        for key, cell in cells.items():
            found = sums.setdefault(key, Cell(*key))
            found.credits_nano += weight * cell.credits_nano
            for column in _COUNTS:
                setattr(found, column, getattr(found, column) + weight * getattr(cell, column))
    for cell in sums.values():
        cell.credits_nano = baseline.mean_nano(cell.credits_nano)
        for column in _COUNTS:
            setattr(cell, column, baseline.mean(getattr(cell, column)))
    return list(sums.values())
