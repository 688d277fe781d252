"""Cache: a cached share far below its usual, by key and by team and model, and what it loses."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.rules import cache
from agent.analytics.cache_share import Input, collapsed, lost_nano, lost_tokens, usual_share
from agent.domain.planned import Planned
from agent.domain.usage import Meter
from agent.ledger.rows import RateRow
from tests.agent.alerts.rules.build import HOUR, NOON, Flow, Ledger, from_then, steady
from tests.agent.alerts.rules.conftest import Make

OTHER = Flow(steady(300), key="key_b", team="labs", model="gpt-5-mini")


def falling(to: float = 0.1, since: int = NOON - HOUR, **about: object) -> Flow:
    """6,000 requests an hour of 1,000 tokens each, 80 % of them cached until then."""
    return Flow(steady(600), cached=from_then(since, 0.8, to), **about)  # type: ignore[arg-type]


def priced(made: Ledger) -> Ledger:
    """A card on which a million tokens cost 100 credits, or 10 from the cache."""
    made.writer.save_rates(
        [
            RateRow("gpt-5", "standard", meter.value, 0, credits_ * 10**9)
            for meter, credits_ in ((Meter.TOKENS_INPUT, 100), (Meter.TOKENS_INPUT_CACHED, 10))
        ]
    )
    return made


def test_a_key_whose_cache_collapses_is_told_with_what_it_loses(ledger: Make) -> None:
    """70 % of six million tokens an hour, at 90 credits a million."""
    made = priced(ledger([falling(), OTHER]))

    (found,) = made.signals(cache.judge)

    assert (found.scope_kind, found.scope, found.team, found.cause) == (
        "api_key",
        "key_a",
        "search",
        "lost_cache",
    )
    assert found.summary == (
        "the cached share of key_a (team search) fell from 80% to 10%: that loses 378 credits an hour"
    )
    assert Decimal(found.evidence["lost_credits_per_hour"]) == Decimal(378)


def test_a_dated_name_has_the_price_of_its_model(ledger: Make) -> None:
    made = priced(ledger([falling(model="gpt-5-2026-08-07"), OTHER]))

    (found,) = made.signals(cache.judge)

    assert Decimal(found.evidence["lost_credits_per_hour"]) == Decimal(378)


def test_without_a_price_it_tells_tokens(ledger: Make) -> None:
    (found,) = ledger([falling(), OTHER]).signals(cache.judge)

    assert "4,200,000 tokens an hour are no longer cached" in found.summary


def test_a_team_is_told_by_model_where_none_of_its_keys_burns_enough(ledger: Make) -> None:
    keys = [replace(falling(), key=f"key_{n}", credits=steady(30), requests=steady(300)) for n in range(20)]
    made = priced(ledger([*keys, OTHER]))

    (found,) = made.signals(cache.judge)

    assert (found.scope_kind, found.scope, found.evidence["model"]) == ("team", "search", "gpt-5")
    assert "team search on gpt-5 fell from 80% to 10%" in found.summary


@pytest.mark.parametrize(("to", "count"), [(0.4, 1), (0.41, 0)])
def test_half_of_the_usual_share_must_be_gone(ledger: Make, to: float, count: int) -> None:
    assert len(priced(ledger([falling(to), OTHER])).signals(cache.judge)) == count


@pytest.mark.parametrize("days", [3, 6.9])
def test_without_a_week_of_history_nothing_is_usual(ledger: Make, days: float) -> None:
    assert not priced(ledger([falling(), OTHER], days=days)).signals(cache.judge)


def test_planned_activity_is_no_signal(ledger: Make) -> None:
    made = priced(ledger([falling(), OTHER]))

    assert not made.signals(cache.judge, planned=[Planned("team", "search", NOON - HOUR, NOON + HOUR)])


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '379'", "min_share = '0.43'", "enabled = false"])
def test_a_loss_below_a_floor_never_alerts(ledger: Make, rule: str) -> None:
    made = priced(ledger([falling(), OTHER]))
    before = made.signals(cache.judge)

    made.set_rule(f"[alerts.rules.cache]\n{rule}")

    assert before
    assert not made.signals(cache.judge)


@given(
    tokens=st.integers(0, 10**12),
    cached=st.floats(0, 1),
    usual=st.floats(0, 1),
    drop=st.decimals(min_value="0.05", max_value="0.95", places=2),
    rates=st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)),
)
def test_a_loss_is_never_negative_nor_more_than_everything(
    tokens: int, cached: float, usual: float, drop: Decimal, rates: tuple[int, int]
) -> None:
    now = Input(tokens, int(tokens * cached))

    lost = lost_tokens(now, usual)

    assert 0 <= lost <= tokens
    assert 0 <= lost_nano(lost, *rates) <= tokens * rates[0] // 1_000_000
    assert not (collapsed(now, usual, drop) and tokens > 10**6 and lost == 0)


def test_days_with_hardly_any_tokens_say_nothing() -> None:
    now = Input(1_000, 0)
    days = {back: Input(1_000, 800) for back in range(1, 9)}

    assert usual_share(now, days) == 0.8
    assert usual_share(now, {**days, 7: Input(10, 10), 8: Input(10, 10)}) is None
