"""Drift: layers that say different things of closed days, and gateways that never saw everything."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agent.alerts.rules import drift
from tests.agent.alerts.rules.build import DAY, NANO, NOON, Flow, Ledger, steady
from tests.agent.alerts.rules.conftest import Make
from tests.agent.ledger.build import batch, cost, event

MIDNIGHT = NOON // DAY * DAY
FLOW = Flow(steady(120), requests=steady(10))


def billed(made: Ledger, credits_a_day: float, days: int = 10) -> Ledger:
    """The provider's bill for the days before today."""
    first = MIDNIGHT - days * DAY
    rows = [
        cost(day, round(credits_a_day * NANO), dimensions=FLOW.who) for day in range(first, MIDNIGHT, DAY)
    ]
    made.writer.write_costs("openai", first, MIDNIGHT, rows, final_before=MIDNIGHT, read_at=NOON)
    return made


def seen(made: Ledger, credits_: float, every_s: int, first: int, last: int) -> None:
    """Events of a gateway, each of so many credits."""
    rows = [
        event(f"r-{at}", at, dimensions=FLOW.who, credits_nano=round(credits_ * NANO))
        for at in range(first, last, every_s)
    ]
    made.writer.write_events(batch(rows))


@pytest.mark.parametrize(("bill", "difference"), [(3_024, "0.0500"), (2_736, "-0.0500"), (3_023, None)])
def test_a_bill_that_is_apart_from_what_was_metered_is_told(
    ledger: Make, bill: float, difference: str | None
) -> None:
    """2,880 credits a day are metered; the last day may still be revised."""
    made = billed(ledger([FLOW], days=20), bill)

    found = made.signals(drift.judge)

    assert [signal.evidence["difference"] for signal in found] == ([difference] if difference else [])
    for signal in found:
        assert (signal.scope_kind, signal.scope, signal.tier) == ("account", "openai", "warning")
        assert signal.evidence["days"] == 3
        assert signal.evidence["first_day"] == MIDNIGHT - 4 * DAY
        assert "billed is 5.0%" in signal.summary


def test_days_that_are_not_billed_yet_are_left_out(ledger: Make) -> None:
    made = ledger([FLOW], days=20)

    assert not made.signals(drift.judge)


def test_events_that_cost_other_than_what_was_metered_are_told(ledger: Make) -> None:
    made = ledger([FLOW], days=20)
    seen(made, 10.0, 360, MIDNIGHT - 5 * DAY, MIDNIGHT)  # as many calls, at 10 instead of 12

    (found,) = made.signals(drift.judge)

    assert found.fingerprint == "drift:openai:estimated:metered"
    assert Decimal(found.evidence["difference"]) == Decimal("0.2")


def test_a_gateway_that_never_saw_everything_is_no_drift(ledger: Make) -> None:
    made = ledger([FLOW], days=20)
    seen(made, 12.0, 720, MIDNIGHT - 18 * DAY, MIDNIGHT)

    assert not made.signals(drift.judge)


def test_a_gateway_that_no_longer_sees_everything_is_drift(ledger: Make) -> None:
    made = ledger([FLOW], days=20)
    seen(made, 12.0, 360, MIDNIGHT - 16 * DAY, MIDNIGHT - 4 * DAY)
    seen(made, 12.0, 720, MIDNIGHT - 4 * DAY, MIDNIGHT)

    (found,) = made.signals(drift.judge)

    assert found.evidence["difference"] == "1.0000"


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '13'", "min_share = '0.2'", "enabled = false"])
def test_a_difference_below_a_floor_never_alerts(ledger: Make, rule: str) -> None:
    """288 credits a day, twelve an hour."""
    made = billed(ledger([FLOW], days=20), 3_168)
    before = made.signals(drift.judge)

    made.set_rule(f"[alerts.rules.drift]\n{rule}")

    assert before
    assert not made.signals(drift.judge)
