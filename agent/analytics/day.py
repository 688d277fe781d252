"""How a local day goes: what of it is burnt by a time of day. Pure; amounts are nano-credits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HOUR_S = 3_600
_WEEKEND = (6, 0)  # a day's number modulo 7
_ALIKE = 3  # days of the same sort, before these alone say how a day goes


@dataclass(frozen=True, slots=True)
class DayPart:
    """A day that is over: what it had burnt at some time of day, and as a whole."""

    number: int  # counts days, so that number % 7 is the weekday
    so_far_nano: int
    whole_nano: int


def by_now(days: Sequence[DayPart], today: int, forecast_nano: int) -> int | None:
    """What the day's forecast would have burnt by now, if the day went as earlier ones; None without any.

    Of the same sort, working days or weekends, where enough of them are known.
    """
    known = [day for day in days if day.whole_nano > 0]
    alike = [day for day in known if _is_weekend(day.number) == _is_weekend(today)]
    chosen = alike if len(alike) >= _ALIKE else known
    if not chosen:
        return None
    return forecast_nano * sum(day.so_far_nano for day in chosen) // sum(day.whole_nano for day in chosen)


def within(hours: Mapping[int, int], start: int, end: int) -> int:
    """The amount of [start, end) from amounts by hour; hours that are cut give their share of time."""
    return sum(
        nano * (min(end, hour + HOUR_S) - max(start, hour)) // HOUR_S
        for hour, nano in hours.items()
        if hour + HOUR_S > start and hour < end
    )


def _is_weekend(number: int) -> bool:
    return number % 7 in _WEEKEND
