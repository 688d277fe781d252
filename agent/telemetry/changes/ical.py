"""Releases in an iCalendar text: events one by one, so that a bad one costs no other."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from agent.domain.change import Change, ChangeKind, Instant, change_id, one_line, scope_of, titled

if TYPE_CHECKING:
    from icalendar import Event

_SCOPES = ("team", "project", "service")
_REPEATS = ("RRULE", "RDATE")
_MOST_URL = 500
_LINE_END = re.compile(r"\r\n|\r|\n")  # what `splitlines` also takes for an end may stand in a title


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that could not be taken, or not wholly: where it begins, which property, and why."""

    line: int
    field: str
    reason: str
    raw: str
    id: str = ""  # of the change that it would be; empty where not even that is known


@dataclass(slots=True)
class CalendarText:
    """What a calendar says."""

    changes: list[Change] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)  # ids of changes that were taken back


class _PropertyError(ValueError):
    """A property of an event that cannot be taken."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


def read_calendar(text: str, source: str, zone: ZoneInfo) -> CalendarText:
    """The events of a calendar; `zone` is where times are that name none. `ValueError` where it is none."""
    from icalendar import Calendar, Event

    lines = _LINE_END.split(text.lstrip("\ufeff"))
    events, around = _taken_apart(lines)
    found = CalendarText()
    try:
        # The time zones of the calendar are known by their names from here on.
        Calendar.from_ical("\r\n".join(around) + "\r\n")
    except Exception as error:  # noqa: BLE001 - whatever the library stumbles over, the events may be good
        found.refused.append(Refusal(1, "VCALENDAR", str(error), ""))
    for number, block in events:
        raw = "\n".join(block)
        try:
            event = cast("Event", Event.from_ical("\r\n".join(block) + "\r\n"))
        except Exception as error:  # noqa: BLE001 - whatever the library stumbles over, it is this event
            found.refused.append(Refusal(number, "VEVENT", str(error), raw))
            continue
        ident = ""
        try:
            ident = _ident(event)
            change = _change(event, ident, source, zone)
        except _PropertyError as error:
            known = change_id(source, ident) if ident else ""
            found.refused.append(Refusal(number, error.name, str(error), raw, known))
            continue
        except Exception as error:  # noqa: BLE001 - an oddity that nobody has thought of costs no other event
            problem = f"it cannot be read: {type(error).__name__}"
            found.refused.append(Refusal(number, "VEVENT", problem, raw))
            continue
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            found.cancelled.add(change.id)
            continue
        found.changes.append(change)
        if repeats := next((name for name in _REPEATS if name in event), ""):
            reason = "repetitions are not read, only the first time: give each release an event of its own"
            found.refused.append(Refusal(number, repeats, reason, raw, change.id))
    return found


def _taken_apart(lines: list[str]) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Events with the line that each begins in, and everything around them."""
    marks = [line.strip().upper() for line in lines]
    if "BEGIN:VCALENDAR" not in marks:
        raise ValueError("it has no BEGIN:VCALENDAR, so it is no calendar")
    if "END:VCALENDAR" not in marks:
        raise ValueError("it has no END:VCALENDAR, so it is cut off")
    events: list[tuple[int, list[str]]] = []
    around: list[str] = []
    inside: list[str] | None = None
    for number, (line, mark) in enumerate(zip(lines, marks, strict=True), 1):
        if mark == "BEGIN:VEVENT":
            inside = []
            events.append((number, inside))
        (around if inside is None else inside).append(line)
        if mark == "END:VEVENT":
            inside = None
    return events, around


def _ident(event: Event) -> str:
    """What the calendar calls the event; one of a series has its own time beside the name."""
    for name in ("UID", "RECURRENCE-ID"):
        if isinstance(event.get(name), list):
            raise _PropertyError(name, "it is there twice")
    uid = str(event.get("UID", "")).strip()
    again = event.get("RECURRENCE-ID")
    return f"{uid} {again.to_ical().decode()}" if uid and again is not None else uid


def _change(event: Event, ident: str, source: str, zone: ZoneInfo) -> Change:
    for name, problem in event.errors:
        raise _PropertyError(name or "a line", str(problem))
    at = _instant(event, "DTSTART", zone)
    if at is None:
        raise _PropertyError("DTSTART", "the event does not say when it is")
    title = one_line(str(event.get("SUMMARY", "")))
    if not title:
        raise _PropertyError("SUMMARY", "the event has no title")
    categories = _categories(event)
    named = _named(categories)
    kind, scope = scope_of(**named)
    return Change(
        at=at,
        until=_until(event, at, zone),
        source=source,
        kind=_kind(categories),
        title=one_line(titled(title, named.get("service", ""))),
        actor=one_line(str(event.get("ORGANIZER", "")).removeprefix("mailto:").removeprefix("MAILTO:")),
        scope_kind=kind,
        scope=scope,
        url=_url(str(event.get("URL", ""))),
        external_id=ident,
    )


def _until(event: Event, at: int, zone: ZoneInfo) -> int | None:
    """The end, by DTEND or DURATION; a day without either lasts a day, an instant no time at all."""
    end = _instant(event, "DTEND", zone)
    if end is None and "DURATION" in event:
        lasts = getattr(event["DURATION"], "dt", None)
        if not isinstance(lasts, datetime.timedelta):
            raise _PropertyError("DURATION", f"{event['DURATION']!s:.40} is no stretch of time")
        end = at + int(lasts.total_seconds())
    if end is None and not isinstance(getattr(event["DTSTART"], "dt", None), datetime.datetime):
        end = at + 86_400
    if end is not None and end < at:
        raise _PropertyError("DTEND", "the event ends before it begins")
    return None if end == at else end


def _instant(event: Event, name: str, zone: ZoneInfo) -> int | None:
    """The time of a property. A day begins at midnight in `zone`; so is a time read that names no zone."""
    value: Any = event.get(name)
    if value is None:
        return None
    if isinstance(value, list):
        raise _PropertyError(name, "it is there twice")
    moment = getattr(value, "dt", None)
    if not isinstance(moment, datetime.date):
        raise _PropertyError(name, "it is no day and no time")
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime(moment.year, moment.month, moment.day)
    if moment.tzinfo is None:
        if unknown := value.params.get("TZID"):
            raise _PropertyError(name, f"the time zone {str(unknown)!r} is not known")
        moment = moment.replace(tzinfo=zone)
    try:
        return int(Instant.parse(moment))
    except ValueError as error:
        raise _PropertyError(name, str(error)) from None


def _categories(event: Event) -> list[str]:
    """All categories: there may be several lines of them."""
    lines: Any = event.get("CATEGORIES", [])
    several = lines if isinstance(lines, list) else [lines]
    return [str(each).strip() for line in several for each in getattr(line, "cats", ())]


def _kind(categories: Iterable[str]) -> ChangeKind:
    """The kind that a category names; what stands in a calendar of releases is one."""
    known = {kind.value: kind for kind in ChangeKind}
    return next((known[each.lower()] for each in categories if each.lower() in known), ChangeKind.RELEASE)


def _named(categories: Iterable[str]) -> dict[str, str]:
    """What categories such as `team:search` say that the event is about."""
    return dict(_pairs(categories))


def _pairs(categories: Iterable[str]) -> Iterator[tuple[str, str]]:
    for each in categories:
        name, _, value = each.partition(":")
        if name.strip().lower() in _SCOPES and value.strip():
            yield name.strip().lower(), one_line(value)


def _url(text: str) -> str:
    return text if text.startswith(("https://", "http://")) and len(text) <= _MOST_URL else ""
