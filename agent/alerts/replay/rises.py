"""The largest rises of the past, labelled by nobody: hours far above the same hour of the weeks before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from agent.alerts.replay.caps import Within, scope_of
from agent.alerts.replay.run import pages, tickets
from agent.analytics.detector import HOUR_S, WEEK_H, WEEKS, Floats, at_columns, nan_median
from agent.domain.alert import Alert
from agent.domain.allocation import Scope, ScopeKind

MOST = 10
BEFORE_S = WEEKS * WEEK_H * HOUR_S
"""How much of the past before the first hour says what is usual."""
_LARGE = 0.25  # above usual, relative: what is less is an ordinary busy hour
_UNUSUAL = 4  # times how far its hours usually are from usual: what is less is its noise
_MOST_OF_IT = 0.5  # a key that makes so much of its team's rise is the one to name
_SIGMA = 1.4826  # of a normal distribution, by its median deviation
_LATE_S = 2 * HOUR_S  # an alert later than this after the end of a rise is not about it
_NANO = 10**9


@dataclass(frozen=True, slots=True)
class Rise:
    """Hours in a row in which a team or a key burnt far more than usual."""

    scope: Scope
    start: int
    end: int
    excess_nano: int


def largest_rises(
    hours: Mapping[Scope, Mapping[int, int]], start: int, end: int, within: Within, most: int = MOST
) -> list[Rise]:
    """The rises in `[start, end)` with the most credits above usual, the largest first.

    `hours` has nano-credits by hour, with four weeks before `start`. An hour of which no week before is
    known is no rise. Of a team and a key of it only one is told of at a time: the key where it makes most.
    """
    found = [rise for scope, known in hours.items() for rise in _of_scope(scope, known, start, end)]
    found.sort(key=_largest_first)
    chosen: list[Rise] = []
    for rise in found:
        if len(chosen) == most:
            break
        if rise not in chosen and not any(_same(rise, other, within) for other in chosen):
            chosen.append(_maker(rise, found, within))
    return sorted(chosen, key=_largest_first)


def caught(rise: Rise, fired: Iterable[Alert], within: Within) -> bool:
    """Whether somebody was told when it rose: of its scope, a part of it, or what holds it.

    An alert that had been open for long says nothing of it, and a line in a digest is read too late.
    """
    return any(
        (pages(alert) or tickets(alert)) and _in_time(rise, alert) and _about(rise, alert, within)
        for alert in fired
    )


def _of_scope(scope: Scope, known: Mapping[int, int], start: int, end: int) -> Iterable[Rise]:
    first = start - BEFORE_S
    count = (end - first) // HOUR_S
    values = np.full((1, count), np.nan)
    born = min(known, default=end)
    values[0, max(0, (born - first) // HOUR_S) :] = 0.0
    for hour, nano in known.items():
        if first <= hour < end:
            values[0, (hour - first) // HOUR_S] = nano / _NANO
    columns = np.arange((start - first) // HOUR_S, count)
    weeks = np.arange(1, WEEKS + 1) * WEEK_H
    usual = nan_median(at_columns(values, columns[:, None] - weeks))[0]
    excess = np.nan_to_num(values[0, columns] - usual)
    high = (excess > _bound(excess, usual) * np.nan_to_num(usual)) & ~np.isnan(usual) & (excess > 0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], high, [False]])))
    for low, top in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        burnt = round(float(excess[low:top].sum()) * _NANO)
        yield Rise(scope, start + low * HOUR_S, start + top * HOUR_S, burnt)


def _bound(excess: Floats, usual: Floats) -> float:
    """How far above usual is a rise, relative: above the growth of a series, and above its noise."""
    known = usual > 0
    if not known.any():
        return _LARGE
    relative = excess[known] / usual[known]
    middle = float(np.median(relative))
    noise = _SIGMA * float(np.median(np.abs(relative - middle)))
    return min(max(middle, 0.0), _LARGE) + max(_LARGE, _UNUSUAL * noise)


def _largest_first(rise: Rise) -> int:
    return -rise.excess_nano


def _maker(rise: Rise, others: Iterable[Rise], within: Within) -> Rise:
    """The largest rise inside another that makes most of it, or the other itself."""
    least = _MOST_OF_IT * rise.excess_nano
    inside = (each for each in others if each.excess_nano >= least and _at_once(each, rise))
    return next((each for each in inside if within(each.scope, rise.scope)), rise)


def _same(one: Rise, other: Rise, within: Within) -> bool:
    return _at_once(one, other) and (within(one.scope, other.scope) or within(other.scope, one.scope))


def _at_once(one: Rise, other: Rise) -> bool:
    return one.start < other.end and other.start < one.end


def _in_time(rise: Rise, alert: Alert) -> bool:
    return alert.fired_at is not None and rise.start <= alert.fired_at <= rise.end + _LATE_S


def _about(rise: Rise, alert: Alert, within: Within) -> bool:
    if rise.scope.kind is ScopeKind.TEAM and alert.signal.team == rise.scope.value:
        return True
    other = scope_of(alert)
    if other is None:
        return True  # a model's rise is somebody's
    return other == rise.scope or within(other, rise.scope) or within(rise.scope, other)
