from __future__ import annotations

import pytest

from agent.analytics.runway import Cap, binding


def cap(name: str, limit: int, used: int, burn: int) -> Cap:
    return Cap(name, "hard", limit, used, burn, at=1_000, month_end=10**9)


def test_runway_is_what_is_left_over_the_burn() -> None:
    assert cap("team", 1_000, 400, 60).seconds == 36_000


def test_a_cap_is_reached_exactly_at_its_limit() -> None:
    assert cap("team", 1_000, 999, 60).over is False
    assert cap("team", 1_000, 1_000, 60).over is True
    assert cap("team", 1_000, 1_000, 60).seconds == 0


def test_without_burn_a_cap_is_never_reached() -> None:
    assert cap("team", 1_000, 400, 0).seconds is None


def test_the_cap_that_bites_first_binds_however_large_the_others() -> None:
    large = cap("organization", 1_000_000, 900_000, 5_000)
    small = cap("team", 1_000, 100, 900)

    found = binding([large, small])

    assert found is small


def test_of_caps_passed_the_one_furthest_over_binds() -> None:
    found = binding([cap("a", 100, 110, 5), cap("b", 100, 150, 5), cap("c", 100, 1, 0)])

    assert found is not None and found.allocation_id == "b"


def test_where_nothing_burns_the_cap_binds_of_which_least_is_left() -> None:
    found = binding([cap("a", 1_000, 900, 0), cap("b", 100, 10, 0)])

    assert found is not None and found.allocation_id == "b"


def test_where_none_is_reached_this_month_a_burst_meets_the_cap_first_of_which_least_is_left() -> None:
    month_end = 1_000 + 10 * 3_600
    wide = Cap("organization", "hard", 1_000_000, 400_000, 50_000, at=1_000, month_end=month_end)  # in 12 h
    narrow = Cap("team", "hard", 1_000, 400, 40, at=1_000, month_end=month_end)  # in 15 h

    assert binding([wide, narrow]) is narrow


@pytest.mark.parametrize(("month_end", "seconds"), [(3_600 + 1_001, 3_600), (3_600 + 1_000, None)])
def test_a_cap_that_the_month_ends_before_is_not_reached(month_end: int, seconds: int | None) -> None:
    found = Cap("team", "hard", 1_000, 940, 60, at=1_000, month_end=month_end)

    assert (found.reach_s, found.seconds) == (3_600, seconds)
    assert found.bites_at == (None if seconds is None else 4_600)
    assert ("reaches its hard cap in 1 h" in found.sentence) is (seconds is not None)


def test_no_caps_no_binding_one() -> None:
    assert binding([]) is None
