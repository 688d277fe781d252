"""Schedules: intervals and cron expressions on the agent's clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import ManualClock, ScaledClock, SystemClock
from agent.errors import ConfigError
from agent.telemetry.schedule import Cron, Interval, parse_schedule, real_wait

MIDNIGHT = 1_790_035_200.0


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21600), ("4d", 345600)])
def test_intervals_are_read_as_people_write_them(text: str, seconds: int) -> None:
    assert parse_schedule(text) == Interval(seconds)


@given(at=st.floats(0, 4e9), seconds=st.integers(1, 10**6))
def test_an_interval_is_next_due_within_itself_and_later_than_now(at: float, seconds: int) -> None:
    due = Interval(seconds).next_after(at)

    assert at < due <= at + seconds
    assert due % seconds == 0


def test_a_cron_expression_is_due_when_it_says_so_in_utc() -> None:
    schedule = parse_schedule("30 6 * * *")

    assert schedule == Cron("30 6 * * *")
    assert schedule.next_after(MIDNIGHT) == MIDNIGHT + 6.5 * 3600


@pytest.mark.parametrize("text", ["", "soon", "0s", "61 * * * *", "* * *"])
def test_what_is_neither_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_schedule(text)

    assert "15m" in caught.value.hint


def test_a_fast_clock_never_makes_a_busy_loop() -> None:
    fast = ScaledClock(MIDNIGHT, 0.0, 3600.0)

    assert real_wait(fast, fast.now() + 60) == 0.25
    assert real_wait(ManualClock(MIDNIGHT), MIDNIGHT + 60) == 0.25
    assert real_wait(SystemClock(), SystemClock().now() + 60) == pytest.approx(60, abs=1)
