"""Untagged: the share of the last hour's burn that nobody owns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.alerts.rules import untagged
from agent.domain.planned import Planned
from tests.agent.alerts.rules.build import HOUR, NOON, Flow, from_then, steady
from tests.agent.alerts.rules.conftest import Make


def nobody(credits_: float) -> Flow:
    """A key without a team, since an hour ago."""
    return Flow(from_then(NOON - HOUR, 0, credits_), key="key_lost", team="", group="")


@pytest.mark.parametrize(("credits_", "share"), [(120, ["0.1000"]), (119, [])])
def test_a_tenth_of_the_hour_without_a_team_alerts(ledger: Make, credits_: float, share: list[str]) -> None:
    made = ledger([nobody(credits_), Flow(steady(1_080))], days=1)

    found = made.signals(untagged.judge)

    assert [signal.evidence["share"] for signal in found] == share
    for signal in found:
        assert signal.scope_kind == "organization"
        assert "10% of the last hour's burn has no team, 2.0 credits/min; most of it by key_lost" in (
            signal.summary
        )


def test_a_little_less_keeps_it_open(ledger: Make) -> None:
    judged = ledger([nobody(110), Flow(steady(1_080))], days=1).judged(untagged.judge)

    assert judged is not None
    assert [signal.breach for signal in judged.signals] == [False]


def test_where_nobody_has_a_team_there_is_nothing_to_alert_on(ledger: Make) -> None:
    made = ledger([nobody(1_000), Flow(steady(1_000), team="")], days=1)

    assert not made.signals(untagged.judge)


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '501'", "min_share = '0.5'", "enabled = false"])
def test_what_is_below_a_floor_never_alerts(ledger: Make, rule: str) -> None:
    made = ledger([nobody(500), Flow(steady(1_000))], days=1)
    before = made.signals(untagged.judge)

    made.set_rule(f"[alerts.rules.untagged]\n{rule}")

    assert before
    assert not made.signals(untagged.judge)


def test_burn_that_was_planned_for_everybody_is_no_signal_in_any_hour_that_holds_it(ledger: Make) -> None:
    made = ledger([nobody(500), Flow(steady(1_000))], days=1)
    stretch = Planned("organization", "", NOON - HOUR, NOON + HOUR)

    def told(planned: Planned) -> bool:
        return bool(made.signals(untagged.judge, planned=[planned]))

    assert not told(stretch)
    assert not told(replace(stretch, end=NOON - HOUR + 60))
    assert told(replace(stretch, start=NOON - 2 * HOUR, end=NOON - HOUR))
    assert told(replace(stretch, scope_kind="team", scope="search"))
