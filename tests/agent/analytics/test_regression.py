"""A newer version of a model against the one before, on traffic that can be compared."""

from __future__ import annotations

from agent.analytics.regression import Use, compare

OLDER = {"search": Use(1_000, 100_000, 5_000), "support": Use(200, 2_000, 100)}


def test_the_same_cost_a_request_is_no_difference() -> None:
    found = compare(OLDER, {"search": Use(500, 50_000, 2_500)})

    assert found is not None
    assert (found.requests, found.above_nano, found.by_length_nano) == (500, 0, 0)


def test_longer_answers_are_told_from_a_dearer_price() -> None:
    longer = compare(OLDER, {"search": Use(500, 100_000, 5_000)})
    dearer = compare(OLDER, {"search": Use(500, 50_000, 5_000)})

    assert longer is not None and dearer is not None
    assert (longer.above_nano, longer.by_length_nano) == (2_500, 2_500)
    assert (dearer.above_nano, dearer.by_length_nano) == (2_500, 0)


def test_a_shift_to_teams_with_longer_prompts_is_no_regression() -> None:
    before = {"search": Use(100, 100_000, 5_000), "support": Use(10_000, 2_000, 10_000)}
    after = {"search": Use(10_000, 10_000_000, 500_000), "support": Use(100, 20, 100)}

    found = compare(before, after)

    assert found is not None
    assert found.above_nano == 0


def test_teams_that_used_one_version_only_or_hardly_are_left_out() -> None:
    assert compare(OLDER, {"labs": Use(9_000, 9_000, 9_000_000)}) is None
    assert compare(OLDER, {"search": Use(99, 9_900, 9_999)}) is None
    assert compare({"search": Use(500, 500, 0)}, {"search": Use(500, 500, 500)}) is None
