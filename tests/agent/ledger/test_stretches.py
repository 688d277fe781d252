from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.stretches import Stretches

pairs = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


@given(pairs)
def test_a_set_of_stretches_holds_exactly_their_seconds(given_pairs: list[tuple[int, int]]) -> None:
    stretches = Stretches()
    for start, end in given_pairs:
        stretches = stretches.with_stretch(start, end)

    seconds = {at for start, end in given_pairs for at in range(start, end)}
    assert {at for at in range(-1, 32) if stretches.covers(at)} == seconds
    assert set(np.flatnonzero(stretches.covers_each(np.arange(32))).tolist()) == seconds
    assert all(left[1] < right[0] for left, right in zip(stretches.pairs, stretches.pairs[1:], strict=False))


@given(pairs, st.integers(0, 30), st.integers(0, 30))
def test_gaps_are_what_is_missing(given_pairs: list[tuple[int, int]], start: int, end: int) -> None:
    stretches = Stretches(given_pairs)

    gaps = stretches.gaps(start, end)

    missing = [at for at in range(start, end) if not stretches.covers(at)]
    assert [at for left, right in gaps for at in range(left, right)] == missing
