"""When an event that repeats happens, inside a window of time. Pure; nothing here ends later than it must."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_DAY_S = 86_400
MOST = 1_000
"""Times of one event that are kept; where it has more of them, those nearest to now."""
BACK_S, AHEAD_S = 35 * _DAY_S, 92 * _DAY_S
"""What plots and comparisons look back at, and a quarter ahead."""
_LOOKED_AT = 50_000  # times before the window that a rule with a count, or of months, is followed through
# The calendar is the same after 400 years, weekdays too. Rules are followed so far ahead because dateutil
# looks for the next time up to the year 9999, whatever the end: of a rule that has none that takes seconds.
_FORWARD = datetime.timedelta(days=19 * 146_097)
_FAR = "it repeats too often before the days that are read: only its first time is kept"
_SLACK = datetime.timedelta(hours=3)  # the clock of a zone may jump between its times and the window


class RepeatError(ValueError):
    """A repetition that cannot be followed."""


@dataclass(frozen=True, slots=True)
class Window:
    """What of a series is wanted: [start, end) around now, in UTC epoch seconds."""

    start: int
    now: int
    end: int

    @classmethod
    def around(cls, now: int) -> Window:
        """The window that calendars are read in."""
        return cls(now - BACK_S, now, now + AHEAD_S)

    def holds(self, at: int) -> bool:
        """Whether an instant lies in it."""
        return self.start <= at < self.end

    def halved(self) -> Window:
        """The half that is nearer to now."""
        return Window(
            self.now - (self.now - self.start) // 2, self.now, self.now + (self.end - self.now) // 2
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE. Its end is kept apart: the window is often nearer."""

    text: str  # FREQ=WEEKLY;BYDAY=MO
    step_s: int  # after which it goes on alike; 0 for months and years, which are not equally long
    count: int | None = None
    until: datetime.datetime | None = None  # the last time that it may have, by the clock of the series


@dataclass(frozen=True, slots=True)
class Times:
    """When a series happens within a window."""

    at: tuple[int, ...]  # UTC epoch seconds, in order
    cut: bool = False  # there are more than are kept


@dataclass(frozen=True, slots=True)
class Series:
    """An event that repeats by the clock of a zone: nine o'clock stays nine o'clock when summer begins."""

    first: datetime.datetime  # by that clock, without a zone
    zone: datetime.tzinfo
    rules: tuple[Rule, ...] = ()
    added: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()
    left_out_days: frozenset[datetime.date] = frozenset()

    def times(self, window: Window) -> Times:
        """When it happens; `RepeatError` for a rule that is none, or happens all the time."""
        found, cut = self._within(window), False
        while len(found) > MOST:
            if window.end - window.start <= _DAY_S:
                raise RepeatError(f"it happens more than {MOST:,} times a day: only the first time is kept")
            window, cut = window.halved(), True
            found = self._within(window)
        return Times(tuple(found), cut)

    def instant(self, moment: datetime.datetime) -> int:
        """The instant of a time by the clock; one that the clock skips is as long after the last one."""
        return int(moment.replace(tzinfo=self.zone).timestamp())

    def later(self, at: int, *, days: int) -> int:
        """The same time of a later day."""
        return self.instant(self._clock(at) + datetime.timedelta(days=days))

    def _within(self, window: Window) -> list[int]:
        """Its times in a window; of every rule one more than are kept, at most."""
        found = {at for at in (self.instant(self.first), *self.added) if window.holds(at)}
        for rule in self.rules:
            found.update(islice(self._followed(rule, window), MOST + 1))
        return sorted(filter(self._happens, found))

    def _followed(self, rule: Rule, window: Window) -> Iterator[int]:
        """What a rule says, from the window's start on. The first time counts as one in any case."""
        start = self.first
        if rule.count is None:
            start = _later(start, rule.step_s, self._clock(window.start) - _SLACK)
        end = self._clock(window.end) + _SLACK
        end = end if rule.until is None else min(end, rule.until)
        if end < start:
            return
        count = rule.count
        for place, moment in enumerate(_parsed(rule.text, start, end)):
            if place == 0 and count is not None and moment != start:
                count -= 1
            if count is not None and place >= count:
                return
            if place >= _LOOKED_AT:
                raise RepeatError(_FAR)
            at = self.instant(moment)
            if window.holds(at) and self._happens(at):
                yield at

    def _happens(self, at: int) -> bool:
        if at in self.left_out:
            return False
        return not self.left_out_days or self._clock(at).date() not in self.left_out_days

    def _clock(self, at: int) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(at, self.zone).replace(tzinfo=None)


def _later(first: datetime.datetime, step_s: int, wanted: datetime.datetime) -> datetime.datetime:
    """A later start from which a rule goes on alike, not after `wanted`: from 2001 every second is far."""
    if not step_s or wanted <= first:
        return first
    step = datetime.timedelta(seconds=step_s)
    return first + max(0, (wanted - first) // step - 1) * step


def _parsed(text: str, start: datetime.datetime, end: datetime.datetime) -> Iterator[datetime.datetime]:
    """The times of a rule. Whoever waits for a 30th of February is given up at the end of the calendar."""
    from dateutil.rrule import rrulestr

    until = f"{end + _FORWARD:%Y%m%dT%H%M%S}"
    try:
        rule = rrulestr(f"{text};UNTIL={until}", dtstart=start + _FORWARD)
    except (ValueError, TypeError, OverflowError, KeyError, IndexError) as error:
        raise RepeatError(f"{text[:60]} is no rule that can be followed: {error}") from None
    return (moment - _FORWARD for moment in rule)
