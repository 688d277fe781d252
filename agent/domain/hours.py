"""Hours of the week as people write them: `08:00-18:00`, `mon-fri 08:00-18:00`, `sat,sun`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHAPE = re.compile(
    r"(?P<days>[a-z,-]+)?\s*(?:(?P<from>\d\d:\d\d)\s*-\s*(?P<until>\d\d:\d\d))?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Days of the week (0 is Monday) and a stretch of the day, past midnight where its end comes first."""

    days: frozenset[int]
    start: time
    end: time  # 00:00 is the end of the day

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Raises `ValueError` saying how hours are written."""
        match = _SHAPE.fullmatch(text.strip())
        if match is None or not text.strip():
            raise ValueError(f"{text!r} is not written like 'mon-fri 08:00-18:00'")
        try:
            days = _days(match["days"].lower()) if match["days"] else frozenset(range(7))
            start = time.fromisoformat(match["from"] or "00:00")
            end = time.fromisoformat("00:00" if match["until"] in (None, "24:00") else match["until"])
        except ValueError:
            raise ValueError(f"{text!r} is not written like 'mon-fri 08:00-18:00'") from None
        return cls(days, start, end)

    def contain(self, local: datetime) -> bool:
        """Whether an instant, in the time zone that is meant, lies within. A night belongs to its evening."""
        now = local.time()
        if self.end == time() or self.start < self.end:
            return (
                local.weekday() in self.days and self.start <= now and (self.end == time() or now < self.end)
            )
        if now >= self.start:
            return local.weekday() in self.days
        return now < self.end and (local.weekday() - 1) % 7 in self.days


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start, end = _DAYS.index(first), _DAYS.index(last if dash else first)
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(found)
