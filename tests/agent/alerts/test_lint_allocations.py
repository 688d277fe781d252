"""The lint of allocations: what lies in what, and what the ledger knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.lint import Level, Past
from agent.domain.usage import Dimensions
from agent.ledger import open_writer
from tests.agent.alerts.linted import ALLOCATION, PEOPLE, ROUTES, SOUND, check, only, world
from tests.agent.reports.world import NOW, SEARCH, use


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """Five days in which search burns 60 credits an hour, and support 60 in each of two departments."""
    yield from world(tmp_path / "l.sqlite", days=5)


def test_a_child_with_more_than_its_parent_is_found() -> None:
    parent = (
        '[[allocations]]\nid = "org-1"\nscope = "organization"\nmonthly_credits = "99999"\nreserve = "1"\n'
    )

    found = only(check(PEOPLE + parent + ALLOCATION + ROUTES))

    assert "more than org-1 around it (99,999)" in found.problem


def test_parents_below_the_organization_are_known_from_the_ledger(past: Past) -> None:
    parent = (
        '[[allocations]]\nid = "org-1-dept-engineering"\nscope = "department:engineering"\n'
        'monthly_credits = "9"\nemergency_buffer = "1"\n'
    )

    assert check(PEOPLE + parent + ALLOCATION + ROUTES) == []
    assert (
        "more than org-1-dept-engineering" in only(check(PEOPLE + parent + ALLOCATION + ROUTES, past)).problem
    )


def test_allocations_that_cut_across_each_other_are_found(past: Past) -> None:
    text = SOUND.replace("search", "support") + (
        '[[allocations]]\nid = "org-1-dept-engineering"\nscope = "department:engineering"\n'
        'monthly_credits = "100000"\nemergency_buffer = "1"\n'
    )

    assert "overlap without one lying in the other" in only(check(text, past)).problem


def test_children_that_add_up_to_more_are_worth_a_note() -> None:
    parent = '[[allocations]]\nid = "org-1"\nscope = "organization"\nmonthly_credits = "150000"\n'
    text = PEOPLE + parent + ALLOCATION + ALLOCATION.replace("search", "support") + ROUTES
    text = text.replace('monthly_credits = "150000"', 'monthly_credits = "150000"\nreserve = "1"')

    found = only(check(text))

    assert found.level is Level.NOTE
    assert "add up to 200,000 credits" in found.problem


def test_an_allocation_of_nobody_gets_the_nearest_name(past: Past) -> None:
    found = only(check(SOUND.replace("team:search", "team:serch").replace("team-search", "team-serch"), past))

    assert found.fix == "Did you mean team:search?"


def test_a_floor_above_all_burn_and_a_share_above_all_of_it_never_fire(past: Past) -> None:
    text = SOUND + '[alerts.spike]\nmin_credits_per_hour = "181"\n[alerts.rules.errors]\nabove = "1.5"\n'

    share, floor = sorted(check(text, past), key=lambda each: each.key)

    assert "lies above everything that burns: the busiest hour of 30 days had 180.00" in floor.problem
    assert "more than all of it" in share.problem
    assert check(text.replace('"181"', '"180"').replace('"1.5"', '"1"'), past) == []


def test_truth_layers_may_differ_by_more_than_the_lower_one() -> None:
    assert check(SOUND + '[alerts.rules.drift]\nabove = "1.5"\n') == []


def test_a_forecast_without_history_is_worth_a_note(past: Past) -> None:
    day = '[[alerts.tiers]]\nname = "info"\nat = "0.5"\nof = "day_forecast"\nnotify = ["team_lead"]\n'
    rule = "[alerts.rules.day_forecast]\nmin_days = 6\n"

    assert check(SOUND + day, past) == []
    assert "it knows 5" in only(check(SOUND + day + rule, past)).problem


@pytest.mark.parametrize("days_ago", [1, 60])
def test_a_ledger_that_was_kept_is_judged_up_to_its_newest_data(past: Past, days_ago: int) -> None:
    kept = replace(past, at=past.at + days_ago * 86_400)
    day = '[[alerts.tiers]]\nname = "info"\nat = "0.5"\nof = "day_forecast"\nnotify = ["team_lead"]\n'
    text = SOUND + day + "[alerts.rules.day_forecast]\nmin_days = "

    assert check(text + "5\n", kept) == []
    assert "it knows 5" in only(check(text + "6\n", kept)).problem
    floor = only(check(SOUND + '[alerts.spike]\nmin_credits_per_hour = "181"\n', kept))
    assert "the busiest hour of 30 days had 180.00" in floor.problem


def test_an_allocation_far_above_what_burns_is_worth_a_note_once_a_month_is_known(tmp_path: Path) -> None:
    large = SOUND.replace('"100000"', '"1000000"')

    for past in world(tmp_path / "month.sqlite", days=32):
        found = only(check(large, past))
        assert found.level is Level.NOTE
        assert "more than 10 times that" in found.problem
    for past in world(tmp_path / "days.sqlite", days=5):
        assert check(large, past) == []


def test_an_approved_model_without_a_price_is_found(tmp_path: Path) -> None:
    from agent.ledger.rows import RateRow

    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.save_rates([RateRow("gpt-5-mini", "standard", "tokens_input", 0, 25)])
        writer.write_usage_window(
            "openai", NOW - 1_800, NOW, {"completions": [use(NOW - 60, 60, SEARCH, 1_000.0)]}, read_at=NOW
        )
        past = Past(writer.history, tuple(writer.history.places()), NOW)
        models = 'emergency_buffer = "500"\napproved_models = ["gpt-5-mini", "gpt-6"]'

        found = check(SOUND.replace('emergency_buffer = "500"', models), past)

    assert "no price of gpt-6" in only(found).problem


def test_dimensions_that_nobody_is_named_for_are_no_parents(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.sqlite") as writer:
        rows = [use(NOW - 60, 60, Dimensions("openai", api_key="key_x"), 1_000.0)]
        writer.write_usage_window("openai", NOW - 60, NOW, {"completions": rows}, read_at=NOW)
        past = Past(writer.history, tuple(writer.history.places()), NOW)

        assert (
            check(SOUND.replace("team:search", "api_key:key_x").replace("team-search", "key-x"), past) == []
        )
