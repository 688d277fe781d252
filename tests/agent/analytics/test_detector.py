"""What is usual and how noisy it is, on synthetic hours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.analytics.detector import (
    HOUR_S,
    Hours,
    chance,
    expectation,
    judge,
    known_days,
    recent_level,
)

WIDTH = 30 * 24
START = 1_795_003_200 // HOUR_S * HOUR_S - WIDTH * HOUR_S
END = START + WIDTH * HOUR_S


def hours(credits_: NDArray[np.float64], requests: NDArray[np.float64] | None = None) -> Hours:
    return Hours(START, credits_, credits_ * 10 if requests is None else requests)


def weekly(level: float = 100.0) -> NDArray[np.float64]:
    """One series with a rhythm of day and week."""
    hour = np.arange(WIDTH)
    busy = 1.0 + 0.5 * np.sin(2 * np.pi * hour / 24)
    return (level * busy * np.where(hour // 24 % 7 >= 5, 0.5, 1.0))[None, :]


def test_a_rhythm_is_expected_to_go_on() -> None:
    known = hours(weekly())

    usual = expectation(known, END, END + HOUR_S)

    assert usual.credits[0] == pytest.approx(weekly()[0, WIDTH - 168], rel=0.05)


def test_a_spike_last_week_changes_neither_what_is_expected_nor_its_noise() -> None:
    clean, struck = weekly(), weekly()
    struck[0, WIDTH - 168 : WIDTH - 165] *= 50

    before = expectation(hours(clean), END, END + HOUR_S)
    after = expectation(hours(struck), END, END + HOUR_S)

    assert after.credits[0] == pytest.approx(before.credits[0], rel=0.01)
    assert after.spread[0] == pytest.approx(before.spread[0], rel=0.01)


def test_hours_that_were_not_read_are_not_taken_for_quiet_ones() -> None:
    some = weekly()
    some[0, : WIDTH - 8 * 24] = np.nan

    usual = expectation(hours(some), END, END + HOUR_S)

    assert usual.credits[0] == pytest.approx(weekly()[0, WIDTH - 168], rel=0.05)


def test_without_a_week_of_history_the_highest_of_the_known_days_is_expected() -> None:
    some = weekly()
    some[0, : WIDTH - 4 * 24] = np.nan

    usual = expectation(hours(some), END, END + HOUR_S)

    same_hours = weekly()[0, [WIDTH - 24 * day for day in range(1, 5)]]
    assert usual.credits[0] == pytest.approx(same_hours.max(), rel=0.2)


def test_a_series_that_was_never_seen_is_expected_to_burn_nothing() -> None:
    usual = expectation(hours(np.full((1, WIDTH), np.nan)), END, END + 300)

    assert usual.credits[0] == 0.0


def test_growth_that_lasts_three_days_becomes_the_level_one_day_does_not() -> None:
    one_day, three_days = weekly(), weekly()
    one_day[0, -24:] *= 3
    three_days[0, -72:] *= 3

    assert recent_level(hours(one_day))[0] == pytest.approx(1.0)
    assert recent_level(hours(three_days))[0] == pytest.approx(3.0)


def test_known_days_count_days_with_data_at_that_hour() -> None:
    some = weekly()
    some[0, : WIDTH - 5 * 24] = np.nan

    assert known_days(hours(some), END) == 5


def test_few_and_dear_requests_make_a_burn_noisier_than_many_cheap_ones() -> None:
    known = hours(np.repeat(weekly(), 2, axis=0), np.stack([weekly()[0] / 50, weekly()[0] * 50]))
    usual = expectation(known, END, END + 300)

    judged = judge(usual.credits * 2, 300, usual, chance(usual.credits, usual.requests))

    assert judged.noise[0] > 3 * judged.noise[1]


def test_one_dear_request_among_cheap_ones_carries_no_weight() -> None:
    known = hours(weekly())
    usual = expectation(known, END, END + 300)
    cheap, dear = usual.credits[0], 50 * usual.credits[0]

    by_chance = chance(np.array([cheap]), np.array([100.0])) + chance(np.array([dear]), np.array([1.0]))
    judged = judge(np.array([cheap + dear]), 300, usual, by_chance)

    assert judged.weight[0] < 2


def test_four_times_the_burn_of_few_requests_is_chance_and_of_many_is_none() -> None:
    few, many = np.full((1, WIDTH), 0.5), np.full((1, WIDTH), 50.0)
    usual = expectation(hours(np.concatenate([few, many])), END, END + HOUR_S)

    judged = judge(usual.credits * 4, HOUR_S, usual, chance(usual.credits * 4, usual.requests * 4))

    assert judged.deviation()[0] < 4 < judged.deviation()[1]


@settings(max_examples=30, deadline=None)
@given(factor=st.floats(1e-4, 1e4))
def test_pennies_are_judged_as_thousands_are(factor: float) -> None:
    small, large = hours(weekly(), weekly()), hours(weekly() * factor, weekly())
    usual, scaled = expectation(small, END, END + 900), expectation(large, END, END + 900)

    one = judge(usual.credits * 3, 900, usual, chance(usual.credits * 3, usual.requests * 3))
    two = judge(scaled.credits * 3, 900, scaled, chance(scaled.credits * 3, scaled.requests * 3))

    assert two.deviation()[0] == pytest.approx(one.deviation()[0], rel=1e-6)
