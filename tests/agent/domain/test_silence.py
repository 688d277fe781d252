"""What a silence matches."""

from __future__ import annotations

import pytest

from agent.domain.silence import parse_matchers


def test_matchers_are_fields_with_patterns() -> None:
    assert parse_matchers(["team=sea*", " api_key = key_1 "]) == {"team": "sea*", "api_key": "key_1"}


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["team=search", "team=payments"], "team is there twice"),
        (["team=search", " team =search"], "team is there twice"),
        (["team=search", "colour=red"], "'colour=red' is not FIELD=PATTERN"),
    ],
)
def test_a_field_given_twice_or_unknown_is_refused(texts: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_matchers(texts)
