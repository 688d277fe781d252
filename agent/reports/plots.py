"""The burn as two series, the last hour by minute and the last day by hour, beside what was usual."""

from __future__ import annotations

from agent.analytics.baseline import Expected, Seasonal, step_noise
from agent.ledger.kinds import Kind
from agent.reports.burn_report import Point, Series
from agent.reports.figure import per_minute
from agent.reports.layers import Truth
from agent.reports.moment import DAY, HOUR, MINUTE
from agent.reports.rolled import Rolled

POINTS = 60


def last_hour(rolled: Rolled, seasonal: Seasonal, at: int, truth: Truth) -> Series:
    """The sixty minutes up to an instant."""
    start = at - POINTS * MINUTE
    known = rolled.minutes(Kind.TOTAL, start, at).get(0, {})
    noise = step_noise([known.get(minute, 0) for minute in range(start, at, MINUTE)])
    first = min(known, default=at)
    points = []
    for minute in range(start, at, MINUTE):
        usual = seasonal.at(minute + MINUTE / 2, noise=noise)
        # Minutes without any row before the first known one are not known; later ones burnt nothing.
        nano = known.get(minute, 0) if minute >= first else None
        points.append(_point(minute, nano, MINUTE, usual))
    return Series(MINUTE, tuple(points), truth.layer)


def last_day(rolled: Rolled, seasonal: Seasonal, at: int, truth: Truth) -> Series:
    """The hours that end in the last day up to an instant; the last one may be cut by it."""
    last = (at - 1) // HOUR * HOUR
    start = last + HOUR - DAY
    known = rolled.hours(Kind.TOTAL, start, last).get(0, {})
    known[last] = rolled.total(last, at)
    first = min(known)
    points = []
    for hour in range(start, last + HOUR, HOUR):
        width = min(HOUR, at - hour)
        usual = seasonal.at(hour + width / 2)
        points.append(_point(hour, known.get(hour, 0) if hour >= first else None, width, usual))
    return Series(HOUR, tuple(points), truth.layer)


def _point(at: int, nano: int | None, width: int, usual: Expected | None) -> Point:
    return Point(
        at=at,
        value=None if nano is None else per_minute(nano, width),
        expected=None if usual is None else per_minute(usual.value, HOUR),
        low=None if usual is None else per_minute(usual.low, HOUR),
        high=None if usual is None else per_minute(usual.high, HOUR),
    )
