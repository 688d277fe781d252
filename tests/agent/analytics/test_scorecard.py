"""Levers of the scorecard: exact ranges, and models that would do for what traffic looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.analytics.scorecard import SCORECARD, Lever
from agent.analytics.traffic_mix import ModelUse, TokenRates, input_credits, smaller_model
from agent.domain.money import NANO

RATES = {
    "gpt-5-pro": TokenRates(1_500, 1_500, 12_000),
    "gpt-5": TokenRates(125, 12, 1_000),
    "gpt-5-mini": TokenRates(25, 2, 200),
    "gpt-5-nano": TokenRates(5, 0, 40),
    "o3": TokenRates(200, 50, 800),
    "text-embedding-3-small": TokenRates(2, 2, None),
}
USE = ModelUse("gpt-5", 1_000, 2_000_000, 500_000, 300_000, 487 * NANO)
SHORT = replace(USE, tokens_input=1_000_000, tokens_cached=0, tokens_output=100_000)
LONG = replace(USE, tokens_output=2_000_000)

amounts = st.integers(0, 10**18)


@pytest.mark.parametrize(
    ("lever", "low", "high"),
    [
        (Lever.RIGHT_SIZING, 10_000, 40_000),
        (Lever.PROMPT_REDUCTION, 5_000, 30_000),
        (Lever.CACHING, 10_000, 70_000),
        (Lever.BATCH_EMBEDDINGS, 20_000, 50_000),
    ],
)
def test_the_scorecard_has_the_guides_ranges(lever: Lever, low: int, high: int) -> None:
    assert SCORECARD[lever].saving(100_000 * NANO) == (low * NANO, high * NANO)


def test_levers_without_a_range_promise_nothing() -> None:
    assert SCORECARD[Lever.FINE_TUNE].saving(100 * NANO) is None


@given(amounts, st.sampled_from(list(SCORECARD.values())))
def test_a_saving_is_exact_and_never_more_than_its_range(nano: int, entry: object) -> None:
    saving = entry.saving(nano)  # type: ignore[attr-defined]

    if saving is not None:
        low, high = saving
        assert 0 <= nano * entry.low_percent - low * 100 < 100  # type: ignore[attr-defined]
        assert 0 <= nano * entry.high_percent - high * 100 < 100  # type: ignore[attr-defined]


@given(
    fresh=st.integers(0, 10**12), cached=st.integers(0, 10**12), output=st.integers(0, 10**12), nano=amounts
)
def test_credits_of_input_are_a_part_of_what_was_paid(
    fresh: int, cached: int, output: int, nano: int
) -> None:
    use = ModelUse("gpt-5", 1, fresh + cached, cached, output, nano)
    found = input_credits(use, RATES)

    whole = fresh * 125 + cached * 12 + output * 1_000
    if found is None:
        assert whole == 0
    else:
        assert 0 <= found.cacheable <= found.fresh
        assert found.whole <= nano
        assert 0 <= nano * fresh * 125 - found.fresh * whole < whole


def test_input_is_paid_by_the_proportions_of_its_rates() -> None:
    found = input_credits(USE, RATES)

    assert found is not None
    # 1.5 M fresh tokens at 125, 0.5 M cached at 12 and 0.3 M of output at 1,000: 493.5 in all.
    assert found.fresh == 487 * NANO * 1_875 // 4_935
    assert found.cacheable == 487 * NANO * 15 * 113 // 4_935


@pytest.mark.parametrize(
    ("use", "approved", "named"),
    [
        (USE, (), "gpt-5-mini"),
        (SHORT, (), "gpt-5-nano"),
        (LONG, (), None),
        (SHORT, ("gpt-5", "gpt-5-mini"), "gpt-5-mini"),
        (SHORT, ("gpt-5-mini-2025-08-07",), "gpt-5-mini"),
        (USE, ("gpt-5",), None),
        (replace(USE, model="gpt-5-pro"), (), "gpt-5"),
        (replace(USE, model="gpt-5-2025-08-07"), (), "gpt-5-mini"),
        (replace(USE, model="o3"), (), "gpt-5-mini"),
        (replace(USE, model="gpt-5-nano"), (), None),
        (replace(USE, model="unheard-of"), (), None),
        (replace(USE, requests=0), (), None),
    ],
)
def test_a_smaller_model_is_named_where_it_would_do(
    use: ModelUse, approved: tuple[str, ...], named: str | None
) -> None:
    assert smaller_model(use, RATES, approved) == named


def test_a_model_that_only_embeds_is_never_named_for_answers() -> None:
    assert smaller_model(SHORT, RATES, ("text-embedding-3-small",)) is None
