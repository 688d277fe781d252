"""Releases in an iCalendar text: events one by one, so that a bad one costs no other."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from agent.domain.change import Change, change_id
from agent.telemetry.changes.ical_event import change_of, lasting
from agent.telemetry.changes.ical_series import series_of
from agent.telemetry.changes.ical_times import PropertyError, instant
from agent.telemetry.changes.repeats import MOST, RepeatError, Window

if TYPE_CHECKING:
    from icalendar import Event

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
    unread: set[str] = field(default_factory=set)  # ids of what was refused: as it was known, it stays


@dataclass(frozen=True, slots=True)
class _Listed:
    """An event, and where it stands."""

    line: int
    raw: str
    event: Event

    @property
    def uid(self) -> str:
        return str(self.event.get("UID", "")).strip()

    @property
    def apart(self) -> bool:
        """Whether it is one time of a series that differs from the others."""
        return "RECURRENCE-ID" in self.event


def read_calendar(text: str, source: str, zone: ZoneInfo, window: Window) -> CalendarText:
    """The events of a calendar; what repeats is listed once for each time within the window.

    `zone` is where times are that name none. `ValueError` where it is no calendar.
    """
    from icalendar import Calendar, Event

    lines = _LINE_END.split(text.lstrip("\ufeff"))
    blocks, around = _taken_apart(lines)
    found = CalendarText()
    try:
        # The time zones of the calendar are known by their names from here on.
        Calendar.from_ical("\r\n".join(around) + "\r\n")
    except Exception as error:  # noqa: BLE001 - whatever the library stumbles over, the events may be good
        found.refused.append(Refusal(1, "VCALENDAR", str(error), ""))
    listed = []
    for number, block in blocks:
        raw = "\n".join(block)
        try:
            event = cast("Event", Event.from_ical("\r\n".join(block) + "\r\n"))
        except Exception as error:  # noqa: BLE001 - whatever the library stumbles over, it is this event
            found.refused.append(Refusal(number, "VEVENT", str(error), raw))
            continue
        listed.append(_Listed(number, raw, event))
    reading = _Reading(source, zone, window, found)
    reading.take(listed)
    return found


@dataclass(slots=True)
class _Reading:
    """The events of one calendar on their way into changes."""

    source: str
    zone: ZoneInfo
    window: Window
    found: CalendarText
    firsts: dict[str, int] = field(default_factory=dict)  # when each event begins, by its UID
    apart: dict[str, set[int]] = field(default_factory=dict)  # times that have an event of their own

    def take(self, listed: Iterable[_Listed]) -> None:
        """All events; the times that differ from their series before it."""
        ordered = sorted(listed, key=lambda each: not each.apart)
        for each in ordered:
            with suppress(Exception):  # whoever is bad is refused below
                if not each.apart and (at := instant(each.event, "DTSTART", self.zone)) is not None:
                    self.firsts.setdefault(each.uid, at)
        for each in ordered:
            self._take(each)
        self.found.refused.sort(key=lambda refusal: refusal.line)

    def _take(self, listed: _Listed) -> None:
        ident, event = "", listed.event
        try:
            _check_named_once(event)
            original = instant(event, "RECURRENCE-ID", self.zone)
            ident = self._ident(listed.uid, original)
            change = change_of(event, ident, self.source, self.zone)
        except PropertyError as error:
            self._refuse(listed, error.name, str(error), ident)
            self._keep_times(listed)
            return
        except Exception as error:  # noqa: BLE001 - an oddity that nobody has thought of costs no other event
            self._refuse(listed, "VEVENT", f"it cannot be read: {type(error).__name__}", ident)
            self._keep_times(listed)
            return
        if original is not None:
            self.apart.setdefault(listed.uid, set()).add(original)
            if str(event["RECURRENCE-ID"].params.get("RANGE", "")):
                reason = "a change of all later times is read of this one only"
                self._refuse(listed, "RECURRENCE-ID", reason, ident)
        times = [change] if original is not None else self._times(listed, change)
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            self.found.cancelled.update(each.id for each in times)
        else:
            self.found.changes += times

    def _times(self, listed: _Listed, first: Change) -> list[Change]:
        """A change for each time of an event; the first one alone where its repetition cannot be read."""
        try:
            series = series_of(listed.event, self.zone)
            if series is None:
                return [first]
            series = replace(series, left_out=series.left_out | self.apart.get(listed.uid, set()))
            times = series.times(self.window)
        except PropertyError as error:
            self._refuse(listed, error.name, f"{error}; only its first time is kept", first.external_id)
            return [first]
        except RepeatError as error:
            self._refuse(listed, "RRULE", str(error), first.external_id)
            return [first]
        except Exception as error:  # noqa: BLE001 - nor does an odd rule
            reason = f"its repetition cannot be read: {type(error).__name__}; only its first time is kept"
            self._refuse(listed, "RRULE", reason, first.external_id)
            return [first]
        if times.cut:
            reason = f"it happens more than {MOST:,} times in the days that are read: those near now are kept"
            self._refuse(listed, "RRULE", reason, "")
        until = lasting(listed.event, first, series)
        return [
            replace(first, at=at, until=until(at), external_id=self._ident(listed.uid, at)) for at in times.at
        ]

    def _keep_times(self, listed: _Listed) -> None:
        """Whatever was known of the times of an event that is refused, stays."""
        with suppress(Exception):  # it is refused already
            series = None if listed.apart else series_of(listed.event, self.zone)
            times = series.times(self.window).at if series else ()
            self.found.unread.update(change_id(self.source, self._ident(listed.uid, at)) for at in times)

    def _ident(self, uid: str, original: int | None) -> str:
        """What the calendar calls one time of an event: the first one, as if it were alone, by the UID."""
        if not uid or original is None or original == self.firsts.get(uid):
            return uid
        return f"{uid} {datetime.datetime.fromtimestamp(original, datetime.UTC):%Y%m%dT%H%M%SZ}"

    def _refuse(self, listed: _Listed, name: str, reason: str, ident: str) -> None:
        known = change_id(self.source, ident) if ident else ""
        if known:
            self.found.unread.add(known)
        self.found.refused.append(Refusal(listed.line, name, reason, listed.raw, known))


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


def _check_named_once(event: Event) -> None:
    for name in ("UID", "RECURRENCE-ID"):
        if isinstance(event.get(name), list):
            raise PropertyError(name, "it is there twice")
