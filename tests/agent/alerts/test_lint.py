"""The lint of alert rules: each finding on a configuration that has it, and silence on one that has not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.lint import Case, Level, Past, lint
from agent.settings import parse_settings
from tests.agent.alerts.linted import ALLOCATION, FILE, PEOPLE, ROUTES, SOUND, check, only, person, world


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """Five days in which search burns 60 credits an hour, and support 60 in each of two departments."""
    yield from world(tmp_path / "l.sqlite", days=5)


def test_sound_rules_have_no_findings(past: Past) -> None:
    assert check(SOUND) == []
    assert check(SOUND, past) == []


def test_a_hard_cap_without_override_rollback_and_buffer_fails() -> None:
    allocation = ALLOCATION.replace('emergency_buffer = "500"', 'block_expires = "0s"')

    found = check(allocation + ROUTES)

    assert [each.level for each in found] == [Level.ERROR] * 3
    problems = " ".join(each.problem for each in found)
    assert "nobody can override" in problems
    assert "never undo itself" in problems
    assert "no emergency buffer" in problems
    assert {each.place for each in found} == {f"{FILE}:2", f"{FILE}:6"}


def test_what_is_wrong_with_many_allocations_in_the_same_way_is_said_once() -> None:
    teams = ("search", "support", "payments", "data")
    many = "".join(ALLOCATION.replace("search", team) for team in teams)
    without = many.replace('emergency_buffer = "500"', "")

    found = check(without.replace("[[allocations]]", '[[allocations]]\nblock_expires = "0s"', 1) + ROUTES)

    assert len(found) == 3
    override = next(each for each in found if "nobody can override it" in each.problem)
    assert override.allocations == tuple(f"org-1-team-{team}" for team in teams)
    assert override.problem.startswith(
        "4 allocations (org-1-team-search, org-1-team-support, org-1-team-payments, ...): the hard cap blocks"
    )
    assert override.key == "allocations[1].override_approvers"
    undo = next(each for each in found if "never undo itself" in each.problem)
    assert undo.problem.startswith("org-1-team-search: ")


def test_who_could_override_keeps_allocations_apart() -> None:
    ada = person("ada", "finance", scopes='["team:search"]')

    found = check(ada + ALLOCATION + ALLOCATION.replace("search", "support") + ROUTES)

    assert ["ada (finance)" in each.problem for each in found] == [True, False]


@pytest.mark.parametrize(
    "people",
    [
        pytest.param(person("ada", "finance", "engineering"), id="one person with both roles"),
        pytest.param(person("ada", "finance") + person("eve", "operator"), id="nobody of engineering"),
        pytest.param(
            person("ada", "finance") + person("bob", "engineering", scopes='["team:support"]'),
            id="engineering of another team",
        ),
    ],
)
def test_an_override_takes_two_people_who_reach_the_scope(people: str) -> None:
    found = only(check(people + ALLOCATION + ROUTES))

    assert found.level is Level.ERROR
    assert found.key == "allocations[1].override_approvers"
    assert "nobody can override it" in found.problem


def test_approvers_of_the_department_around_a_team_count_once_the_ledger_knows_it(past: Past) -> None:
    text = person("ada", "finance") + person("bob", "engineering", scopes='["department:engineering"]')

    assert len(check(text + ALLOCATION + ROUTES)) == 1
    assert check(text + ALLOCATION + ROUTES, past) == []


def test_an_override_by_one_role_alone_is_no_override() -> None:
    settings = parse_settings(SOUND, FILE)
    (allocation,) = settings.allocations
    alone = settings.with_allocations((replace(allocation, override_approvers=("admin",)),))

    (found,) = lint(Case(alone, SOUND, None, lambda _: "keyring"))

    assert "needs two roles" in found.problem


def test_the_reserve_of_the_organization_is_a_buffer_for_all() -> None:
    whole = (
        '[[allocations]]\nid = "org-1"\nscope = "organization"\nmonthly_credits = "900000"\nreserve = "1"\n'
    )
    text = (
        PEOPLE + whole + ALLOCATION.replace("emergency_buffer", "soft_cap").replace('"500"', '"0.7"') + ROUTES
    )

    assert check(text) == []
    without = only(check(text.replace('reserve = "1"', 'reserve = "0"')))
    assert without.allocations == ("org-1", "org-1-team-search")


def test_without_a_tier_that_blocks_no_override_is_needed() -> None:
    assert check(ALLOCATION + ROUTES.replace('"block"', '"ticket"')) == []


def test_the_shipped_tiers_without_people_and_routes_say_what_is_missing() -> None:
    found = check(ALLOCATION)

    errors = [each.problem for each in found if each.level is Level.ERROR]
    assert any("nobody can override" in problem for problem in errors)
    assert any("hard_cap blocks and tells central_finance, whom no route reaches" in each for each in errors)
    assert any("there are no routes" in each.problem for each in found if each.level is Level.WARNING)


def test_shipped_tiers_are_called_by_their_names_and_have_no_line() -> None:
    found = check(PEOPLE + ALLOCATION + "[alerts.spike]\nsensitivity = 2\n")

    assert {each.key for each in found} >= {"tier hard_cap: notify", "tier info: notify", "alerts.routes"}
    assert {each.line for each in found} == {None}
    assert {each.place for each in found} == {str(FILE)}


def test_tiers_that_are_written_have_their_lines_also_on_one_line() -> None:
    tiers = '[alerts]\ntiers = [{name = "info", at = "0.5"}, {name = "warning", at = "0.7"}]\n'
    text = PEOPLE + ALLOCATION + tiers

    found = [each for each in check(text) if "tells nobody" in each.problem]

    assert [each.key for each in found] == ["alerts.tiers[1].notify", "alerts.tiers[2].notify"]
    assert {text.splitlines()[(each.line or 0) - 1][:7] for each in found} == {"tiers ="}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "warning"', 'name = "critical"', None),
        ('name = "hard_cap"\nat = "1.00"', 'name = "info"\nat = "0.9"', "fires at 0.9 of a month"),
        ('at = "1.00"', 'at = "1.10"', "blocks at 1.10, beyond the hard cap of org-1-team-search (1.00)"),
        ('at = "0.70"', 'at = "0.70"\nescalate_to = ["team_lead"]', "never escalates"),
        ('notify = ["team_lead"]', "", "tells nobody"),
        ('emergency_buffer', 'soft_cap = "1.0"\nemergency_buffer', "org-1-team-search: there is no step"),
        ('emergency_buffer', 'hard_cap = "1.5"\nemergency_buffer', None),
    ],
)  # fmt: skip
def test_tiers_in_the_wrong_place_are_found(old: str, new: str, problem: str | None) -> None:
    found = check(SOUND.replace(old, new))
    about_tiers = [
        each for each in found if "recipient" not in each.problem and "tells 'team" not in each.problem
    ]

    assert (problem is None) == (about_tiers == [])
    assert problem is None or problem in about_tiers[0].problem


def test_a_tier_that_rules_raise_must_exist() -> None:
    found = only(check(SOUND + '[alerts.rules.untagged]\ntier = "loud"\n'))

    assert (found.level, found.key) == (Level.ERROR, "alerts.rules.untagged.tier")


def test_the_worst_comes_first(past: Past) -> None:
    day = '[[alerts.tiers]]\nname = "info"\nat = "0.5"\nof = "day_forecast"\n'

    levels = [
        each.level
        for each in check(ALLOCATION + day + "[alerts.rules.day_forecast]\nmin_days = 6\n" + ROUTES, past)
    ]

    assert levels == sorted(levels, key=list(Level).index)
    assert set(levels) == set(Level)
