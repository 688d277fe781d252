"""How gateways count: a limit of nothing refuses all, and a higher one never refuses more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control.planning import windows
from agent.control.planning.windows import Ints, Passed

Way = Callable[[Ints, Ints, int], Passed]

WAYS: dict[str, Way] = {
    "sliding second": lambda times, costs, amount: windows.sliding(times, amount, 1_000),
    "sliding minute": lambda times, costs, amount: windows.sliding(times, amount, 60_000),
    "opened": lambda times, costs, amount: windows.opened(times, amount),
    "opened, tokens": lambda times, costs, amount: windows.opened(times, amount, costs),
    "calendar": lambda times, costs, amount: windows.calendar(times, amount),
    "calendar, tokens": lambda times, costs, amount: windows.calendar(times, amount, costs),
    "at once": lambda times, costs, amount: windows.at_once(times, costs, amount),
}
calls = st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 90_000)), max_size=60).map(sorted)


def columns(rows: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    table = np.array(rows, np.int64).reshape(len(rows), 2)
    return table[:, 0], table[:, 1]


@pytest.mark.parametrize("way", WAYS)
@given(rows=calls, amount=st.integers(0, 40))
def test_a_higher_limit_never_refuses_more(way: str, rows: list[tuple[int, int]], amount: int) -> None:
    low, high = (WAYS[way](*columns(rows), each) for each in (amount, amount + 1))

    assert len(low) == len(high) == len(rows)
    assert low.sum() <= high.sum()


@pytest.mark.parametrize("way", WAYS)
@given(rows=calls)
def test_a_limit_of_nothing_refuses_all_and_a_large_one_nothing(
    way: str, rows: list[tuple[int, int]]
) -> None:
    assert not WAYS[way](*columns(rows), 0).any()
    assert WAYS[way](*columns(rows), 10**9).all()


@given(rows=calls, amount=st.integers(1, 10), width=st.sampled_from([1_000, 60_000]))
def test_no_stretch_has_more_than_a_sliding_limit(
    rows: list[tuple[int, int]], amount: int, width: int
) -> None:
    times, _ = columns(rows)
    passed = times[windows.sliding(times, amount, width)].tolist()

    assert all(sum(at <= each < at + width for each in passed) <= amount for at in passed)


def test_a_sliding_second_does_not_count_what_it_refused() -> None:
    times = np.arange(0, 3_000, 50)  # twenty a second, without a pause

    passed = windows.sliding(times, 2, 1_000)

    assert times[passed].tolist() == [0, 50, 1_000, 1_050, 2_000, 2_050]


def test_a_window_is_opened_by_the_first_call_after_the_last_one() -> None:
    times = np.array([50_000, 70_000, 109_999, 110_000, 200_000])

    assert windows.opened(times, 1).tolist() == [True, False, False, True, True]
    assert windows.calendar(times, 1).tolist() == [True, True, False, False, True]


def test_tokens_are_counted_until_a_call_meets_the_limit_and_that_one_may_go_over_it() -> None:
    times, tokens = np.array([0, 1, 2, 60_000]), np.array([60, 60, 60, 60])

    assert windows.opened(times, 100, tokens).tolist() == [True, True, False, True]


def test_a_call_that_has_ended_makes_room_for_another() -> None:
    times, lengths = np.array([0, 10, 100, 150]), np.array([100, 500, 500, 500])

    assert windows.at_once(times, lengths, 1).tolist() == [True, False, True, False]
