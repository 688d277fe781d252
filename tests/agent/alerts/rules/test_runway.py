"""Runway: the time until a hard cap bites, confirmed by the hour, never beyond the month."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.rules import runway
from agent.alerts.rules.runway import Burning, runway_signals
from agent.runways import Standing
from agent.settings import Settings
from agent.settings_rules import Runway
from tests.agent.alerts.rules.build import DAY, HOUR, NANO, NOON, Flow, allocation, from_then, steady
from tests.agent.alerts.rules.conftest import Make

DECEMBER = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())


def left(hours: float, *, before: float = 0.0) -> tuple[Flow, Settings]:
    """1,200 credits an hour for two days, and credits for so many hours more."""
    flow = Flow(from_then(NOON - 2 * DAY, before, 1_200))
    return flow, Settings(allocations=(allocation(1_200 * (48 + hours)),))


@pytest.mark.parametrize(
    ("hours", "tiers"),
    [(3.99, ["critical"]), (4.0, ["warning"]), (23.99, ["warning"]), (24.0, [])],
)
def test_the_bound_that_the_runway_is_under_decides_the_tier(
    ledger: Make, hours: float, tiers: list[str]
) -> None:
    flow, settings = left(hours)

    found = ledger([flow], days=3, settings=settings).signals(runway.judge)

    assert [signal.tier for signal in found] == tiers
    for signal in found:
        assert signal.evidence["runway_s"] == round(hours * HOUR)
        assert signal.evidence["bites_at"] == NOON + round(hours * HOUR)


def test_a_burst_counts_as_far_as_the_hour_confirms_it(ledger: Make) -> None:
    """Three hours at the burn of the last quarter, as screens say; nearly ten at that of the last hour."""
    flow = Flow(from_then(NOON - 900, 120, 1_200))
    settings = Settings(allocations=(allocation(120 * 48 + 270 + 1_200 * 3),))

    (found,) = ledger([flow], days=2, settings=settings).signals(runway.judge)

    assert found.tier == "warning"
    assert found.evidence["runway_s"] == 3 * HOUR
    assert found.evidence["runway_at_the_last_hours_burn_s"] == 3_600 * HOUR // 390
    assert "in 3 h at the mean burn of the last 15 min (20.0 credits/min)" in found.summary
    assert found.summary.endswith("; judged by the last hour's burn, at which it takes 9 h 13 min")


def test_a_burn_that_falls_counts_by_its_last_quarter_and_says_so(ledger: Make) -> None:
    flow = Flow(from_then(NOON - 900, 1_200, 600))
    settings = Settings(allocations=(allocation(1_200 * 47.75 + 150 + 600 * 3),))

    (found,) = ledger([flow], days=2, settings=settings).signals(runway.judge)

    assert "in 3 h at the mean burn of the last 15 min (10.0 credits/min)" in found.summary
    assert "judged by" not in found.summary


def test_a_cap_beyond_the_month_never_bites(ledger: Make) -> None:
    """Allocations begin anew with the month."""
    now = DECEMBER - 3 * HOUR
    flow = Flow(steady(1_200))
    used = 1_200 * 45

    soon = ledger([flow], now=now, days=45 / 24, settings=Settings(allocations=(allocation(used + 3_500),)))
    late = ledger([flow], now=now, days=45 / 24, settings=Settings(allocations=(allocation(used + 3_700),)))

    assert [signal.tier for signal in soon.signals(runway.judge)] == ["critical"]
    assert not late.signals(runway.judge)


def test_the_cap_of_a_parent_that_bites_first_is_named(ledger: Make) -> None:
    flow, settings = left(20)
    parent = allocation(1_200 * (48 + 2), "billing_group:product", "org-1-bg-product")
    stranger = allocation(1_200 * (48 + 1), "billing_group:research", "org-1-bg-research")
    settings = Settings(allocations=(*settings.allocations, parent, stranger))

    found = {
        signal.allocation_id: signal
        for signal in ledger([flow], days=3, settings=settings).signals(runway.judge)
    }

    assert {name: signal.tier for name, signal in found.items()} == {
        "org-1-team-search": "warning",
        "org-1-bg-product": "critical",
    }
    assert found["org-1-team-search"].evidence["binding_cap"] == "org-1-bg-product"
    assert "org-1-bg-product binds before it, in 2 h" in found["org-1-team-search"].summary
    assert found["org-1-bg-product"].evidence["binding_cap"] == "org-1-bg-product"


def test_a_cap_that_is_reached_begins_nothing_and_ends_nothing(ledger: Make) -> None:
    """The hard cap's own tier tells of it from then on."""
    flow, settings = left(-1)

    judged = ledger([flow], days=3, settings=settings).judged(runway.judge)

    assert judged is not None
    assert {(signal.tier, signal.breach) for signal in judged.signals} == {
        ("critical", False),
        ("warning", False),
    }


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '1201'", "min_share = '0.5'", "enabled = false"])
def test_what_is_below_a_floor_has_no_runway(ledger: Make, rule: str) -> None:
    flow, settings = left(2)
    other = Flow(steady(1_300), key="key_b", team="labs")
    made = ledger([flow, other], days=3, settings=settings)
    before = made.signals(runway.judge)

    made.set_rule(f"[alerts.rules.runway]\n{rule}")

    assert before
    assert not made.signals(runway.judge)


@given(
    used=st.integers(0, 10**15),
    monthly=st.integers(1, 10**15),
    quarter=st.integers(0, 10**13),
    hour=st.integers(10**11, 10**13),
    to_month_end=st.integers(1, 31 * DAY),
)
def test_a_breach_means_that_both_burns_reach_the_cap_in_time(
    used: int, monthly: int, quarter: int, hour: int, to_month_end: int
) -> None:
    standing = Standing(allocation(monthly / NANO), used, quarter, NOON, NOON + to_month_end)
    burning = Burning(standing, hour, hour)
    cap = standing.allocation.hard_cap_nano

    breached = [
        signal for signal in runway_signals(burning, [burning.now], "2026-11", Runway()) if signal.breach
    ]

    assert len(breached) <= 1
    for signal in breached:
        bound = min(int(signal.threshold), to_month_end)
        assert used < cap
        assert (cap - used) < min(Decimal(quarter) * 4, hour) * bound / HOUR + 1
