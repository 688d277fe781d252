from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.cells import distinct, group

rows = st.lists(
    st.tuples(
        st.integers(0, 10**6) | st.integers(10**9, 10**9 + 500),
        st.integers(0, 4),
        st.integers(-(2**58), 2**58),
    ),
    min_size=1,
    max_size=30,
)


@given(rows, st.sampled_from((60, 3600, 86400)))
def test_sums_by_group_are_exact_however_far_apart_the_times_are(data: list[tuple], width: int) -> None:
    at, code, value = (np.array(column, np.int64) for column in zip(*data, strict=True))

    grouped = group(at, width, code, 5, {"amount": value})

    expected: Counter[tuple[int, int]] = Counter()
    for time, place, amount in data:
        expected[time // width * width, place] += amount
    keys = list(zip(grouped.time.tolist(), grouped.code.tolist(), strict=True))
    assert dict(zip(keys, grouped.columns["amount"].tolist(), strict=True)) == dict(expected)
    assert keys == sorted(keys)


@given(st.lists(st.integers(0, 50), max_size=20))
def test_distinct_values_and_places_give_back_the_values(values: list[int]) -> None:
    seen, place = distinct(np.array(values, np.int64))

    assert seen.tolist() == sorted(set(values))
    assert seen[place].tolist() == values
