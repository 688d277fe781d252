"""What an event of a calendar says of its repetition: RRULE, RDATE and EXDATE."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from agent.telemetry.changes.ical_times import PropertyError, instant_of, moment, moment_of
from agent.telemetry.changes.repeats import Rule, Series

if TYPE_CHECKING:
    from icalendar import Event

REPEATS = ("RRULE", "RDATE", "EXRULE")
OF_SERIES = (*REPEATS, "EXDATE")
"""Where one of these is bad, the event still has its first time."""
_STEPS_S = {"MINUTELY": 60, "HOURLY": 3_600, "DAILY": 86_400, "WEEKLY": 7 * 86_400}
_MOST_STEPS = 1_000_000  # further apart than that nothing is that anybody plans


def series_of(event: Event, zone: datetime.tzinfo) -> Series | None:
    """The repetition of an event that has a good DTSTART; None where it happens once."""
    if not any(name in event for name in REPEATS):
        return None
    for name, problem in event.errors:
        if name in OF_SERIES:
            raise PropertyError(name, str(problem))
    if "EXRULE" in event:
        raise PropertyError("EXRULE", "rules of what is left out are not read")
    first = moment(event, "DTSTART", zone)
    assert first is not None and first.tzinfo is not None
    clock = first.tzinfo
    left_out = list(_listed(event, "EXDATE", clock, zone))
    return Series(
        first=first.replace(tzinfo=None),
        zone=clock,
        rules=tuple(_rule(each, clock) for each in _all(event, "RRULE")),
        added=frozenset(at for at, _ in _listed(event, "RDATE", clock, zone)),
        left_out=frozenset(at for at, day in left_out if day is None),
        left_out_days=frozenset(day for _, day in left_out if day is not None),
    )


def _all(event: Event, name: str) -> list[Any]:
    value: Any = event.get(name, [])
    return value if isinstance(value, list) else [value]


def _listed(
    event: Event, name: str, clock: datetime.tzinfo, zone: datetime.tzinfo
) -> Iterator[tuple[int, datetime.date | None]]:
    """The times that a property lists, with the day where it is a day. Of a period its begin is meant."""
    for line in _all(event, name):
        named = str(line.params.get("TZID", ""))
        for each in line.dts:
            found = each.dt[0] if isinstance(each.dt, tuple) else each.dt
            day = found if not isinstance(found, datetime.datetime) else None
            yield instant_of(moment_of(found, named, name, clock if day else zone), name), day


def _rule(said: Mapping[str, Any], clock: datetime.tzinfo) -> Rule:
    """A rule, with its end by the clock of the series."""
    parts = {name.upper(): value for name, value in said.items()}
    until, count = (parts.pop(name, [None])[0] for name in ("UNTIL", "COUNT"))
    every = int(parts.get("INTERVAL", [1])[0])
    if not 0 < every <= _MOST_STEPS:
        raise PropertyError("RRULE", f"INTERVAL={every} is not between 1 and {_MOST_STEPS:,}")
    if count is not None and int(count) < 1:
        raise PropertyError("RRULE", f"COUNT={count} is not 1 or more")
    if "FREQ" not in parts:
        raise PropertyError("RRULE", "it does not say how often: FREQ is missing")
    frequency = str(parts["FREQ"][0]).upper()
    if "BYEASTER" in parts:
        raise PropertyError("RRULE", "BYEASTER is no part of a rule")
    if frequency == "SECONDLY":
        raise PropertyError("RRULE", "it repeats by the second, which no release does")
    if "BYSETPOS" in parts and frequency in ("MINUTELY", "HOURLY"):
        # Where no hour has such a place, each one up to the year 9999 would be looked at.
        raise PropertyError("RRULE", "BYSETPOS picks among days, and not within an hour or a minute")
    return Rule(
        text=type(said)(parts).to_ical().decode(),  # type: ignore[call-arg, attr-defined]
        step_s=_STEPS_S.get(frequency, 0) * every,
        count=None if count is None else int(count),
        until=None if until is None else _by_clock(until, clock),
    )


def _by_clock(until: datetime.date, clock: datetime.tzinfo) -> datetime.datetime:
    """The end of a rule by the clock of the series; a day ends it with its last second."""
    if not isinstance(until, datetime.datetime):
        return datetime.datetime.combine(until, datetime.time(23, 59, 59))
    return until if until.tzinfo is None else until.astimezone(clock).replace(tzinfo=None)
