"""Where a month ends: the guide's formula beside simple exponential smoothing with weekdays. Pure.

Amounts are nano-credits. A day is named by any integer that counts days, so that `day % 7` is its weekday.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, stdev

AVERAGED_DAYS = 14
_SMOOTHED_DAYS = 56
_ALPHAS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
_WEEKDAY_WEEKS = 2  # weekdays differ only once each of them was seen this often
_JUDGED_DAYS = 4  # of which three errors can be seen
_EIGHTY_PERCENT = 1.2816  # standard deviations on either side


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """A month's total as forecast."""

    projected: int  # the guide's formula
    smoothed: int
    low: int | None  # four of five months end between these; None: too few days to say
    high: int | None
    average_day: int
    averaged_days: int  # known days behind it
    history_days: int
    weekdays: bool  # whether weekdays were told apart


def projected_month(month_to_date: int, average_day: int, days_left: int, releases: int) -> int:
    """The guide's formula: month to date + average day of the last 14 x remaining days ± releases.

    Remaining days do not count today, since today's burn is in the month to date.
    """
    return month_to_date + average_day * days_left + releases


def month_end(
    days: Mapping[int, int], today: int, month_to_date: int, days_left: int, releases: int, today_left: float
) -> MonthEnd | None:
    """Forecast a month from its whole days before `today`; None without one whole day.

    Days that `days` does not have are unknown: they count neither as zero nor at all. `today_left` is the
    part of today that is still to come (0..1); only the smoothed forecast adds it.
    """
    history = _history(days, today)
    if not history:
        return None
    values = [days[day] for day in history]
    recent = [days[day] for day in history if day >= today - AVERAGED_DAYS] or values[-AVERAGED_DAYS:]
    average = round(sum(recent) / len(recent))
    factors = _weekday_factors(history, values)
    level, error = _smooth([value / factors[day % 7] for day, value in zip(history, values, strict=True)])
    ahead = today_left * factors[today % 7] + sum(
        factors[(today + step) % 7] for step in range(1, days_left + 1)
    )
    smoothed = month_to_date + releases + round(level * ahead)
    reach = None if error is None else round(_EIGHTY_PERCENT * error * ahead**0.5)
    return MonthEnd(
        projected=projected_month(month_to_date, average, days_left, releases),
        smoothed=smoothed,
        low=None if reach is None else max(month_to_date, smoothed - reach),
        high=None if reach is None else smoothed + reach,
        average_day=average,
        averaged_days=len(recent),
        history_days=len(history),
        weekdays=len(set(factors.values())) > 1,
    )


def expected_day(days: Mapping[int, int], today: int) -> int | None:
    """What `today` burns as a whole by the smoothed forecast; None without one whole day before it."""
    return _expected_day(tuple(days.items()), today)


@lru_cache(maxsize=256)  # the same question is asked all day long
def _expected_day(known: tuple[tuple[int, int], ...], today: int) -> int | None:
    days = dict(known)
    history = _history(days, today)
    if not history:
        return None
    values = [days[day] for day in history]
    factors = _weekday_factors(history, values)
    level, _ = _smooth([value / factors[day % 7] for day, value in zip(history, values, strict=True)])
    return round(level * factors[today % 7])


def _history(days: Mapping[int, int], today: int) -> list[int]:
    """The days before today that a forecast rests on."""
    history = [day for day in sorted(days) if day < today]
    return [day for day in history if day >= today - _SMOOTHED_DAYS] or history[-AVERAGED_DAYS:]


def _weekday_factors(days: Sequence[int], values: Sequence[int]) -> dict[int, float]:
    """How far each weekday lies above or below the mean day; all 1 until two weeks are known."""
    flat = dict.fromkeys(range(7), 1.0)
    mean = fmean(values)
    if len(values) < 7 * _WEEKDAY_WEEKS or mean <= 0:
        return flat
    for weekday in flat:
        own = [value for day, value in zip(days, values, strict=True) if day % 7 == weekday]
        # A weekday without burn keeps a little weight, so that dividing by it stays finite.
        flat[weekday] = max(fmean(own) / mean, 0.01)
    return flat


def _smooth(values: Sequence[float]) -> tuple[float, float | None]:
    """The smoothed level for the best of a few alphas, and the standard deviation of a day around it.

    None for the deviation while too few days are known to judge it.
    """
    if len(values) < _JUDGED_DAYS:
        return fmean(values), None
    best: tuple[float, float, float] | None = None
    for alpha in _ALPHAS:
        level = fmean(values[:3])
        errors = []
        for value in values[1:]:
            errors.append(value - level)
            level += alpha * (value - level)
        squared = fmean(error * error for error in errors)
        if best is None or squared < best[0]:
            best = (squared, level, stdev(errors))
    assert best is not None
    return best[1], best[2]
