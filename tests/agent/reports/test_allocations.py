from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.domain.usage import Layer
from agent.ledger import open_writer
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.reader import LedgerReader
from agent.reports.allocation_tree import AllocationTree, allocation_tree
from agent.reports.cap_explain import CapExplain, cap_explain, find_keys
from agent.settings import Settings
from tests.agent.reports.world import NANO, NOW, SETTINGS, fill

ORG, GROUP, TEAM = SETTINGS.allocations
DAY = 86_400
PROXY = "proxy"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("allocations") / "l.sqlite"
    fill(path)
    targets = {
        (TargetKind.KEY, "hash_1"): {"rpm_limit": 60, "blocked": None},
        (TargetKind.TEAM, "team_1"): {"tpm_limit": 9_000},
        (TargetKind.TEAM, "team_2"): {"tpm_limit": 1},
        (TargetKind.PROJECT_MODEL, "proj_search/gpt-5"): {"rpm": 500},
        (TargetKind.PROJECT_MODEL, "proj_search_2/gpt-5"): {"rpm": 1},
        (TargetKind.ORGANIZATION, "org"): {"spend_limit": None},
    }
    key = GatewayKey("hash_1", "key_search", "search backend", team="team_1", project="proj_search")
    states = [TargetState(Target(PROXY, kind, ident), fields) for (kind, ident), fields in targets.items()]
    with open_writer(path) as writer:
        writer.actions.save_inventory(PROXY, Inventory((key, GatewayKey("hash_2", "key_idle")), states), NOW)
        change = {"top_up_nano": 5_000 * NANO}
        writer.actions.add_allocation_change(AllocationChange(1, TEAM.id, change, NOW - 60, NOW + DAY))
        for scope, kind, more in (
            ("team:search", ActionKind.TOP_UP, {"amount_nano": 7 * NANO}),
            ("team:search", ActionKind.TOP_UP, {"amount_nano": 9 * NANO, "drill": True}),
            ("team:labs", ActionKind.ALLOCATE, {"change": {"id": "org-1-team-labs", "create": True}}),
        ):
            spec = ActionSpec(kind, Scope.parse(scope), **more)  # type: ignore[arg-type]
            action = Action(
                spec, ActionState.STANDBY, "ada", NOW, "a launch", needs=(("finance",), ("engineering",))
            )
            writer.actions.add(action)
    return path


def tree(path: Path, settings: Settings = SETTINGS, at: float | None = None) -> AllocationTree:
    with LedgerReader(path) as reader:
        return allocation_tree(reader, settings, NOW, at=at)


def explain(path: Path, key: str = "key_search", settings: Settings = SETTINGS) -> CapExplain:
    with LedgerReader(path) as reader:
        return cap_explain(reader, settings, key, NOW)


def test_each_parent_comes_before_its_children_with_what_they_hold(ledger: Path) -> None:
    found = tree(ledger)

    assert [(row.depth, row.budget.allocation_id) for row in found.rows] == [
        (0, ORG.id),
        (1, GROUP.id),
        (2, TEAM.id),
    ]
    assert [row.held_below.value for row in found.rows] == [200_000, 60_000, 0]
    assert found.rows[2].level == "Department / Team"


def test_used_credits_carry_layer_and_age_and_what_is_given_carries_none(ledger: Path) -> None:
    row = tree(ledger).rows[2]

    assert row.budget.used.layer is Layer.METERED
    assert row.budget.used.as_of == NOW
    assert row.budget.used.value == Decimal(NOW - 1_793_491_200) / 60  # a credit a minute, all of November
    assert row.given.layer is None


def test_a_top_up_is_told_apart_and_is_no_part_of_an_earlier_moment(ledger: Path) -> None:
    now, before = tree(ledger).rows[2], tree(ledger, at=NOW - 3_600).rows[2]

    assert (now.given.value, now.topped_up.value, now.budget.monthly.value) == (60_000, 5_000, 65_000)
    assert (before.topped_up.value, before.budget.monthly.value) == (0, 60_000)


def test_the_pool_says_what_is_left(ledger: Path) -> None:
    pool = tree(ledger).pool

    assert pool is not None
    assert (pool.size.value, pool.held.value, pool.topped_up.value) == (1_000_000, 200_000, 5_000)
    assert pool.available.value == 795_000
    assert tree(ledger, replace(SETTINGS, allocations=(TEAM,))).pool is None


def test_changes_that_wait_stand_at_their_allocation(ledger: Path) -> None:
    found = tree(ledger)

    (pending,) = found.rows[2].pending
    assert (pending.kind, pending.state, pending.asked_by) == ("top_up", "standby", "ada")
    assert pending.change == {"top_up_nano": 7 * NANO}
    assert pending.needs == (("finance",), ("engineering",))
    assert [each.change["id"] for each in found.new] == ["org-1-team-labs"]
    assert not any(row.pending for row in tree(ledger, at=NOW - 3_600).rows)


def test_an_empty_ledger_has_the_tree_without_figures(tmp_path: Path) -> None:
    open_writer(tmp_path / "l.sqlite").close()

    found = tree(tmp_path / "l.sqlite")

    # What never burnt lies in nothing but the organization.
    assert [row.depth for row in found.rows] == [0, 1, 1]
    assert all(row.budget.used.value == 0 and row.budget.used.layer is None for row in found.rows)


def test_a_key_is_explained_level_by_level_and_the_least_that_is_left_binds(ledger: Path) -> None:
    found = explain(ledger)

    assert [(level.kind, level.value) for level in found.levels] == [
        ("organization", ""),
        ("billing_group", "product"),
        ("department", "engineering"),
        ("team", "search"),
        ("project", "proj_search"),
        ("api_key", "key_search"),
    ]
    assert [level.kind for level in found.levels if level.budget] == ["organization", "billing_group", "team"]
    assert found.binding == TEAM.id
    assert [level.kind for level in found.levels if level.binds] == ["team"]
    team = found.levels[3]
    assert team.left is not None
    assert team.budget is not None
    assert team.left.value == 65_000 - (team.budget.used.value or 0)
    assert team.left.layer is Layer.METERED
    assert found.sentence.startswith("org-1-team-search binds: ")


def test_a_wider_cap_binds_where_less_of_it_is_left(ledger: Path) -> None:
    small = replace(GROUP, monthly_nano=40_000 * NANO)

    found = explain(ledger, settings=replace(SETTINGS, allocations=(ORG, small, TEAM)))

    assert found.binding == GROUP.id


def test_a_cap_that_is_reached_says_so(ledger: Path) -> None:
    small = replace(TEAM, monthly_nano=NANO)

    found = explain(ledger, settings=replace(SETTINGS, allocations=(small,)))

    assert found.sentence == "org-1-team-search binds: its hard cap of 5,001 credits is reached"
    assert found.first is not None
    assert found.first.over


def test_limits_of_gateways_that_the_key_passes_are_listed(ledger: Path) -> None:
    found = explain(ledger)

    assert [(each.target, each.id, dict(each.fields)) for each in found.native] == [
        ("key", "hash_1", {"rpm_limit": 60}),
        ("project_model", "proj_search/gpt-5", {"rpm": 500}),
        ("team", "team_1", {"tpm_limit": 9_000}),
    ]
    assert {each.seen_at for each in found.native} == {NOW}
    assert all(each.words for each in found.native)


def test_the_credits_of_the_day_are_counted_from_midnight(ledger: Path) -> None:
    scope = Scope.parse("api_key:key_search")
    key = Allocation("org-1-key-key_search", scope, 10**6 * NANO, daily_nano=750 * NANO)

    found = explain(ledger, settings=replace(SETTINGS, allocations=(*SETTINGS.allocations, key)))

    assert found.day is not None
    assert (found.day.used.value, found.day.limit.value, found.day.over) == (750, 750, True)


def test_a_key_that_never_burnt_is_known_by_its_gateway(ledger: Path) -> None:
    found = explain(ledger, "key_idle")

    assert found.binding == ORG.id
    assert [level.value for level in found.levels] == ["", "", "", "", "", "key_idle"]


def test_a_key_no_cap_counts_says_so(ledger: Path) -> None:
    assert explain(ledger, settings=replace(SETTINGS, allocations=())).sentence.startswith("no cap counts")


def test_a_key_is_found_by_id_and_by_name(ledger: Path) -> None:
    with LedgerReader(ledger) as reader:
        assert find_keys(reader, "key_search") == ("key_search",)
        assert find_keys(reader, "search backend") == ("key_search",)
        assert find_keys(reader, "nobody") == ()
        assert find_keys(reader, "") == ()
