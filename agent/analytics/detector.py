"""Is a burn unusual? Expected values and their noise for many series at once, from hours of recent weeks.

Series are rows, hours are columns; NaN is an hour of which nothing is known (not read yet, or before the
series was first seen), which is something else than an hour without burn. What is expected of an hour comes
from the same hour of the week in up to four weeks, what counts as noise from how far such expectations were
off lately: robust on both sides, so that a past spike neither hides the next nor widens the band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HOUR_S = 3_600
DAY_H = 24
WEEK_H = 168
WEEKS = 4
_LATELY_D = 14  # days whose misjudged hours say how noisy a series is
_LEVEL_D = 3  # days that say whether a series has found a new level
_MAD_TO_SIGMA = 1.4826
_Q90_TO_SIGMA = 1 / 1.2816
_MIN_SPREAD = 0.10
_UNKNOWN_SPREAD = 0.35
_MIN_SAMPLES = 9
_LEAST_LEVEL = 0.1  # of the present burn: what was never there has no usual level to be noisy at
# Costs of single requests vary about as much as their mean, which doubles the variance of their count.
_REQUEST_VARIANCE = 2.0


@dataclass(frozen=True, slots=True)
class Hours:
    """What is known by hour. `start` is the epoch second of the first column's begin."""

    start: int
    credits: Floats  # series x hours, credits
    requests: Floats  # series x hours

    @property
    def end(self) -> int:
        """Epoch second at which the last known hour ends."""
        return self.start + int(self.credits.shape[1]) * HOUR_S


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is usual for a window, one entry a series."""

    credits: Floats
    requests: Floats
    spread: Floats  # relative standard deviation of an hour, beyond chance


def expectation(hours: Hours, start: float, end: float, level: Floats | float = 1.0) -> Expectation:
    """What `[start, end)` usually burns; the hours of `hours` must reach to the hour in which it begins.

    Between the middles of hours the rate runs linearly, as traffic does: a steep morning is no spike.
    `level` is `recent_level(hours)`, which many windows share.
    """
    middle = int(((start + end) / 2 - hours.start) // HOUR_S)
    return Expectation(
        credits=level * _window_sum(hours, hours.credits, start, end),
        requests=level * _window_sum(hours, hours.requests, start, end),
        spread=_spread(hours, middle),
    )


def known_days(hours: Hours, at: float) -> int:
    """On how many days something is known of the hour of day of `at`, for the series that knows most."""
    column = int((at - hours.start) // HOUR_S)
    days = at_columns(hours.credits, column - DAY_H * np.arange(1, WEEKS * 7 + 1))
    return int((~np.isnan(days)).sum(axis=1).max(initial=0))


def recent_level(hours: Hours) -> Floats:
    """How far the last three days stand above the same hours of the weeks before; never below 1.

    The middle of three days: a spike of one day does not make itself usual, growth does.
    """
    width = hours.credits.shape[1]
    columns = np.arange(width - _LEVEL_D * DAY_H, width)
    usual = _usual(hours.credits, columns)
    actual = np.where(np.isnan(usual), np.nan, at_columns(hours.credits, columns))
    shape = (len(usual), _LEVEL_D, DAY_H)
    was = np.nansum(actual.reshape(shape), axis=2)
    should = np.nansum(np.where(np.isnan(actual), np.nan, usual).reshape(shape), axis=2)
    ratio = np.divide(was, should, out=np.ones_like(was), where=should > 0)
    level: Floats = np.maximum(np.median(ratio, axis=1), 1.0)
    return level


@dataclass(frozen=True, slots=True)
class Judgement:
    """A window against its expectation, one entry a series. Credits are of the window."""

    seconds: float
    credits: Floats
    expected: Floats
    noise: Floats  # standard deviation of what is expected
    weight: Floats  # on how many requests the burn rests; one dear request among cheap ones counts alone

    @property
    def excess(self) -> Floats:
        """Credits above what is expected."""
        return self.credits - self.expected

    def deviation(self, explained: Floats | float = 0.0) -> Floats:
        """How many standard deviations above, after taking away what is explained already.

        As a normal value would have them: sums of few costs have a long upper tail. They are distributed
        about as gamma, whose cube root is about normal (Wilson and Hilferty). Where less than one deviation
        is usual, they are counted as if that much were.
        """
        usual = np.maximum(self.expected, self.noise)
        ninth = (self.noise / usual) ** 2 / 9
        left = np.maximum(self.credits - explained, 0.0) / usual
        deviations: Floats = (np.cbrt(left) - (1 - ninth)) / np.sqrt(ninth)
        return deviations


def chance(burnt: Floats, requests: Floats) -> Floats:
    """Variance of a burn because its requests come and cost by chance: few and dear ones make it jumpy."""
    squares = burnt * burnt * _REQUEST_VARIANCE
    variance: Floats = np.divide(squares, requests, out=squares, where=requests > 0)
    return variance


def judge(burnt: Floats, seconds: float, expected: Expectation, by_chance: Floats) -> Judgement:
    """Burn of a window of `seconds` against what is usual for it.

    Noise is what earlier expectations were off by, plus chance: as the usual number of requests makes it, or
    as the window's own mix of cheap and dear requests does at the usual level (`by_chance` is the variance at
    the present one), whichever is larger.
    """
    weight = np.divide(
        _REQUEST_VARIANCE * burnt**2, by_chance, out=np.full_like(burnt, np.inf), where=by_chance > 0
    )
    level = np.divide(expected.credits, burnt, out=np.ones_like(burnt), where=burnt > expected.credits)
    as_usual = by_chance * np.maximum(level, _LEAST_LEVEL)
    usual_chance = np.maximum(chance(expected.credits, expected.requests), as_usual)
    noise = np.sqrt((expected.spread * expected.credits) ** 2 + usual_chance)
    # Nothing expected and nothing burnt: one millionth keeps deviations finite.
    return Judgement(seconds, burnt, expected.credits, np.maximum(noise, 1e-6), weight)


def _window_sum(hours: Hours, values: Floats, start: float, end: float) -> Floats:
    """Sum of the usual rate over a window, the rate being linear between the middles of hours."""
    steps = max(1, round((end - start) / 300))
    points = start + (np.arange(steps) + 0.5) * (end - start) / steps
    position = (points - hours.start) / HOUR_S - 0.5
    left = np.floor(position).astype(np.int64)
    columns, index = np.unique(np.concatenate([left, left + 1]), return_inverse=True)
    usual = np.nan_to_num(_usual(values, columns))
    part = position - left
    rate = usual[:, index[:steps]] * (1 - part) + usual[:, index[steps:]] * part
    summed: Floats = rate.mean(axis=1) * (end - start) / HOUR_S
    return summed


def _usual(values: Floats, columns: NDArray[np.int64]) -> Floats:
    """Median of the same hour of the week in earlier weeks; without one, the highest of earlier days.

    The highest, since without a week of history nobody knows yet which days are quiet.
    """
    weeks = np.arange(1, WEEKS + 1) * WEEK_H
    usual = nan_median(at_columns(values, columns[:, None] - weeks))
    missing = np.isnan(usual)
    if missing.any():
        days = np.arange(1, 7) * DAY_H
        earlier = at_columns(values, columns[:, None] - days)
        highest = np.max(np.where(np.isnan(earlier), -1.0, earlier), axis=-1)
        usual = np.where(missing & (highest >= 0), highest, usual)
    return usual


def _spread(hours: Hours, column: int) -> Floats:
    """Relative noise of an hour around `column`: how far off expectations were there in the last days."""
    around = column + np.array([-1, 0, 1])
    columns = (around[None, :] - DAY_H * np.arange(1, _LATELY_D + 1)[:, None]).ravel()
    usual = _usual(hours.credits, columns)
    actual = at_columns(hours.credits, columns)
    off = np.divide(actual, usual, out=np.full_like(usual, np.nan), where=usual > 0) - 1.0
    known = (~np.isnan(off)).sum(axis=1)
    middle = np.nan_to_num(nan_median(off))
    mad = np.nan_to_num(nan_median(np.abs(off - middle[:, None]))) * _MAD_TO_SIGMA
    high = np.nan_to_num(_nan_quantile(off, 0.9)) * _Q90_TO_SIGMA
    spread = np.maximum(np.maximum(mad, high), _MIN_SPREAD)
    return np.where(known >= _MIN_SAMPLES, spread, np.maximum(spread, _UNKNOWN_SPREAD))


def at_columns(values: Floats, columns: NDArray[np.int64]) -> Floats:
    """Columns by number, NaN outside."""
    width = values.shape[1]
    inside = (columns >= 0) & (columns < width)
    picked = values[:, np.clip(columns, 0, max(width - 1, 0))]
    return np.where(inside, picked, np.nan)


def nan_median(values: Floats) -> Floats:
    """Median along the last axis without the NaNs; NaN where there is nothing. Faster than numpy's."""
    ordered = np.sort(values, axis=-1)  # NaNs go last
    count = (~np.isnan(values)).sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)
    high = np.minimum(np.maximum(count // 2, 0), values.shape[-1] - 1)
    return (_pick(ordered, low) + _pick(ordered, high)) / 2


def _nan_quantile(values: Floats, share: float) -> Floats:
    ordered = np.sort(values, axis=-1)
    count = (~np.isnan(values)).sum(axis=-1)
    return _pick(ordered, np.maximum(np.ceil(share * count).astype(np.int64) - 1, 0))


def _pick(ordered: Floats, index: NDArray[np.int64]) -> Floats:
    picked: Floats = np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0]
    return picked
