"""The lint of alert rules: each finding on a configuration that has it, and silence on one that has not."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.lint import Case, Finding, Level, Past, lint
from agent.domain.usage import Dimensions
from agent.ledger import open_reader, open_writer
from agent.ledger.history_store import HistoryStore
from agent.settings import parse_settings
from tests.agent.reports.world import NOW, SEARCH, SUPPORT, use

FILE = Path("/etc/burndeck/burndeck.toml")


def person(name: str, *roles: str, scopes: str = "[]") -> str:
    """A [[people]] table."""
    key = base64.b64encode(name.encode().ljust(32, b".")).decode()
    named = f'[[people]]\nname = "{name}"\npublic_key = "ed25519:{key}"\n'
    return f"{named}roles = {list(roles)}\nscopes = {scopes}\n"


PEOPLE = person("ada", "finance") + person("bob", "engineering")
ROUTES = """
[[alerts.channels]]
name = "pager"
kind = "pagerduty"
[[alerts.routes]]
send = ["pager"]
recipient = "team_lead"
[[alerts.routes]]
send = ["pager"]
recipient = "exec_sponsor"
[[alerts.tiers]]
name = "warning"
at = "0.70"
notify = ["team_lead"]
[[alerts.tiers]]
name = "hard_cap"
at = "1.00"
action = "block"
notify = ["exec_sponsor"]
"""
ALLOCATION = """
[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = "100000"
emergency_buffer = "500"
"""
SOUND = PEOPLE + ALLOCATION + ROUTES


def check(text: str, past: Past | None = None, secret: str | None = "keyring") -> list[Finding]:
    """What the lint finds in a burndeck.toml."""
    return list(lint(Case(parse_settings(text, FILE), text, past, lambda _: secret)))


def only(found: list[Finding]) -> Finding:
    """The one finding."""
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """Five days in which search burns 60 credits an hour, and support 60 in each of two departments."""
    yield from world(tmp_path / "l.sqlite", days=5)


def world(path: Path, days: int) -> Iterator[Past]:
    """A ledger of some days."""
    who = (SEARCH, SUPPORT, replace(SUPPORT, department="sales"))
    hours = range((NOW - days * 86_400) // 3_600 * 3_600, NOW // 3_600 * 3_600, 3_600)
    rows = [use(hour, 3_600, each, 60.0) for hour in hours for each in who]
    with open_writer(path) as writer:
        writer.write_usage_window("openai", hours[0], hours[-1] + 3_600, {"completions": rows}, read_at=NOW)
    with open_reader(path) as reader:
        history = HistoryStore(reader.rows)
        yield Past(history, tuple(history.places()), NOW)


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


def test_a_recipient_of_the_block_that_is_reached_for_another_allocation_only_is_an_error() -> None:
    text = SOUND.replace(
        'recipient = "exec_sponsor"', 'recipient = "exec_sponsor"\nallocations = ["org-1-team-search"]'
    ) + ALLOCATION.replace("search", "support")

    found = only(check(text))

    assert found.level is Level.ERROR
    assert "blocks of org-1-team-support and tells exec_sponsor" in found.problem


def test_a_route_for_everybody_reaches_whomever_a_tier_tells() -> None:
    text = PEOPLE + ALLOCATION + ROUTES.replace('recipient = "team_lead"', "")
    text = text.replace('notify = ["team_lead"]', 'notify = ["ops_on_call"]')

    assert check(text.replace('recipient = "exec_sponsor"', "")) == []
    assert check(text.replace('recipient = "exec_sponsor"', 'recipient = "ops_on_call"')) == []


def test_a_recipient_that_no_route_reaches_is_named_with_the_line_of_its_tier() -> None:
    text = SOUND.replace('notify = ["team_lead"]', 'notify = ["team_lead", "bu_head"]')

    found = only(check(text))

    assert (found.level, found.key) == (Level.WARNING, "alerts.tiers[1].notify")
    assert text.splitlines()[found.line - 1] == 'notify = ["team_lead", "bu_head"]'
    assert "bu_head" in found.problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('tiers = ["wrning"]', "there is no tier 'wrning': it never fits"),
        ('rules = ["budgets"]', "there is no rule 'budgets'"),
        ('allocations = ["org-1-team-serch"]', "there is no allocation 'org-1-team-serch'"),
        ('teams = ["nobody", "search"]', "there is no team 'nobody': that never fits"),
        ('environments = ["production"]', "there is no environment 'production'"),
        ('recipient = "team_leed"', "there is no tier that tells 'team_leed'"),
    ],
)
def test_a_route_that_can_never_fit_is_found(past: Past, line: str, problem: str) -> None:
    found = only(check(SOUND + f'[[alerts.routes]]\nsend = ["pager"]\n{line}\n', past))

    assert problem in found.problem
    assert found.key.startswith("alerts.routes[3].")


def test_teams_are_not_judged_before_the_ledger_knows_them() -> None:
    assert check(SOUND + '[[alerts.routes]]\nsend = ["pager"]\nteams = ["new"]\n') == []


def test_a_channel_that_nobody_uses_or_that_has_no_secret_is_found() -> None:
    more = '[[alerts.channels]]\nname = "ops"\nkind = "slack"\n'

    assert "no route sends anything to ops" in only(check(SOUND + more)).problem
    assert {each.level for each in check(SOUND, secret=None)} == {Level.ERROR}
    assert "burndeck login pager" in only(check(SOUND, secret=None)).fix


def test_where_a_secret_is_found_is_a_sentence_of_its_own() -> None:
    hook = '[[alerts.channels]]\nname = "hook"\nkind = "webhook"\nurl = "https://hook.example"\n'

    fixes = [each.fix for each in check(SOUND + hook, secret=None) if "hook has no" in each.problem]

    assert fixes == [
        "Run `burndeck login hook`. Where it is found: the receiver (whsec_...); while it is changed give "
        "both, with a comma between."
    ]


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


def test_a_mail_server_without_an_account_needs_no_secret() -> None:
    mail = (
        '[[alerts.channels]]\nname = "mail"\nkind = "email"\nurl = "smtp://localhost:25"\nsender = "a@b.c"\n'
    )
    route = '[[alerts.routes]]\nsend = ["ada@example.com"]\n'
    text = SOUND + mail + route

    assert [each.key for each in check(text, secret=None)] == ["alerts.channels[1].name"]


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


def test_the_worst_comes_first(past: Past) -> None:
    day = '[[alerts.tiers]]\nname = "info"\nat = "0.5"\nof = "day_forecast"\n'

    levels = [
        each.level
        for each in check(ALLOCATION + day + "[alerts.rules.day_forecast]\nmin_days = 6\n" + ROUTES, past)
    ]

    assert levels == sorted(levels, key=list(Level).index)
    assert set(levels) == set(Level)


def test_dimensions_that_nobody_is_named_for_are_no_parents(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.sqlite") as writer:
        rows = [use(NOW - 60, 60, Dimensions("openai", api_key="key_x"), 1_000.0)]
        writer.write_usage_window("openai", NOW - 60, NOW, {"completions": rows}, read_at=NOW)
        past = Past(writer.history, tuple(writer.history.places()), NOW)

        assert (
            check(SOUND.replace("team:search", "api_key:key_x").replace("team-search", "key-x"), past) == []
        )
