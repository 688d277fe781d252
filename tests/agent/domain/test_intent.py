from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.intent import LARGEST_BYTES, IntentKind, parse_intent
from agent.ledger.intent_box import Place
from tests.agent.control.build import intent

INTENT = intent(Place("0" * 32, 1))


@given(
    st.sampled_from(IntentKind),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50),
    st.dictionaries(st.sampled_from("abc"), st.integers() | st.text('äb"\\', max_size=5)),
)
def test_an_intent_comes_back_from_the_text_that_is_signed(
    kind: IntentKind, subject: str, payload: dict[str, object]
) -> None:
    made = replace(INTENT, kind=kind, subject=subject, payload=payload)

    assert parse_intent(made.text().encode()) == made


def test_a_text_longer_than_any_intent_is_not_read() -> None:
    long = replace(INTENT, payload={"reason": "x" * LARGEST_BYTES})

    with pytest.raises(ValueError, match="longer"):
        parse_intent(long.text().encode())
