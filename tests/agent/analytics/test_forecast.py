from __future__ import annotations

from agent.analytics.forecast import month_end, projected_month


def test_the_guides_formula_gives_the_guides_figure() -> None:
    assert projected_month(240_000, 16_000, 15, 10_000) == 490_000


def test_only_whole_days_before_today_are_averaged() -> None:
    days = dict.fromkeys(range(100, 120), 16_000) | {120: 1}

    end = month_end(days, today=120, month_to_date=240_000, days_left=15, releases=10_000, today_left=0.0)

    assert end is not None
    assert (end.average_day, end.projected, end.history_days) == (16_000, 490_000, 20)


def test_only_days_that_are_known_are_averaged() -> None:
    end = month_end({100: 10, 101: 0, 103: 20}, 104, month_to_date=0, days_left=1, releases=0, today_left=0.0)

    assert end is not None
    assert (end.average_day, end.averaged_days, end.history_days) == (10, 3, 3)


def test_three_days_are_too_few_for_bounds() -> None:
    end = month_end({100: 10, 101: 30, 103: 20}, 104, month_to_date=0, days_left=1, releases=0, today_left=0)

    assert end is not None
    assert (end.low, end.high) == (None, None)


def test_smoothing_knows_that_weekends_are_quiet() -> None:
    days = {day: 40 if day % 7 in (5, 6) else 100 for day in range(700, 756)}

    over_a_weekend = month_end(days, 760, month_to_date=0, days_left=2, releases=0, today_left=0.0)

    # Days 761 and 762 are 5 and 6 of their week; the average day knows nothing of that.
    assert over_a_weekend is not None
    assert over_a_weekend.weekdays
    assert over_a_weekend.smoothed < over_a_weekend.projected


def test_a_forecast_lies_inside_its_own_bounds() -> None:
    days = {day: 100 + day % 3 * 20 for day in range(50)}

    end = month_end(days, 50, month_to_date=500, days_left=10, releases=0, today_left=0.5)

    assert end is not None
    assert end.low is not None and end.high is not None
    assert 500 <= end.low < end.smoothed < end.high


def test_without_a_whole_day_there_is_no_forecast() -> None:
    assert month_end({120: 5}, 120, month_to_date=5, days_left=3, releases=0, today_left=1.0) is None
