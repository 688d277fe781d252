from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.canonical import canonical, parse_canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_a_value_comes_back_from_its_text(value: Any) -> None:
    assert parse_canonical(canonical(value).encode()) == value


@given(st.dictionaries(TEXT, PLAIN, max_size=6), st.randoms())
def test_a_value_has_one_text_whatever_the_order_of_its_keys(value: dict[str, Any], chance: Any) -> None:
    shuffled = list(value.items())
    chance.shuffle(shuffled)

    assert canonical(dict(shuffled)) == canonical(value)


@given(PLAIN)
def test_any_other_json_of_a_value_is_refused(value: Any) -> None:
    for text in (json.dumps(value, indent=1), json.dumps(value), canonical(value) + " "):
        if text != canonical(value):
            with pytest.raises(ValueError, match="canonical"):
                parse_canonical(text.encode())


@given(st.binary(max_size=200))
def test_bytes_are_a_canonical_text_or_a_value_error(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except ValueError:
        return
    assert canonical(value).encode() == data


@pytest.mark.parametrize("value", [1.0, {"a": [0.1]}, {1: 2}, {"a": object()}, {"a": (1,)}, "\ud800"])
def test_what_has_several_texts_or_none_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_depth_ends_somewhere() -> None:
    for depth in (40, 100_000):
        with pytest.raises(ValueError, match="deep"):
            parse_canonical(b"[" * depth + b"]" * depth)
