"""The calendar month of budgets, in the organization's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

_DAY_S = 86_400
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Month:
    """A month and the stretch of it that has passed, as the hours and UTC days that rollups have."""

    name: str  # 2026-11
    start: int  # epoch second of its first instant
    now: int

    @classmethod
    def at(cls, now: float, time_zone: str) -> Month:
        """The month that `now` lies in."""
        local = datetime.fromtimestamp(now, ZoneInfo(time_zone))
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        return cls(f"{first:%Y-%m}", int(first.timestamp()), int(now))

    @property
    def days(self) -> list[int]:
        """UTC days that lie in the month from their first instant on, the present one too."""
        first = -(-self.start // _DAY_S) * _DAY_S
        return list(range(first, self.now + 1, _DAY_S))

    @property
    def part(self) -> tuple[int, int]:
        """The part of an hour before the first of `hours`: some time zones are half an hour off."""
        return self.start, min(-(-self.start // _HOUR_S) * _HOUR_S, max(self.start, self.now))

    @property
    def hours(self) -> list[int]:
        """Whole hours of the month before the first of `days`: a time zone cuts a UTC day in two."""
        first_day = -(-self.start // _DAY_S) * _DAY_S
        return list(range(-(-self.start // _HOUR_S) * _HOUR_S, min(first_day, self.now + 1), _HOUR_S))
