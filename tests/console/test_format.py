"""Numbers, times and ages as screens write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("0", "0"),
        ("0.001", "<0.01"),
        ("-0.001", "-<0.01"),
        ("0.08", "0.08"),
        ("9.999", "10.00"),
        ("12.44", "12.4"),
        ("999.96", "1,000"),
        ("1284.4", "1,284"),
        ("9999.6", "10.0k"),
        ("12840", "12.8k"),
        ("128400", "128k"),
        ("999950", "1.00M"),
        ("3070000", "3.07M"),
        ("-42500", "-42.5k"),
        ("2e15", "2,000T"),
    ],
)
def test_numbers_are_short(value, text):
    assert fmt.number(None if value is None else Decimal(value)) == text


@given(st.decimals(min_value=0, max_value=Decimal("9e14"), places=4))
def test_numbers_never_take_more_than_six_cells(value):
    assert len(fmt.number(value)) <= 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("0", "0 %"),
        ("0.324", "+32 %"),
        ("-0.081", "-8 %"),
        ("1.99", "+199 %"),
        ("2.5", "×3.5"),
        ("120", "×121"),
    ],
)
def test_changes_carry_their_sign_and_become_factors(value, text):
    assert fmt.change(None if value is None else Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.42", "42 %"), ("0.004", "0.4 %"), ("1", "100 %"), ("0.9999", "99.9 %"), ("0", "0 %")],
)
def test_a_share_is_100_percent_only_when_it_is_all(value, text):
    assert fmt.share(Decimal(value)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min"), (11_400, "3 h 10 min"), (7200, "2 h"), (273_600, "3 d 4 h")],
)
def test_lengths_of_time_have_two_units_at_most(seconds, text):
    assert fmt.span(seconds) == text


@pytest.mark.parametrize(("value", "text"), [("12.4", "$12.40"), ("128", "$128"), ("14022", "$14.0k")])
def test_money_has_cents_only_while_they_matter(value, text):
    assert fmt.money(Decimal(value), "USD") == text


def test_other_currencies_are_named_by_their_code():
    assert fmt.money(Decimal("-3.5"), "EUR") == "-3.50 EUR"


def test_small_amounts_keep_three_digits_that_count():
    assert [fmt.small(Decimal(text)) for text in ("0.000123456", "0.04501", "12.44")] == [
        "0.000123",
        "0.0450",
        "12.4",
    ]


def test_times_are_utc_and_name_another_year():
    assert fmt.moment(1_789_990_200) == "21 Sep 11:30"
    assert fmt.moment(1_789_990_200, now=1_830_000_000) == "21 Sep 2026 11:30"
