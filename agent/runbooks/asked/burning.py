"""The burn of a part now, against what is usual, with the line of its last hour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_nano
from agent.domain.run import Evidence, Line
from agent.domain.words import duration
from agent.reports.alert_series import Burnt, episode_series
from agent.reports.cells import Cell, read_cells, read_names
from agent.reports.changes import marks_between
from agent.reports.figure import per_minute
from agent.reports.moment import HOUR, MINUTE
from agent.reports.selection import select
from agent.reports.triage import triage
from agent.runbooks.asked.answer import age, change, empty, evidence, rate
from agent.runbooks.asked.given import part
from agent.runbooks.asked.sight import sight

if TYPE_CHECKING:
    from agent.reports.burn_report import Series
    from agent.reports.figure import Figure
    from agent.runbooks.asked.given import Part
    from agent.runbooks.asking import Context, Given

MEASURED_S = 5 * MINUTE
"""The burn now is the mean of so many seconds, as on the Burn screen."""


@dataclass(frozen=True, slots=True)
class BurnNow:
    """The burn of a part at the end of what is known."""

    at: int
    now: Figure  # credits/min
    usual: Figure
    change: Decimal | None
    basis: str
    empty: str  # why there is nothing to say


def burn_now(context: Context, about: Part) -> BurnNow:
    """What a part burns a minute, and usually does."""
    found = triage(context.reader, context.settings, context.now, window_s=MEASURED_S, within=about.within)
    return BurnNow(found.at, found.burn, found.usual, found.change, found.basis_sentence, found.empty)


def burn(context: Context, given: Given) -> Evidence:
    """Burn now against usual, with the last hour minute by minute."""
    about = part(context, given)
    title = f"Burn of {about}"
    found = burn_now(context, about)
    if found.empty:
        return empty("burn", title, given, found.empty)
    used = "nothing is usual" if not found.usual.value else f"{rate(found.usual)} are usual"
    more = f", {change(found.change)}" if found.change is not None else ""
    return evidence(
        "burn",
        title,
        given,
        f"{about} burns {rate(found.now)}; {used}{more}.",
        ("scope", "now", "usual", "change", "data"),
        [(str(about), rate(found.now), rate(found.usual), change(found.change), age(found.at, context.now))],
        note=f"mean of {duration(MEASURED_S)}; usual: {found.basis}",
        truth=found.now,
        line=line_of(context, about, found.at),
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """The burn over the newest minutes that all accounts of a part know."""

    end: int
    now: Decimal  # credits/min
    unknown: str  # why it is not the burn now; empty where it is


def burn_known(context: Context, about: Part, found: BurnNow, since: int = 0) -> Measured:
    """The burn of a part as far as it is known; minutes without a call count where they were looked at.

    Minutes before `since` are left out, where any is left then.
    """
    seen = sight(context, about)
    end = found.at
    if seen.until is not None:
        # A gateway that nobody calls any more has no newer call, but it was read.
        end = min(max(found.at, seen.settled or 0), seen.until)
    start = end - MEASURED_S
    if start < since < end:
        start = since
    unknown = seen.unknown(start, end)
    if start == end - MEASURED_S and (unknown or end == found.at):
        return Measured(end, found.now.value or Decimal(0), unknown)
    nano, _ = burnt_in(context, about, start, end)
    return Measured(end, per_minute(nano, end - start), unknown)


def line_of(context: Context, about: Part, at: int) -> Line:
    """The last hour of a part by the minute; where it is not known so finely, the last day by the hour.

    What was changed meanwhile is marked on it.
    """
    found = _line(context, about, at)
    marks = marks_between(context.reader, found.start, min(found.end, at), within=about.within)
    return replace(found, marks=marks)


def _line(context: Context, about: Part, at: int) -> Line:
    with context.reader.snapshot():
        series = episode_series(context.reader, about.kind, about.value, at - HOUR // 2, None, at)
        start = series.points[0].at if series.points else at
        if series.step_s != MINUTE:
            return Line(start, series.step_s, _values(series), _expected(series))
        known = Burnt(context.reader, about.kind, about.value).minutes(start, start + HOUR)
    # The series rounds to millionths of a credit, the ledger is exact.
    values = tuple(None if point.value is None else known.get(point.at, 0) for point in series.points)
    return Line(start, MINUTE, values, _expected(series))


def _values(series: Series) -> tuple[int | None, ...]:
    return tuple(None if each.value is None else int(to_nano(each.value)) for each in series.points)


def _expected(series: Series) -> tuple[int | None, ...]:
    found = tuple(None if each.expected is None else int(to_nano(each.expected)) for each in series.points)
    return () if all(each is None for each in found) else found


def burnt_in(context: Context, about: Part, start: int, end: int) -> tuple[int, list[Cell]]:
    """Nano-credits of a part in a short stretch of whole minutes, and its cells."""
    reader = context.reader
    with reader.snapshot():
        names = read_names(reader)
        selection = select(reader, names, [about.within] if about.within else [])
        cells = selection.keep(read_cells(reader, names, start, end, selection.context_list()).values())
    return sum(cell.credits_nano for cell in cells), cells
