"""Day forecast: half of the day's forecast, once a day, with the pace of the day so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.alerts.rules import day_forecast
from agent.analytics.day import DayPart, by_now, within
from agent.settings import Settings
from agent.settings_schema import Organization
from tests.agent.alerts.rules.build import DAY, HOUR, NANO, NOON, Flow, allocation, open_alert, steady
from tests.agent.alerts.rules.conftest import Make

SETTINGS = Settings(allocations=(allocation(10**6),))
FLOW = Flow(steady(120))


@pytest.mark.parametrize(("now", "tiers"), [(NOON - 60, []), (NOON, ["info"])])
def test_half_of_the_forecast_is_told_with_the_pace(ledger: Make, now: int, tiers: list[str]) -> None:
    found = ledger([FLOW], now=now, days=20, detail_h=1, settings=SETTINGS).signals(day_forecast.judge)

    assert [signal.tier for signal in found] == tiers
    for signal in found:
        assert (signal.period, signal.expected_nano) == ("2026-11-18", 2_880 * NANO)
        assert "burnt 50% of the 2,880 credits forecast for 2026-11-18" in signal.summary
        assert "0% more than the 1,440 expected by this hour" in signal.summary


def test_a_fast_morning_says_so(ledger: Make) -> None:
    fast = replace(FLOW, credits=lambda at: 180 if at >= NOON - 12 * HOUR else 120)

    (found,) = ledger([fast], now=NOON - 3 * HOUR, days=20, detail_h=1, settings=SETTINGS).signals(
        day_forecast.judge
    )

    assert "1,620 credits so far, 50% more than the 1,080 expected by this hour" in found.summary


def test_a_day_tells_once_and_the_next_day_again(ledger: Make) -> None:
    made = ledger([FLOW], days=20, detail_h=1, settings=SETTINGS)
    (first,) = made.signals(day_forecast.judge)
    made.writer.alerts.save([open_alert(first)])

    made.write(NOON + HOUR)
    again = made.judged(day_forecast.judge)
    made.write(NOON + DAY, HOUR)
    tomorrow = made.signals(day_forecast.judge)

    assert again is not None
    assert [(signal.fingerprint, signal.breach) for signal in again.signals] == [(first.fingerprint, False)]
    assert again.signals[0].at == NOON + HOUR
    assert [signal.period for signal in tomorrow] == ["2026-11-19"]


def test_the_day_is_the_organizations_own_also_when_its_clock_changes(ledger: Make) -> None:
    """On the last Sunday of October Berlin's day has 25 hours and begins at 22:00 UTC."""
    settings = replace(SETTINGS, organization=Organization(time_zone="Europe/Berlin"))
    start = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp())
    made = ledger([FLOW], now=start + 11 * HOUR, days=20, detail_h=1, settings=settings)

    early = made.signals(day_forecast.judge)
    made.write(start + 12 * HOUR)
    (found,) = made.signals(day_forecast.judge)

    assert not early
    assert (found.period, found.current_nano) == ("2026-10-25", 1_440 * NANO)


def test_without_some_days_of_history_there_is_no_forecast(ledger: Make) -> None:
    made = ledger([FLOW], now=NOON + 6 * HOUR, days=3, detail_h=1, settings=SETTINGS)

    assert not made.signals(day_forecast.judge)


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '121'", "min_share = '0.6'", "enabled = false"])
def test_what_is_below_a_floor_is_not_told(ledger: Make, rule: str) -> None:
    other = Flow(steady(120), key="key_b", team="labs")
    made = ledger([FLOW, other], days=20, detail_h=1, settings=SETTINGS)
    before = made.signals(day_forecast.judge)

    made.set_rule(f"[alerts.rules.day_forecast]\n{rule}")

    assert before
    assert not made.signals(day_forecast.judge)


def test_a_working_day_is_compared_with_working_days() -> None:
    monday = 2  # day numbers: 6 is a Saturday, 0 a Sunday
    days = [DayPart(monday + n, 60, 100) for n in range(4)] + [DayPart(6, 10, 100), DayPart(7, 10, 100)]

    assert by_now(days, monday + 7, 1_000) == 600
    assert by_now(days[:2] + days[4:], monday + 7, 1_000) == 350
    assert by_now([], monday, 1_000) is None


def test_cut_hours_give_their_share_of_time() -> None:
    assert within({0: 60, HOUR: 60, 2 * HOUR: 60}, HOUR // 2, 2 * HOUR + 60) == 30 + 60 + 1
