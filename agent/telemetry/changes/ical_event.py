"""What an event of a calendar is as a change: when it is, what it is called, and what it is about."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from agent.domain.change import Change, ChangeKind, one_line, scope_of, titled
from agent.telemetry.changes.ical_series import OF_SERIES
from agent.telemetry.changes.ical_times import PropertyError, instant, is_day

if TYPE_CHECKING:
    from icalendar import Event

    from agent.telemetry.changes.repeats import Series

_SCOPES = ("team", "project", "service")
_MOST_URL = 500


def change_of(event: Event, ident: str, source: str, zone: datetime.tzinfo) -> Change:
    """The change that an event is, at its first time; `PropertyError` for what cannot be taken."""
    for name, problem in event.errors:
        if name not in OF_SERIES:
            raise PropertyError(name or "a line", str(problem))
    at = instant(event, "DTSTART", zone)
    if at is None:
        raise PropertyError("DTSTART", "the event does not say when it is")
    title = one_line(str(event.get("SUMMARY", "")))
    if not title:
        raise PropertyError("SUMMARY", "the event has no title")
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


def _until(event: Event, at: int, zone: datetime.tzinfo) -> int | None:
    """The end, by DTEND or DURATION; a day without either lasts a day, an instant no time at all."""
    end = instant(event, "DTEND", zone)
    if end is None and "DURATION" in event:
        lasts = getattr(event["DURATION"], "dt", None)
        if not isinstance(lasts, datetime.timedelta):
            raise PropertyError("DURATION", f"{event['DURATION']!s:.40} is no stretch of time")
        end = at + int(lasts.total_seconds())
    if end is None and is_day(event, "DTSTART"):
        end = at + 86_400
    if end is not None and end < at:
        raise PropertyError("DTEND", "the event ends before it begins")
    return None if end == at else end


def lasting(event: Event, first: Change, series: Series) -> Callable[[int], int | None]:
    """When a time of a series ends: so many days later by the clock, else as long after as the first one."""
    if first.until is None:
        return lambda at: None
    lasts = first.until - first.at
    if not is_day(event, "DTSTART"):
        return lambda at: at + lasts
    return lambda at: series.later(at, days=round(lasts / 86_400))


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
