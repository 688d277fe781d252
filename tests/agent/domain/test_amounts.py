"""Amounts as people type them."""

from __future__ import annotations

import pytest

from agent.domain.money import NANO, AmountError, parse_credits


@pytest.mark.parametrize(
    ("text", "credits_"), [("60,000", 60_000), ("1,234,567", 1_234_567), ("25_000", 25_000), (" 7 ", 7)]
)
def test_thousands_may_be_set_apart(text: str, credits_: int) -> None:
    assert parse_credits(text) == credits_ * NANO


@pytest.mark.parametrize("text", ["1,5", "60,00", "1,0000", ",500", "1.000,5", "0", "-5", ""])
def test_what_could_be_read_otherwise_is_no_amount(text: str) -> None:
    with pytest.raises(AmountError):
        parse_credits(text)
