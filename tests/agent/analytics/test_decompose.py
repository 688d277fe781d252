from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.analytics.decompose import Factor, Prices, Traffic, decompose
from agent.analytics.shares import split_exactly

PRICES = Prices(input=1.25, cached=0.125, output=10.0)
KNOWN = dict.fromkeys(("mini", "large", "embed"), (PRICES, PRICES))


def traffic(requests: float, tokens_input: float, cached: float, output: float) -> Traffic:
    """A completion's sums, priced by PRICES in nano-credits a token."""
    nano = (tokens_input - cached) * 1.25 + cached * 0.125 + output * 10.0
    return Traffic("completion", requests, tokens_input, cached, output, 0, round(nano))


USUAL = {"mini": traffic(100, 100_000, 60_000, 20_000)}


def test_more_of_the_same_is_requests_alone() -> None:
    drivers = decompose({"mini": traffic(900, 900_000, 540_000, 180_000)}, USUAL, KNOWN)

    assert drivers[Factor.REQUESTS] == 8 * USUAL["mini"].credits_nano
    assert not any(nano for factor, nano in drivers.items() if factor is not Factor.REQUESTS)


def test_longer_prompts_are_input_tokens_alone() -> None:
    drivers = decompose({"mini": traffic(100, 500_000, 300_000, 20_000)}, USUAL, KNOWN)

    assert drivers[Factor.INPUT_TOKENS] > 0
    assert sum(abs(nano) for factor, nano in drivers.items() if factor is not Factor.INPUT_TOKENS) <= 2


def test_a_lost_cache_is_the_cache_share_alone() -> None:
    drivers = decompose({"mini": traffic(100, 100_000, 0, 20_000)}, USUAL, KNOWN)

    assert drivers[Factor.CACHE_SHARE] == round(60_000 * (1.25 - 0.125))
    assert drivers[Factor.PRICE] == 0


def test_requests_that_move_to_a_dearer_model_are_the_mix() -> None:
    dearer = replace(traffic(100, 100_000, 60_000, 20_000), credits_nano=5 * USUAL["mini"].credits_nano)

    drivers = decompose({"large": dearer}, USUAL, KNOWN)

    assert drivers[Factor.MODEL_MIX] == 4 * USUAL["mini"].credits_nano
    assert drivers[Factor.REQUESTS] == 0


def test_the_same_work_for_more_credits_is_the_price() -> None:
    dearer = {"mini": replace(USUAL["mini"], credits_nano=3 * USUAL["mini"].credits_nano)}

    assert decompose(dearer, USUAL, KNOWN)[Factor.PRICE] == 2 * USUAL["mini"].credits_nano


def test_an_operation_that_begins_is_requests() -> None:
    embedding = Traffic("embedding", 10, 1_000, 0, 0, 0, 777)

    drivers = decompose({**USUAL, "embed": embedding}, USUAL, KNOWN)

    assert drivers[Factor.REQUESTS] == 777


def test_images_without_tokens_are_taken_apart_too() -> None:
    usual = {"image": Traffic("image", 10, 0, 0, 0, 10, 1_000)}
    now = {"image": Traffic("image", 10, 0, 0, 0, 30, 3_000)}

    assert decompose(now, usual, {})[Factor.UNITS] == 2_000


def test_storage_that_costs_without_requests_is_explained_too() -> None:
    usual = {"store": Traffic("vector_store", 0, 0, 0, 0, 10, 1_000)}
    now = {"store": Traffic("vector_store", 0, 0, 0, 0, 30, 3_000)}

    assert decompose(now, usual, {})[Factor.REQUESTS] == 2_000


counts = st.just(0.0) | st.floats(0.001, 1e6)
sums = st.builds(
    lambda operation, requests, tokens, share, output, units, nano: Traffic(
        operation, requests, tokens, tokens * share, output, units, nano
    ),
    st.sampled_from(["completion", "embedding", "image"]),
    counts,
    counts,
    st.floats(0, 1),
    counts,
    counts,
    st.integers(0, 10**15),
)
sides = st.dictionaries(st.sampled_from(["mini", "large", "embed", "image"]), sums, max_size=4)


@given(now=sides, usual=sides)
def test_the_factors_add_up_to_the_rise_exactly(now: dict[str, Traffic], usual: dict[str, Traffic]) -> None:
    drivers = decompose(now, usual, KNOWN)

    rise = sum(each.credits_nano for each in now.values()) - sum(each.credits_nano for each in usual.values())
    assert sum(drivers.values()) == rise


@given(parts=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8), whole=st.integers(-(10**13), 10**13))
def test_a_split_adds_up_whatever_the_parts(parts: list[float], whole: int) -> None:
    assert sum(split_exactly(whole, parts)) == whole


def test_a_split_rounds_each_part_by_less_than_one() -> None:
    assert split_exactly(10, [3.3, 3.3, 3.4]) == [3, 3, 4]
