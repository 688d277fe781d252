from __future__ import annotations

from agent.analytics.anomaly import robust_anomalies, seed_anomalies

TODAY = 20_000
CALM = {TODAY - back: 100 + back % 3 for back in range(1, 31)}


def test_the_guides_query_finds_a_day_above_three_deviations() -> None:
    found = seed_anomalies({"search": CALM | {TODAY: 500}}, TODAY)

    assert [(odd.day, odd.name) for odd in found] == [(TODAY, "search")]
    assert found[0].score > 3


def test_the_guides_query_takes_a_team_without_deviation_for_normal() -> None:
    flat = {TODAY - back: 100 for back in range(1, 31)}

    assert seed_anomalies({"search": flat | {TODAY: 100_000}}, TODAY) == []


def test_the_robust_variant_finds_it_all_the_same() -> None:
    flat = {TODAY - back: 100 for back in range(1, 31)}

    found = robust_anomalies({"search": flat | {TODAY: 100_000}}, TODAY - 5, TODAY)

    assert [odd.day for odd in found] == [TODAY]


def test_the_deviation_is_that_of_a_sample_as_in_bigquery() -> None:
    found = seed_anomalies({"t": {TODAY - 2: 10, TODAY - 1: 20, TODAY: 100}}, TODAY)

    assert round(found[0].spread, 6) == 7.071068
    assert found[0].centre == 15


def test_exactly_three_deviations_are_not_enough() -> None:
    # mean 10, sample deviation 1: 13 is three, 14 is four.
    base = {TODAY - 3: 9, TODAY - 2: 10, TODAY - 1: 11}

    assert seed_anomalies({"t": base | {TODAY: 13}}, TODAY) == []
    assert len(seed_anomalies({"t": base | {TODAY: 14}}, TODAY)) == 1


def test_a_team_that_hardly_ever_works_is_judged_with_its_idle_days() -> None:
    rare = {TODAY - 30: 100, TODAY - 20: 100, TODAY - 10: 100, TODAY: 100}

    assert robust_anomalies({"rare": rare}, TODAY - 5, TODAY) == []
