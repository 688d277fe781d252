"""Slow growth: days above the weeks before though no hour ever jumped. Pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent.analytics.detector import DAY_H, WEEK_H, Flags, Floats, Hours, at_columns, nan_median
from agent.analytics.spike import Limits

DAYS = 8
_WEEKS_BEFORE = (2, 3, 4)  # the last week has crept along, it is no measure
_NOISE = 0.08  # of a whole day, relative
_DEVIATIONS = 5.0
_RISE = 0.4
_LASTING = 0.75  # the day before shows this part of the rise already
_SHARE = 0.3  # of the settings' share of the organization's burn
_STEP = 1.25  # a day this much above the day before is a jump


@dataclass(frozen=True, slots=True)
class Days:
    """The last days (columns, newest first, each 24 hours) against the same hours of weeks long before."""

    credits: Floats  # series x days
    usual: Floats  # series x days; NaN where the weeks before are not known

    @property
    def ratio(self) -> Floats:
        """Credits over usual credits; NaN where nothing is usual."""
        return np.divide(
            self.credits, self.usual, out=np.full_like(self.credits, np.nan), where=self.usual > 0
        )


def last_days(hours: Hours) -> Days:
    """The last eight stretches of 24 whole hours, by series."""
    width = hours.credits.shape[1]
    columns = width - 1 - np.arange(DAYS * DAY_H)
    usual = nan_median(at_columns(hours.credits, columns[:, None] - WEEK_H * np.array(_WEEKS_BEFORE)))
    actual = np.where(np.isnan(usual), np.nan, at_columns(hours.credits, columns))
    usual = np.where(np.isnan(actual), np.nan, usual)
    shape = (len(usual), DAYS, DAY_H)
    return Days(_whole_days(actual.reshape(shape)), _whole_days(usual.reshape(shape)))


def crept(days: Days, limits: Limits, *, part: float = 1.0) -> Flags:
    """Series whose last two days stand well above what was usual weeks ago; `part` of the limits suffices."""
    factor = part / limits.sensitivity
    excess = days.credits[:, 0] - days.usual[:, 0]
    floor = least_of_day(limits, float(np.nan_to_num(days.usual[0, 0])))
    with np.errstate(invalid="ignore"):
        ratio = days.ratio
        return (
            (deviations(days) >= _DEVIATIONS * factor)
            & (ratio[:, 0] - 1 >= _RISE * factor)
            & (ratio[:, 1] - 1 >= _RISE * _LASTING * factor)
            & (excess >= floor * part)
        )


def least_of_day(limits: Limits, usual: float) -> float:
    """The floor of a day's rise in credits, where the organization usually burns `usual` a day."""
    share = _SHARE * limits.min_share / limits.sensitivity * usual
    return max(limits.min_credits_per_hour * DAY_H / 4, share)


def deviations(days: Days) -> Floats:
    """How many standard deviations the last day stands above usual; 0 where nothing is usual."""
    return np.nan_to_num((days.ratio[:, 0] - 1) / _NOISE)


def jumped(days: Days, series: int) -> bool:
    """Was there one day on which the series jumped, so that it did not creep?"""
    ratio = days.ratio[series]
    steps = ratio[:-1] / ratio[1:]
    return bool(np.nanmax(steps, initial=0.0) >= _STEP)


def _whole_days(values: Floats) -> Floats:
    """Sums by day; NaN unless nearly all hours are known."""
    known = (~np.isnan(values)).sum(axis=2)
    return np.where(known >= DAY_H - 2, np.nansum(values, axis=2), np.nan)
