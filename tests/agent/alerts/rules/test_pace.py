"""Pace: multiples of the even pace over two windows, at month edges, with plans and floors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.rules import pace
from agent.analytics.month import month_of
from agent.analytics.pace import MonthPace, PaceStep
from agent.domain.planned import Planned
from agent.settings import Settings
from agent.settings_rules import Pace
from agent.settings_schema import Organization
from tests.agent.alerts.rules.build import DAY, HOUR, NOON, Flow, allocation, from_then, steady
from tests.agent.alerts.rules.conftest import Make

NOVEMBER = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())


def settings(credits_: float, scope: str = "team:search", zone: str = "UTC") -> Settings:
    return Settings(allocations=(allocation(credits_, scope),), organization=Organization(time_zone=zone))


@pytest.mark.parametrize(("more_nano", "fires"), [(0, True), (1, False)])
def test_a_page_fires_at_its_multiple_exactly(ledger: Make, more_nano: int, fires: bool) -> None:
    """14.4 times the even pace of 6,000 credits in November is 120 credits an hour."""
    whole = allocation(6_000)
    exact = Settings(allocations=(replace(whole, monthly_nano=whole.monthly_nano + more_nano),))
    made = ledger([Flow(from_then(NOON - HOUR, 0, 120))], days=2, settings=exact)

    found = made.signals(pace.judge)

    assert [(signal.tier, signal.evidence["pace"]) for signal in found] == (
        [("critical", "14.4x over 1h and 5m")] if fires else []
    )


def test_a_burn_that_is_over_is_no_page_however_high_the_hour_was(ledger: Make) -> None:
    burst = Flow(lambda at: 600 if NOON - HOUR <= at < NOON - 600 else 0)

    made = ledger([burst], days=2, settings=settings(6_000))

    assert not made.signals(pace.judge)


def test_a_slower_burn_pages_after_six_hours(ledger: Make) -> None:
    slow = Flow(from_then(NOON - 6 * HOUR, 0, 60))  # 7.2 times the pace
    made = ledger([slow], days=2, settings=settings(6_000))
    made.set_rule("[alerts.rules.pace]\nmin_credits_per_hour = '50'")

    (found,) = made.signals(pace.judge)

    assert (found.tier, found.threshold) == ("critical", Decimal(6))


@pytest.mark.parametrize(("used", "tiers"), [(30_000, ["warning"]), (20_000, [])])
def test_a_ticket_needs_a_month_that_ends_above_its_credits(
    ledger: Make, used: float, tiers: list[str]
) -> None:
    """120 credits an hour are 1.2 times the pace of 72,000 a month; what came before decides the month."""
    early = NOON - 10 * DAY
    flow = Flow(lambda at: used if at == early else 120 if at >= NOON - 3 * DAY else 0)

    found = ledger([flow], settings=settings(72_000)).signals(pace.judge)

    assert [signal.tier for signal in found] == tiers
    assert all(
        "at the burn of the last 3 d (2.0 credits/min) 2026-11 ends at 74,640 of 72,000 credits"
        in signal.summary
        for signal in found
    )


def test_a_quiet_night_does_not_end_a_ticket(ledger: Make) -> None:
    """The long window holds on, the short one is empty: the ticket stays open, and none begins."""
    early = NOON - 10 * DAY
    night = NOON - 7 * HOUR
    flow = Flow(lambda at: 30_000 if at == early else 140 if NOON - 3 * DAY <= at < night else 0)

    judged = ledger([flow], settings=settings(72_000)).judged(pace.judge)

    assert judged is not None
    assert [(signal.tier, signal.breach) for signal in judged.signals] == [("warning", False)]


def test_a_page_keeps_an_open_ticket_open_and_begins_none(ledger: Make) -> None:
    made = ledger([Flow(steady(600))], settings=settings(6_000))

    judged = made.judged(pace.judge)

    assert judged is not None
    assert [(signal.tier, signal.breach) for signal in judged.signals] == [
        ("critical", True),
        ("warning", False),
    ]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [("America/New_York", NOVEMBER + 4 * HOUR), ("Asia/Kolkata", NOVEMBER - 5 * HOUR - 1_800)],
)
def test_burn_of_the_month_before_counts_against_nothing(ledger: Make, zone: str, midnight: int) -> None:
    """The organization's month begins at its own midnight, in some places at half past."""
    flow = Flow(lambda at: 6_000 if at < midnight else 0)

    made = ledger([flow], now=midnight + 300, days=2, settings=settings(6_000, zone=zone))
    before = ledger([flow], now=midnight - 60, days=2, settings=settings(6_000, zone=zone))

    assert not made.signals(pace.judge)
    assert before.signals(pace.judge)


def test_planned_activity_is_no_page_and_still_a_ticket(ledger: Make) -> None:
    made = ledger([Flow(steady(600))], settings=settings(6_000))
    stretch = Planned("billing_group", "product", NOON - HOUR, NOON + HOUR)

    found = made.signals(pace.judge, planned=[stretch])
    elsewhere = made.signals(pace.judge, planned=[replace(stretch, scope="research")])

    assert [signal.tier for signal in found] == ["warning"]
    assert [signal.tier for signal in elsewhere] == ["critical"]


def test_a_top_up_ends_what_the_old_amount_began(ledger: Make) -> None:
    made = ledger([Flow(from_then(NOON - HOUR, 0, 120))], days=2, settings=settings(6_000))
    before = made.signals(pace.judge)

    made.settings = settings(12_000)

    assert before
    assert not made.signals(pace.judge)


@pytest.mark.parametrize(
    ("rule", "others"),
    [("min_credits_per_hour = '601'", 0), ("min_share = '0.11'", 5_400), ("enabled = false", 0)],
)
def test_what_is_below_a_floor_never_pages(ledger: Make, rule: str, others: float) -> None:
    big = Flow(steady(others), key="key_b", team="labs")
    made = ledger([Flow(steady(600)), big], days=3, settings=settings(600))
    found = made.signals(pace.judge)

    made.set_rule(f"[alerts.rules.pace]\n{rule}")

    assert found
    assert not made.signals(pace.judge)


@pytest.mark.parametrize("scope", ["organization", "billing_group:product", "api_key:key_a"])
def test_every_kind_of_scope_is_judged_to_the_minute(ledger: Make, scope: str) -> None:
    flow = Flow(from_then(NOON + 1_800 - HOUR, 0, 120))

    exact = ledger([flow], now=NOON + 1_800, days=2, settings=settings(6_000, scope))
    less = ledger([flow], now=NOON + 1_800 - 60, days=2, settings=settings(6_000, scope))

    assert exact.signals(pace.judge)
    assert not less.signals(pace.judge)


@given(
    burnt=st.integers(0, 10**19),
    monthly=st.integers(1, 10**18),
    times=st.decimals(min_value="0.1", max_value="50", places=1),
    at=st.integers(NOVEMBER, NOVEMBER + 800 * DAY),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_a_pace_compares_without_rounding_in_months_of_any_length(
    burnt: int, monthly: int, times: Decimal, at: int, zone: str
) -> None:
    month = month_of(at, zone)
    length = month.end - month.start

    reached = MonthPace(monthly, length).reached(times, burnt, HOUR)

    assert month.start <= at < month.end
    assert 28 * DAY - HOUR <= length <= 31 * DAY + HOUR
    assert reached == (burnt * length * 10 >= int(times * 10) * monthly * HOUR)


def test_shipped_paces_are_those_of_error_budgets() -> None:
    assert [(tier, str(step)) for tier, step in Pace().steps()] == [
        ("critical", "14.4x over 1h and 5m"),
        ("critical", "6x over 6h and 30m"),
        ("warning", "1x over 3d and 6h"),
    ]


@pytest.mark.parametrize(
    "text", ["14.4 times", "2x over 5m and 1h", "0x over 1h and 5m", "2x over 1h and 1h"]
)
def test_a_pace_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"'14\.4x over 1h and 5m'|first window"):
        PaceStep.parse(text)
