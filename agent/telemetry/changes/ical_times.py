"""Times as properties of a calendar's event have them: with a zone, without one, and whole days."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from agent.domain.change import Instant

if TYPE_CHECKING:
    from icalendar import Event


class PropertyError(ValueError):
    """A property of an event that cannot be taken."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


def moment_of(moment: object, named: str, name: str, zone: datetime.tzinfo) -> datetime.datetime:
    """A time with its zone, where `named` is the zone that the property `name` tells of.

    A day begins at midnight in `zone`; so is a time read that names no zone.
    """
    if not isinstance(moment, datetime.date):
        raise PropertyError(name, "it is no day and no time")
    if not isinstance(moment, datetime.datetime):
        return datetime.datetime(moment.year, moment.month, moment.day, tzinfo=zone)
    if moment.tzinfo is None and named:
        raise PropertyError(name, f"the time zone {named!r} is not known")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def moment(event: Event, name: str, zone: datetime.tzinfo) -> datetime.datetime | None:
    """The time of a property; None where it has none."""
    value: Any = event.get(name)
    if value is None:
        return None
    if isinstance(value, list):
        raise PropertyError(name, "it is there twice")
    found = getattr(value, "dt", None)
    return moment_of(found, str(value.params.get("TZID", "")), name, zone)


def instant_of(moment: datetime.datetime, name: str) -> int:
    """A time as UTC epoch seconds."""
    try:
        return int(Instant.parse(moment))
    except ValueError as error:
        raise PropertyError(name, str(error)) from None


def instant(event: Event, name: str, zone: datetime.tzinfo) -> int | None:
    """The time of a property as UTC epoch seconds; None where it has none."""
    found = moment(event, name, zone)
    return None if found is None else instant_of(found, name)


def is_day(event: Event, name: str) -> bool:
    """Whether a property is a whole day."""
    return not isinstance(getattr(event.get(name), "dt", None), datetime.datetime)
