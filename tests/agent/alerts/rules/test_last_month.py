"""Last month: the same elapsed share, in short months, time zones and a ledger that began late."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.rules import last_month
from agent.alerts.rules.last_month import Stretches
from agent.analytics.month import month_of
from agent.ledger.rows import SourceStatus
from agent.settings import Settings
from tests.agent.alerts.rules.build import DAY, HOUR, NANO, NOON, Flow, allocation, from_then, open_alert
from tests.agent.alerts.rules.conftest import Make

NOVEMBER = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
SETTINGS = Settings(allocations=(allocation(10**6),))
# 31 days of October in the share of 15 of 30 days: 372 hours against 360.
NOW = NOVEMBER + 15 * DAY


def grown(by: float) -> Flow:
    """90 credits an hour in October; in November what makes so much more of the same elapsed share."""
    return Flow(from_then(NOVEMBER, 90, 90 * 372 / 360 * (1 + by)), requests=lambda _: 60)


@pytest.mark.parametrize(("by", "tiers"), [(0.2, ["critical"]), (0.199999, [])])
def test_a_fifth_above_the_same_share_of_last_month_is_critical(
    ledger: Make, by: float, tiers: list[str]
) -> None:
    made = ledger([grown(by)], now=NOW, days=50, detail_h=1, settings=SETTINGS)

    found = made.signals(last_month.judge)

    assert [signal.tier for signal in found] == tiers
    for signal in found:
        assert signal.expected_nano == 33_480 * NANO
        assert signal.current_nano == 40_176 * NANO
        assert "40,176 credits in 2026-11, +20 % over the 33,480" in signal.summary


def test_a_month_tells_it_once(ledger: Make) -> None:
    made = ledger([grown(0.3)], now=NOW, days=50, detail_h=1, settings=SETTINGS)
    (signal,) = made.signals(last_month.judge)
    made.writer.alerts.save([open_alert(signal)])

    judged = made.judged(last_month.judge)

    assert judged is not None
    assert signal.fingerprint in judged.known


@pytest.mark.parametrize(("days_of_month", "judged"), [(6, 0), (8, 1)])
def test_a_week_of_the_month_must_have_passed(ledger: Make, days_of_month: int, judged: int) -> None:
    now = NOVEMBER + days_of_month * DAY

    made = ledger([grown(1.0)], now=now, days=45, detail_h=1, settings=SETTINGS)

    assert len(made.signals(last_month.judge)) == judged


def test_a_ledger_that_began_within_last_month_compares_like_with_like(ledger: Make) -> None:
    began = NOVEMBER - 27 * DAY
    made = ledger([grown(0.3)], now=NOW, days=(NOW - began) / DAY, detail_h=1, settings=SETTINGS)

    (found,) = made.signals(last_month.judge)

    assert found.evidence["last_month_since"] == "2026-10-05 00:00 UTC"
    assert 1.29 < found.current_nano / found.expected_nano < 1.31


def test_a_ledger_that_knows_too_little_of_last_month_says_nothing(ledger: Make) -> None:
    made = ledger([grown(1.0)], now=NOW, days=20, detail_h=1, settings=SETTINGS)

    assert not made.signals(last_month.judge)


def test_nothing_is_judged_while_history_is_being_read(ledger: Make) -> None:
    made = ledger([grown(1.0)], now=NOW, days=20, detail_h=1, settings=SETTINGS)
    made.writer.save_source_status(SourceStatus("openai", "openai", "openai", "ok"))

    assert made.judged(last_month.judge) is None


@pytest.mark.parametrize(
    "rule", ["min_credits = '50_000'", "min_credits_per_hour = '40'", "min_share = '0.5'", "enabled = false"]
)
def test_what_is_below_a_floor_is_not_told(ledger: Make, rule: str) -> None:
    made = ledger([grown(0.3)], now=NOW, days=50, detail_h=1, settings=SETTINGS)
    before = made.signals(last_month.judge)

    made.set_rule(f"[alerts.rules.last_month]\n{rule.replace('_000', '000')}")

    assert before
    assert not made.signals(last_month.judge)


def test_late_data_of_last_month_ends_what_it_began(ledger: Make) -> None:
    made = ledger([grown(0.25)], now=NOW, days=50, detail_h=1, settings=SETTINGS)
    before = made.signals(last_month.judge)
    late = Flow(lambda _: 2_000, key="key_late")
    hour = NOVEMBER - 20 * DAY

    made.writer.write_usage_window(
        "other", hour, hour + HOUR, {"completions": [late.bucket(hour, HOUR)]}, read_at=NOW
    )

    assert before
    assert not made.signals(last_month.judge)


@given(
    at=st.integers(NOON - 700 * DAY, NOON + 700 * DAY),
    known_for=st.integers(HOUR, 100 * DAY),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_both_stretches_are_the_same_share_of_their_months(at: int, known_for: int, zone: str) -> None:
    """Months of 28 to 31 days, with and without a change of daylight saving."""
    month = month_of(at, zone)
    last = month_of(month.start - 1, zone)
    whole, last_whole = month.end - month.start, last.end - last.start

    found = Stretches.of(at, at - known_for, zone, "now")

    assert found.before_start >= last.start
    assert found.before_start >= min(at - known_for, last.start)
    assert found.before_end <= max(last.end, found.before_start)
    if found.before_start < found.before_end and found.start < found.end:
        # To the hour, where they begin late.
        begin = (found.start - month.start) / whole - (found.before_start - last.start) / last_whole
        end = (found.end - month.start) / whole - (found.before_end - last.start) / last_whole
        assert abs(begin) * whole <= HOUR + 1
        assert abs(end) * whole <= 2
