"""Rules of repetition against a count by hand, day by day."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.telemetry.changes.repeats import Rule, Series, Window

ZONES = st.sampled_from([ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("UTC")])
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = 86_400
FIRSTS = st.datetimes(datetime.datetime(2019, 1, 1), datetime.datetime(2026, 12, 31)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
NOWS = st.integers(1_577_836_800, 1_798_761_600)  # 2020 to 2026
COUNTS = st.none() | st.integers(1, 400)
UNTILS = st.none() | st.datetimes(datetime.datetime(2019, 1, 1), datetime.datetime(2027, 6, 1))


def by_hand(
    first: datetime.datetime,
    zone: ZoneInfo,
    takes: object,
    count: int | None,
    until: datetime.datetime | None,
    window: Window,
) -> tuple[int, ...]:
    """Every day from the first time to the end of the window, asked one by one."""
    assert callable(takes)
    found, moment = [], first
    while (at := int(moment.replace(tzinfo=zone).timestamp())) < window.end:
        if moment == first or (takes(moment) and (until is None or moment <= until)):
            found.append(at)
        moment += datetime.timedelta(days=1)
    return tuple(at for at in found[:count] if at >= window.start)


@settings(max_examples=120, deadline=None)
@given(FIRSTS, ZONES, st.integers(1, 40), COUNTS, UNTILS, NOWS)
def test_every_so_many_days(
    first: datetime.datetime,
    zone: ZoneInfo,
    every: int,
    count: int | None,
    until: datetime.datetime | None,
    now: int,
) -> None:
    window = Window(now - 30 * DAY, now, now + 60 * DAY)
    rule = Rule(f"FREQ=DAILY;INTERVAL={every}", every * DAY, count, until)

    found = Series(first, zone, (rule,)).times(window)

    assert found.at == by_hand(
        first, zone, lambda moment: (moment - first).days % every == 0, count, until, window
    )


@settings(max_examples=120, deadline=None)
@given(FIRSTS, ZONES, st.integers(1, 6), st.sets(st.integers(0, 6), min_size=1), COUNTS, UNTILS, NOWS)
def test_weekdays_of_every_so_many_weeks(
    first: datetime.datetime,
    zone: ZoneInfo,
    every: int,
    weekdays: set[int],
    count: int | None,
    until: datetime.datetime | None,
    now: int,
) -> None:
    window = Window(now - 30 * DAY, now, now + 60 * DAY)
    named = ",".join(WEEKDAYS[each] for each in sorted(weekdays))
    rule = Rule(f"FREQ=WEEKLY;INTERVAL={every};BYDAY={named}", every * 7 * DAY, count, until)
    monday = first.date() - datetime.timedelta(days=first.weekday())

    def takes(moment: datetime.datetime) -> bool:
        return moment.weekday() in weekdays and (moment.date() - monday).days // 7 % every == 0

    assert Series(first, zone, (rule,)).times(window).at == by_hand(first, zone, takes, count, until, window)
