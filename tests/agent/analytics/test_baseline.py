from __future__ import annotations

from agent.analytics.baseline import DAY, HOUR, WEEK, Seasonal, choose_basis, step_noise

MONDAY_NOON = 4 * DAY + 12 * HOUR + 2_900 * WEEK  # 1970-01-05 was a Monday


def every_hour(days: int, amount: int = 100) -> dict[int, int]:
    return {MONDAY_NOON - back * HOUR: amount for back in range(1, days * 24 + 1)}


def test_two_weeks_of_history_are_compared_by_hour_of_the_week() -> None:
    basis = choose_basis(every_hour(15), MONDAY_NOON)

    assert basis.name == "hour_of_week"
    assert basis.offsets == (WEEK, 2 * WEEK)
    assert basis.sentence == "same hour of the week, 2 weeks"


def test_less_history_is_compared_by_hour_of_the_day_among_working_days() -> None:
    basis = choose_basis(every_hour(6), MONDAY_NOON)

    # Of six days before a Monday, Tuesday to Friday count and the weekend does not.
    assert basis.name == "hour_of_day"
    assert basis.offsets == (3 * DAY, 4 * DAY, 5 * DAY, 6 * DAY)


def test_a_few_hours_are_compared_with_the_last_day() -> None:
    basis = choose_basis({MONDAY_NOON - HOUR: 1, MONDAY_NOON - 2 * HOUR: 1}, MONDAY_NOON)

    assert basis.name == "last_day"


def test_nothing_known_expects_nothing() -> None:
    assert choose_basis({}, MONDAY_NOON).name == "none"
    assert Seasonal({}, MONDAY_NOON).at(MONDAY_NOON) is None


def test_one_spike_in_the_past_does_not_become_usual() -> None:
    hours = every_hour(36)
    hours[MONDAY_NOON - WEEK] = 100_000

    expected = Seasonal(hours, MONDAY_NOON).at(MONDAY_NOON + HOUR / 2)

    assert expected is not None
    assert expected.value == 100


def test_a_steep_morning_is_joined_by_straight_lines() -> None:
    hours = every_hour(20)
    for week in (1, 2):
        hours[MONDAY_NOON - week * WEEK] = 200

    at_the_full_hour = Seasonal(hours, MONDAY_NOON).at(MONDAY_NOON)

    assert at_the_full_hour is not None
    assert at_the_full_hour.value == 150


def test_the_band_widens_with_restless_history_and_with_short_measurements() -> None:
    steady = Seasonal(every_hour(20, 1_000), MONDAY_NOON)
    restless = Seasonal({hour: 1_000 + (hour // HOUR % 5 - 2) * 200 for hour in every_hour(20)}, MONDAY_NOON)

    calm, wild = steady.at(MONDAY_NOON), restless.at(MONDAY_NOON)
    short = steady.at(MONDAY_NOON, noise=0.3)

    assert calm is not None and wild is not None and short is not None
    assert wild.high / wild.value > calm.high / calm.value
    assert short.high > calm.high
    assert calm.low < calm.value < calm.high


def test_a_slow_rise_is_no_noise() -> None:
    assert step_noise([1_000 + 10 * minute for minute in range(60)]) < 0.02
    assert step_noise([1_000 + (minute % 2) * 500 for minute in range(60)]) > 0.2
