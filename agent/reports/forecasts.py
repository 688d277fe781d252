"""The forecast of the month, from whole days, with planned releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.analytics.forecast import MonthEnd, month_end
from agent.analytics.month import Month, day_number
from agent.domain.words import plural
from agent.ledger.kinds import Kind
from agent.reports.burn_report import Forecast
from agent.reports.figure import Figure
from agent.reports.layers import Truth, covered_days
from agent.reports.moment import DAY
from agent.reports.rolled import Rolled

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

HISTORY_DAYS = 56
_LEAST_ORDINARY_DAYS = 3


def forecast(
    reader: LedgerReader,
    rolled: Rolled,
    settings: Settings,
    month: Month,
    at: int,
    month_to_date: int,
    truth: Truth,
) -> Forecast:
    """Where the month ends, by both methods."""
    first = (month.today_start - HISTORY_DAYS * DAY) // DAY * DAY
    days = dict.fromkeys(covered_days(reader, first, month.today_start), 0)
    days |= rolled.days(Kind.TOTAL, first, month.today_start).get(0, {})
    # A day of the ledger is UTC; noon decides which local day it counts as.
    by_number = {
        day_number(day + DAY // 2, settings.organization.time_zone): nano for day, nano in days.items()
    }
    by_number = _without_a_partial_first_day(by_number)
    by_number, planned = _without_planned_days(reader, settings, by_number)
    releases = _releases(settings, month)
    today_left = (month.today_end - at) / (month.today_end - month.today_start)
    end = month_end(
        by_number, month.today, month_to_date, month.days_left, releases, max(0.0, min(1.0, today_left))
    )
    return _forecast(end, month, truth, releases, planned)


def _without_planned_days(
    reader: LedgerReader, settings: Settings, days: dict[int, int]
) -> tuple[dict[int, int], int]:
    """Days with planned activity say nothing of ordinary ones; returns how many were left out.

    They stay where too few others are known.
    """
    zone = settings.organization.time_zone
    planned: set[int] = set()
    for row in reader.rows("planned_since", {"since": 0}):
        first, last = day_number(row["start"], zone), day_number(row["end"] - 1, zone)
        planned.update(range(first, last + 1))
    ordinary = {day: nano for day, nano in days.items() if day not in planned}
    if len(ordinary) < _LEAST_ORDINARY_DAYS:
        return days, 0
    return ordinary, len(days) - len(ordinary)


def _without_a_partial_first_day(days: dict[int, int]) -> dict[int, int]:
    """The ledger's first day began somewhere inside: it would pull averages down."""
    return {day: nano for day, nano in days.items() if day != min(days)} if len(days) > 1 else days


def _releases(settings: Settings, month: Month) -> int:
    """Nano-credits that planned releases add in the days of this month after today."""
    total = 0
    for release in settings.releases:
        if release.day >= month.today_end and release.day < month.end:
            total += release.credits_nano_per_day * -(-(month.end - release.day) // DAY)
    return total


def _forecast(end: MonthEnd | None, month: Month, truth: Truth, releases: int, planned: int = 0) -> Forecast:
    if end is None:
        unknown = Figure(None, "credits")
        return Forecast(
            unknown,
            unknown,
            unknown,
            unknown,
            unknown,
            month.days_left,
            truth.credits(releases),
            0,
            "no whole day of history yet",
        )
    method = (
        f"month to date + average of {plural(end.averaged_days, 'day')}"
        f" x {plural(month.days_left, 'day')} left"
        f" + releases; "
        f"smoothed: exponential over {plural(end.history_days, 'day')}"
        + (" with weekdays" if end.weekdays else "")
        + (f"; without {plural(planned, 'day')} of planned activity" if planned else "")
    )
    return Forecast(
        projected=truth.credits(end.projected),
        smoothed=truth.credits(end.smoothed),
        low=truth.credits(end.low),
        high=truth.credits(end.high),
        average_day=truth.credits(end.average_day),
        days_left=month.days_left,
        releases=truth.credits(releases),
        history_days=end.history_days,
        method=method,
    )
