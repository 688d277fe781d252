"""Events that repeat: every time of theirs within the window, what is left out, moved, or cannot be read."""

from __future__ import annotations

import datetime
import itertools
import time
from zoneinfo import ZoneInfo

import pytest

from agent.telemetry.changes.ical import CalendarText, read_calendar
from agent.telemetry.changes.repeats import MOST, Window

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime.datetime(2026, 3, 20, 12, tzinfo=datetime.UTC).timestamp())
DAY = 86_400


def event(*lines: str, uid: str = "1", title: str = "deploy") -> str:
    return "\n".join(("BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{title}", *lines, "END:VEVENT"))


def read(*events: str, back: int = 20 * DAY, ahead: int = 20 * DAY) -> CalendarText:
    text = "\n".join(("BEGIN:VCALENDAR", *events, "END:VCALENDAR", ""))
    return read_calendar(text, "calendar r.ics", BERLIN, Window(NOW - back, NOW, NOW + ahead))


def times(found: CalendarText) -> list[str]:
    """Begins of the changes in UTC."""
    moments = (datetime.datetime.fromtimestamp(each.at, datetime.UTC) for each in found.changes)
    return [f"{moment:%m-%d %H:%M}" for moment in sorted(moments)]


def test_a_weekly_event_stays_at_its_hour_when_summer_begins() -> None:
    found = read(event("DTSTART;TZID=Europe/Berlin:20260105T090000", "RRULE:FREQ=WEEKLY"))

    assert times(found) == [
        "03-02 08:00",
        "03-09 08:00",
        "03-16 08:00",
        "03-23 08:00",
        "03-30 07:00",
        "04-06 07:00",
    ]
    assert found.refused == []


def test_a_time_that_the_clock_skips_is_as_long_after_midnight_by_the_clock_before() -> None:
    found = read(event("DTSTART;TZID=Europe/Berlin:20260327T023000", "RRULE:FREQ=DAILY;COUNT=4"))

    assert times(found) == ["03-27 01:30", "03-28 01:30", "03-29 01:30", "03-30 00:30"]


def test_whole_days_last_from_midnight_to_midnight_also_on_the_day_of_23_hours() -> None:
    found = read(event("DTSTART;VALUE=DATE:20260328", "RRULE:FREQ=DAILY;COUNT=3"))

    assert times(found) == ["03-27 23:00", "03-28 23:00", "03-29 22:00"]
    assert [each.until - each.at for each in found.changes if each.until] == [24 * 3600, 23 * 3600, 24 * 3600]


def test_an_end_of_a_time_is_as_long_after_it_as_of_the_first() -> None:
    found = read(event("DTSTART:20260318T080000Z", "DTEND:20260318T083000Z", "RRULE:FREQ=DAILY;COUNT=2"))

    assert [(each.until or 0) - each.at for each in found.changes] == [1800, 1800]


@pytest.mark.parametrize(
    "left_out",
    [
        "EXDATE;TZID=Europe/Berlin:20260318T090000",
        "EXDATE:20260318T080000Z",
        "EXDATE;VALUE=DATE:20260318",
        "EXDATE:20260101T080000Z\nEXDATE;TZID=Europe/Berlin:20260301T090000,20260318T090000",
    ],
)
def test_what_is_left_out_is_not_listed_in_whatever_form_it_is_said(left_out: str) -> None:
    found = read(event("DTSTART;TZID=Europe/Berlin:20260317T090000", "RRULE:FREQ=DAILY;COUNT=3", left_out))

    assert times(found) == ["03-17 08:00", "03-19 08:00"]


def test_times_may_be_added_with_a_rule_and_without_one() -> None:
    added = "RDATE:20260320T100000Z,20260321T100000Z"
    period = "RDATE;VALUE=PERIOD:20260322T100000Z/PT1H"

    assert times(read(event("DTSTART:20260318T080000Z", added, period))) == [
        *("03-18 08:00", "03-20 10:00", "03-21 10:00", "03-22 10:00")
    ]
    assert times(read(event("DTSTART:20260318T080000Z", "RRULE:FREQ=DAILY;COUNT=2", added))) == [
        *("03-18 08:00", "03-19 08:00", "03-20 10:00", "03-21 10:00")
    ]


def test_a_moved_time_stands_for_the_one_that_it_was_and_keeps_its_id() -> None:
    series = event("DTSTART;TZID=Europe/Berlin:20260317T090000", "RRULE:FREQ=DAILY;COUNT=3")
    moved = event(
        "DTSTART:20260318T150000Z", "RECURRENCE-ID;TZID=Europe/Berlin:20260318T090000", title="late"
    )
    before = {each.at: each.id for each in read(series).changes}

    for order in ((series, moved), (moved, series)):
        found = read(*order)

        assert times(found) == ["03-17 08:00", "03-18 15:00", "03-19 08:00"]
        (late,) = (each for each in found.changes if each.title == "late")
        assert late.id == before[late.at - 7 * 3600]
        assert len({each.id for each in found.changes}) == 3


def test_the_first_time_is_called_as_if_it_were_alone() -> None:
    alone = read(event("DTSTART:20260318T080000Z")).changes[0]
    moved = event("DTSTART:20260318T150000Z", "RECURRENCE-ID:20260318T080000Z")

    assert alone.id in {
        each.id for each in read(event("DTSTART:20260318T080000Z", "RRULE:FREQ=DAILY")).changes
    }
    assert (
        read(event("DTSTART:20260318T080000Z", "RRULE:FREQ=DAILY;COUNT=1"), moved).changes[0].id == alone.id
    )


def test_a_cancelled_time_is_taken_back_and_a_cancelled_series_with_all_its_times() -> None:
    start, rule = "DTSTART:20260318T080000Z", "RRULE:FREQ=DAILY;COUNT=3"
    ids = {each.id for each in read(event(start, rule)).changes}
    gone = event("DTSTART:20260319T080000Z", "RECURRENCE-ID:20260319T080000Z", "STATUS:CANCELLED")

    one = read(event(start, rule), gone)

    assert times(one) == ["03-18 08:00", "03-20 08:00"]
    assert one.cancelled == ids - {each.id for each in one.changes}
    assert read(event(start, rule, "STATUS:CANCELLED")).cancelled == ids


def test_a_bad_change_of_one_time_leaves_that_time_as_the_series_has_it() -> None:
    bad = event("RECURRENCE-ID:20260319T080000Z")

    found = read(event("DTSTART:20260318T080000Z", "RRULE:FREQ=DAILY;COUNT=3"), bad)

    assert times(found) == ["03-18 08:00", "03-19 08:00", "03-20 08:00"]
    assert [refusal.field for refusal in found.refused] == ["DTSTART"]


def test_a_series_that_became_bad_keeps_the_times_that_were_known() -> None:
    start, rule = "DTSTART:20260318T080000Z", "RRULE:FREQ=DAILY;COUNT=3"
    ids = {each.id for each in read(event(start, rule)).changes}

    assert read(event(start, rule, title="")).unread == ids


@pytest.mark.parametrize(
    ("lines", "field", "part"),
    [
        (["RRULE:FREQ=SOMETIMES"], "RRULE", "SOMETIMES"),
        (["RRULE:BYDAY=MO"], "RRULE", "FREQ is missing"),
        (["RRULE:FREQ=DAILY;INTERVAL=0"], "RRULE", "INTERVAL=0"),
        (["RRULE:FREQ=DAILY;INTERVAL=99999999999999999999"], "RRULE", "outside"),
        (["RRULE:FREQ=DAILY;COUNT=0"], "RRULE", "COUNT=0"),
        (["RRULE:FREQ=DAILY;COUNT=-3"], "RRULE", "COUNT=-3"),
        (["RRULE:FREQ=DAILY;BYHOUR=25"], "RRULE", "BYHOUR"),
        (["RRULE:FREQ=SECONDLY"], "RRULE", "by the second"),
        (["RRULE:FREQ=HOURLY;BYSETPOS=5"], "RRULE", "BYSETPOS"),
        (["RRULE:FREQ=MINUTELY;INTERVAL=7;BYHOUR=3;BYSETPOS=2"], "RRULE", "BYSETPOS"),
        (["RRULE:FREQ=MINUTELY;INTERVAL=60;BYHOUR=3;BYMINUTE=7"], "RRULE", "no rule that can"),
        (["RRULE:FREQ=DAILY", "RDATE:soon"], "RDATE", "soon"),
        (["RRULE:FREQ=DAILY", "EXDATE:never"], "EXDATE", "never"),
        (["RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"], "EXRULE", "not read"),
        (["RRULE:FREQ=DAILY", "EXDATE;TZID=Nowhere/X:20260319T080000"], "EXDATE", "'Nowhere/X' is not known"),
    ],
)
def test_a_bad_repetition_is_named_with_its_event_and_costs_nothing_else(
    lines: list[str], field: str, part: str
) -> None:
    good = event("DTSTART:20260319T080000Z", "RRULE:FREQ=DAILY;COUNT=2", uid="2", title="good")

    found = read(event("DTSTART:20260318T080000Z", *lines), good)

    assert times(found) == ["03-18 08:00", "03-19 08:00", "03-20 08:00"]
    (refusal,) = found.refused
    assert (refusal.line, refusal.field) == (2, field)
    assert part in refusal.reason and "UID:1" in refusal.raw


def test_a_change_of_all_later_times_is_taken_of_one_and_said_so() -> None:
    later = event("DTSTART:20260319T150000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260319T080000Z")

    found = read(event("DTSTART:20260318T080000Z", "RRULE:FREQ=DAILY;COUNT=3"), later)

    assert times(found) == ["03-18 08:00", "03-19 15:00", "03-20 08:00"]
    assert [refusal.field for refusal in found.refused] == ["RECURRENCE-ID"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;BYSECOND=0,30",
        "FREQ=SECONDLY;COUNT=900000000",
        "FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,5,6,7,8,9;BYHOUR=1,2,3,4,5,6,7,8,9;BYMINUTE=1,2,3,4,5,6,7,8,9",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;COUNT=9;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;COUNT=900000000",
        "FREQ=MINUTELY;INTERVAL=7;BYSECOND=1,2,3,4,5;BYSETPOS=-1",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_a_rule_without_end_or_without_any_time_ends_soon(rule: str) -> None:
    start = time.process_time()
    found = read(
        event("DTSTART:20010101T000000Z", f"RRULE:{rule}"), event("DTSTART:20260318T080000Z", uid="2")
    )

    assert time.process_time() - start < 2
    assert len(found.changes) <= MOST + 1
    assert "03-18 08:00" in times(found)


def test_of_too_many_times_those_near_now_are_kept_and_it_says_so() -> None:
    found = read(event("DTSTART:20200101T000000Z", "RRULE:FREQ=MINUTELY;INTERVAL=30"))

    at = sorted(each.at for each in found.changes)
    assert len(at) <= MOST
    assert at[0] < NOW - 9 * DAY and at[-1] > NOW + 9 * DAY
    assert {later - earlier for earlier, later in itertools.pairwise(at)} == {1800}
    assert "more than 1,000 times" in found.refused[0].reason
