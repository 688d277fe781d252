"""Calendars of releases: times in every form, scopes by category, and bad events that cost no other."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.change import ChangeKind
from agent.telemetry.changes.ical import CalendarText, read_calendar
from agent.telemetry.changes.repeats import Window

BERLIN = ZoneInfo("Europe/Berlin")
WINDOW = Window.around(int(datetime.datetime(2026, 3, 10, tzinfo=datetime.UTC).timestamp()))
OUTLOOK = """BEGIN:VTIMEZONE
TZID:Head Office
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0200
TZOFFSETTO:+0200
END:STANDARD
END:VTIMEZONE
"""


def event(*lines: str, uid: str = "1", title: str = "SUMMARY:search-api 2.4.1") -> str:
    return "\n".join(("BEGIN:VEVENT", f"UID:{uid}", title, *lines, "END:VEVENT"))


def read(*events: str, around: str = "") -> CalendarText:
    text = "\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", around.strip(), *events, "END:VCALENDAR", ""))
    return read_calendar(text, "calendar r.ics", BERLIN, WINDOW)


def utc(*moment: int) -> int:
    return int(datetime.datetime(*moment, tzinfo=datetime.UTC).timestamp())  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("lines", "at", "until"),
    [
        (["DTSTART:20260301T140200Z"], utc(2026, 3, 1, 14, 2), None),
        (["DTSTART:20260301T140200"], utc(2026, 3, 1, 13, 2), None),
        (["DTSTART;TZID=America/New_York:20260701T140200"], utc(2026, 7, 1, 18, 2), None),
        (["DTSTART;TZID=W. Europe Standard Time:20260701T140200"], utc(2026, 7, 1, 12, 2), None),
        (["DTSTART;TZID=Head Office:20260701T140200"], utc(2026, 7, 1, 12, 2), None),
        (["DTSTART;VALUE=DATE:20260329"], utc(2026, 3, 28, 23), utc(2026, 3, 29, 23)),
        (["DTSTART:20260301T140000Z", "DTEND:20260301T150000Z"], utc(2026, 3, 1, 14), utc(2026, 3, 1, 15)),
        (["DTSTART:20260301T140000Z", "DURATION:PT30M"], utc(2026, 3, 1, 14), utc(2026, 3, 1, 14, 30)),
        (["DTSTART:20260301T140000Z", "DTEND:20260301T140000Z"], utc(2026, 3, 1, 14), None),
    ],
)
def test_a_time_is_understood_in_every_form(lines: list[str], at: int, until: int | None) -> None:
    found = read(event(*lines), around=OUTLOOK)

    assert found.refused == []
    assert [(each.at, each.until) for each in found.changes] == [(at, until)]


def test_categories_say_what_it_is_about_and_the_rest_is_kept() -> None:
    found = read(
        event(
            "DTSTART:20260301T140200Z",
            "CATEGORIES:config,team:search",
            "CATEGORIES:Service: ranking",
            "URL:https://git.example.com/7",
            "ORGANIZER:mailto:ada@example.com",
            title="SUMMARY:flags\\, one\n  and all",
        )
    )

    (change,) = found.changes
    assert (change.kind, change.scope_kind, change.scope) == (ChangeKind.CONFIG, "team", "search")
    assert change.title == "ranking flags, one and all"
    assert (change.url, change.actor) == ("https://git.example.com/7", "ada@example.com")


@pytest.mark.parametrize(
    ("lines", "field", "part"),
    [
        ([], "DTSTART", "does not say when"),
        (["DTSTART:20261341T000000Z"], "DTSTART", "20261341"),
        (["DTSTART;TZID=Nowhere/X:20260301T140200"], "DTSTART", "'Nowhere/X' is not known"),
        (["DTSTART:19990301T140200Z"], "DTSTART", "between the years"),
        (["DTSTART:20260301T140200Z", "DTEND:20260301T130000Z"], "DTEND", "before it begins"),
        (["DTSTART:20260301T140200Z", "DTEND:soon"], "DTEND", "soon"),
        (["DTSTART:20260301T140200Z", "nonsense"], "a line", "nonsense"),
    ],
)
def test_a_bad_event_is_named_with_line_and_property_and_costs_no_other(
    lines: list[str], field: str, part: str
) -> None:
    good = event("DTSTART:20260301T140200Z", uid="2", title="SUMMARY:good")

    found = read(event(*lines), good)

    assert [change.title for change in found.changes] == ["good"]
    (refusal,) = found.refused
    assert (refusal.line, refusal.field) == (4, field)
    assert part in refusal.reason
    assert refusal.id and "UID:1" in refusal.raw


def test_an_event_without_title_is_refused() -> None:
    assert read(event("DTSTART:20260301T140200Z", title="SUMMARY:")).refused[0].field == "SUMMARY"


def test_a_cancelled_event_is_taken_back() -> None:
    (kept,) = read(event("DTSTART:20260301T140200Z")).changes

    found = read(event("DTSTART:20260301T140200Z", "STATUS:CANCELLED"))

    assert (found.changes, found.cancelled) == ([], {kept.id})


@pytest.mark.parametrize("text", ["", "<html>", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1"])
def test_what_is_no_whole_calendar_is_refused_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="VCALENDAR"):
        read_calendar(text, "calendar r.ics", BERLIN, WINDOW)


WORDS = st.sampled_from(
    [
        *(
            "BEGIN:VEVENT",
            "END:VEVENT",
            "BEGIN:VALARM",
            "END:VALARM",
            "DTSTART",
            "DTEND",
            "DURATION",
            "RRULE",
        ),
        *("UID:1", "SUMMARY:x", ";TZID=", ";VALUE=PERIOD", ":20260301T140200Z", ":PT1H", ":", "CATEGORIES:a"),
        *("RECURRENCE-ID", "STATUS:CANCELLED", "URL", " ", "\n", "\t", ",", "\\", '"', "ORGANIZER"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS | st.text(max_size=3), max_size=25).map("".join))
def test_no_text_costs_the_good_event_beside_it(junk: str) -> None:
    good = event("DTSTART:20260301T140200Z", uid="good", title="SUMMARY:good")

    found = read(f"BEGIN:VEVENT\n{junk}\nEND:VEVENT", good)

    assert "good" in {change.title for change in found.changes}


@pytest.mark.parametrize("name", ["RECURRENCE-ID", "UID"])
def test_an_event_that_names_itself_twice_is_refused_alone(name: str) -> None:
    twice = f"{name}:20261118T100000Z"
    at = "DTSTART:20261118T100000Z"

    found = read(event(at, twice, twice), event(at, uid="2", title="SUMMARY:good"))

    assert [change.title for change in found.changes] == ["good"]
    assert [(each.field, each.reason) for each in found.refused] == [(name, "it is there twice")]
