"""Silent data: sources that fall behind the clock, and streams of events that break off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.lifecycle import step
from agent.alerts.rules import silent_data
from agent.analytics.silence import silent_since
from agent.clock import ScaledClock
from agent.domain.alert import Alert
from agent.domain.usage import Dimensions
from agent.ledger.rows import SourceStatus
from tests.agent.alerts.rules.build import DAY, HOUR, NANO, NOON, Flow, Ledger, steady
from tests.agent.alerts.rules.conftest import Make
from tests.agent.ledger.build import batch, event

STATUS = SourceStatus("openai", "openai", "openai", "failed", "the key was revoked", "", NOON, NOON, NOON)


def blind(made: Ledger, now: float) -> list[str]:
    """Accounts that are not seen any more."""
    return [signal.scope for signal in made.signals(silent_data.judge, now=now)]


@pytest.fixture
def watched(ledger: Make) -> Ledger:
    made = ledger([Flow(steady(120))], days=8)
    made.writer.save_source_status(STATUS)
    return made


@pytest.mark.parametrize(("late", "accounts"), [(1_799, []), (1_800, ["openai"])])
def test_a_source_that_falls_behind_the_clock_makes_blind(
    watched: Ledger, late: int, accounts: list[str]
) -> None:
    assert blind(watched, NOON + late) == accounts


def test_it_is_told_also_when_nothing_recent_is_left_to_judge(watched: Ledger) -> None:
    (found,) = watched.signals(silent_data.judge, now=NOON + 2 * DAY)

    assert (found.tier, found.at, found.current_nano) == ("critical", NOON + 2 * DAY, 0)
    assert found.expected_nano == 2 * NANO
    assert found.summary == (
        "blind since 2026-11-18 12:00 UTC: no usage of openai has arrived for 2 d "
        "(the key was revoked); 2.0 credits/min usually burn there"
    )


def test_a_quiet_organization_that_is_read_is_not_blind(ledger: Make) -> None:
    made = ledger([Flow(steady(120), requests=lambda at: 60 if at < NOON - 5 * HOUR else 0)], days=8)
    made.writer.save_source_status(STATUS)

    assert not blind(made, NOON + 60)


def test_a_source_that_was_never_read_is_not_awaited(ledger: Make) -> None:
    made = ledger([Flow(steady(120))], days=8)
    made.writer.save_source_status(replace(STATUS, covered_to=None))

    assert not blind(made, NOON + DAY)


def test_under_a_fast_clock_a_poll_may_take_longer(watched: Ledger) -> None:
    watched.settings = replace(watched.settings, scaled_clock=ScaledClock(NOON, 0.0, 270.0))

    assert not blind(watched, NOON + 3 * HOUR)
    assert blind(watched, NOON + 6 * HOUR)


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '121'", "enabled = false"])
def test_an_account_that_hardly_burns_is_not_told(watched: Ledger, rule: str) -> None:
    watched.set_rule(f"[alerts.rules.silent_data]\n{rule}")

    assert not blind(watched, NOON + HOUR)


def stream(made: Ledger, hours: list[int]) -> None:
    """A gateway's events: 100 credits in each of some hours."""
    who = Dimensions("gateway", api_key="key_g", team="labs")
    rows = [event(f"g-{hour}", hour + 60, dimensions=who, credits_nano=100 * NANO) for hour in hours]
    made.writer.write_events(batch(rows))


def test_events_that_break_off_at_a_busy_hour_make_blind(ledger: Make) -> None:
    made = ledger([], days=0)
    stream(made, [hour for hour in range(NOON - 9 * DAY, NOON, HOUR) if 8 <= hour % DAY // HOUR < 20])

    early = blind(made, NOON + HOUR - 1)
    late = blind(made, NOON + HOUR)
    found = made.signals(silent_data.judge, now=NOON + 2 * HOUR)

    assert (early, late) == ([], ["gateway"])
    assert "blind since 2026-11-18 12:00 UTC" in found[0].summary


def test_a_quiet_night_is_no_gap(ledger: Make) -> None:
    night = NOON + 8 * HOUR
    made = ledger([], days=0)
    stream(made, [hour for hour in range(night - 9 * DAY, night, HOUR) if 8 <= hour % DAY // HOUR < 20])

    assert not blind(made, night + 11 * HOUR)
    assert blind(made, night + 14 * HOUR)


def test_what_was_told_stays_open_as_long_as_the_data_is_missing(ledger: Make) -> None:
    made = ledger([], days=0)
    stream(made, list(range(NOON - 9 * DAY, NOON, HOUR)))
    open_alerts: tuple[Alert, ...] = ()
    seen = []

    for now in (NOON + 2 * HOUR, NOON + 3 * HOUR, NOON + 4 * DAY, NOON + 20 * DAY):
        judged = made.judged(silent_data.judge, now=now, known=open_alerts)
        assert judged is not None
        changes = step(open_alerts, judged, now)
        open_alerts = changes.saved or open_alerts
        seen.append((len(changes.fired), len(changes.resolved)))
    assert seen == [(0, 0), (1, 0), (0, 0), (0, 0)]
    assert "has arrived for 20 d" in open_alerts[0].signal.summary

    stream(made, list(range(NOON + 20 * DAY - 2 * HOUR, NOON + 20 * DAY, HOUR)))
    back = made.judged(silent_data.judge, now=NOON + 20 * DAY + 60, known=open_alerts)
    assert back is not None
    assert len(step(open_alerts, back, NOON + 20 * DAY + 60).resolved) == 1


def test_a_file_that_ended_days_ago_is_no_stream_that_broke(ledger: Make) -> None:
    made = ledger([], days=0)
    stream(made, list(range(NOON - 9 * DAY, NOON - 5 * DAY, HOUR)))

    assert not blind(made, NOON)


@given(
    busy=st.sets(st.integers(0, 23), min_size=1),
    now=st.integers(0, 28 * DAY),
    weeks=st.integers(1, 4),
)
def test_a_stream_that_keeps_its_rhythm_is_never_silent(busy: set[int], now: int, weeks: int) -> None:
    end = NOON + now
    hours = [
        hour
        for hour in range((end - weeks * 7 * DAY - DAY) // HOUR * HOUR, end // HOUR * HOUR, HOUR)
        if hour % DAY // HOUR in busy
    ]

    assert silent_since(hours, end) is None
