"""Rate of change: what doubles within a quarter of an hour, and mornings that double every day."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.alerts.rules import rate_of_change
from agent.domain.alert import AlertRule, Signal
from agent.domain.planned import Planned
from tests.agent.alerts.rules.build import DAY, HOUR, NOON, Flow, Ledger, from_then, open_alert, steady
from tests.agent.alerts.rules.conftest import Make

QUARTER = 900
SMALL = tuple(Flow(steady(100), key=f"key_{n}", team="support", model="gpt-5-mini") for n in range(3))


def rising(after: float = 400, **about: object) -> Flow:
    """150 credits an hour that become more in the last quarter of an hour."""
    return Flow(from_then(NOON - QUARTER, 150, after), **about)  # type: ignore[arg-type]


def told(made: Ledger, **about: object) -> list[tuple[str, str]]:
    """Kind and name of what a rule tells of."""
    return [(each.scope_kind, each.scope) for each in made.signals(rate_of_change.judge, **about)]


@pytest.mark.parametrize(("after", "names"), [(300, [("api_key", "key_a")]), (299, [])])
def test_a_key_that_doubles_is_told_once_and_not_as_its_team_and_model(
    ledger: Make, after: float, names: list[tuple[str, str]]
) -> None:
    made = ledger([rising(after), *SMALL], days=9)

    assert told(made) == names


def test_a_team_is_told_where_many_keys_rise_a_little(ledger: Make) -> None:
    keys = [replace(rising(44), key=f"key_{n}", credits=from_then(NOON - QUARTER, 15, 44)) for n in range(10)]

    made = ledger([*keys, *SMALL], days=9)

    (found,) = made.signals(rate_of_change.judge)
    assert (found.scope_kind, found.scope, found.team) == ("team", "search", "search")
    assert "2.9x the 2.5 of before" in found.summary


def test_it_needs_no_history_beyond_the_last_hours(ledger: Make) -> None:
    made = ledger([rising(), *SMALL], days=4 / 24)

    assert told(made) == [("api_key", "key_a")]


def test_the_first_hour_of_a_ledger_is_no_rise(ledger: Make) -> None:
    made = ledger([rising(), *SMALL], now=NOON + 1_800, days=1 / 24)

    assert not told(made)


@pytest.mark.parametrize("width", [60, HOUR])
def test_an_ordinary_morning_is_silent(ledger: Make, width: int) -> None:
    """Every day doubles at that time."""
    daily = Flow(lambda at: 150 if (at - NOON + QUARTER) % DAY < 12 * HOUR else 50)
    detail = 26 if width == 60 else 3

    made = ledger([daily, *SMALL], now=NOON, days=9, detail_h=detail)

    assert not told(made)


@pytest.mark.parametrize("period", [HOUR // 2, HOUR])
def test_what_comes_and_goes_within_the_hour_is_no_change(ledger: Make, period: int) -> None:
    hourly = Flow(lambda at: 400 if (at - NOON + QUARTER) % period < QUARTER else 50)

    assert not told(ledger([hourly, *SMALL], days=4 / 24))


def test_a_few_dear_requests_are_chance(ledger: Make) -> None:
    dear = replace(rising(), requests=lambda at: 60)  # four a quarter of an hour

    assert not told(ledger([dear, *SMALL], days=4 / 24))


def test_what_a_burn_spike_tells_of_is_not_told_twice(ledger: Make) -> None:
    made = ledger([rising(), *SMALL], days=9)
    (signal,) = made.signals(rate_of_change.judge)
    spike = replace(signal, rule=AlertRule.BURN_SPIKE, fingerprint="burn_spike:api_key:1")
    elsewhere = replace(spike, scope="key_z", team="labs", api_key="key_z")

    assert not told(made, known=[open_alert(spike)])
    assert told(made, known=[open_alert(elsewhere)])


@pytest.mark.parametrize(("scope", "quiet"), [("search", True), ("support", False)])
def test_a_planned_rise_is_no_signal(ledger: Make, scope: str, quiet: bool) -> None:
    made = ledger([rising(), *SMALL], days=9)
    stretch = Planned("team", scope, NOON - HOUR, NOON + HOUR)

    assert (not told(made, planned=[stretch])) == quiet
    assert told(made, planned=[replace(stretch, end=NOON - HOUR + 60)])


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '251'", "min_share = '0.4'", "enabled = false"])
def test_what_is_below_a_floor_never_alerts(ledger: Make, rule: str) -> None:
    made = ledger([rising(), *SMALL], days=9)
    before = told(made)

    made.set_rule(f"[alerts.rules.rate_of_change]\n{rule}")

    assert before
    assert not told(made)


def test_a_signal_says_what_it_compared(ledger: Make) -> None:
    (found,) = ledger([rising(), *SMALL], days=9).signals(rate_of_change.judge)

    assert isinstance(found, Signal)
    assert (found.tier, found.team, found.environment) == ("warning", "search", "prod")
    assert found.evidence["quarters_before_credits"] == ["37.500000000"] * 4
    assert float(found.evidence["quarter_credits"]) == pytest.approx(100)
