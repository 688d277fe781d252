"""Is it unusual that nothing arrives? From the hours in which data used to come. Pure."""

from __future__ import annotations

from collections.abc import Collection

HOUR_S = 3_600
DAY_S = 86_400
WEEK_S = 7 * DAY_S
_WEEKS = 4
_DAYS = 6
_LEAST_DAYS = 3
_MOSTLY = 0.75  # of the earlier days
_SECONDS_OF_WEEKEND = 2 * DAY_S
_FIRST_SATURDAY = 2 * DAY_S  # 1970-01-01 was a Thursday


def silent_since(hours: Collection[int], now: int) -> int | None:
    """Since when data is missing that used to come at this time; None where quiet is usual, or unknown.

    `hours` are the starts of hours with data. Compared are the same hours of earlier weeks, or of earlier
    days of the same sort while no week is known.
    """
    if not hours:
        return None
    known, first, last = frozenset(hours), min(hours), max(hours)
    quiet = range(last + HOUR_S, now // HOUR_S * HOUR_S, HOUR_S)
    if not quiet:
        return None
    begun = quiet[0]
    weeks = [back for back in range(WEEK_S, (_WEEKS + 1) * WEEK_S, WEEK_S) if begun - back >= first]
    days = [
        back
        for back in range(DAY_S, (_DAYS + 1) * DAY_S, DAY_S)
        if begun - back >= first and _weekend(begun - back) == _weekend(begun)
    ]
    compared = weeks or (days if len(days) >= _LEAST_DAYS else [])
    if not compared:
        return None
    # Hours that are themselves of the silence say nothing of what is usual.
    came = sum(any(hour - back in known for hour in quiet if hour - back < begun) for back in compared)
    return begun if came >= _MOSTLY * len(compared) else None


def _weekend(at: int) -> bool:
    return (at - _FIRST_SATURDAY) % WEEK_S < _SECONDS_OF_WEEKEND
