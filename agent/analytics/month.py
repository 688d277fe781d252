"""The calendar month of budgets, in the organization's own time zone."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Month:
    """A month around an instant; instants are UTC epoch seconds."""

    start: int
    end: int
    today: int  # number of the local day, so that today % 7 is its weekday
    today_start: int
    today_end: int
    days_left: int  # whole days after today


def month_of(at: int, time_zone: str) -> Month:
    """The local month that an instant is in."""
    zone = ZoneInfo(time_zone)
    local = datetime.datetime.fromtimestamp(at, zone)
    first = local.date().replace(day=1)
    following = (first + datetime.timedelta(days=32)).replace(day=1)
    tomorrow = local.date() + datetime.timedelta(days=1)
    return Month(
        start=_midnight(first, zone),
        end=_midnight(following, zone),
        today=local.date().toordinal(),
        today_start=_midnight(local.date(), zone),
        today_end=_midnight(tomorrow, zone),
        days_left=(following - tomorrow).days,
    )


def day_number(at: int, time_zone: str) -> int:
    """The number of the local day that an instant is in."""
    return datetime.datetime.fromtimestamp(at, ZoneInfo(time_zone)).date().toordinal()


def day_start(number: int, time_zone: str) -> int:
    """The first instant of a local day."""
    return _midnight(datetime.date.fromordinal(number), ZoneInfo(time_zone))


def _midnight(day: datetime.date, zone: ZoneInfo) -> int:
    return int(datetime.datetime.combine(day, datetime.time(), zone).timestamp())
