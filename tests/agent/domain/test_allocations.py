from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from agent.domain.allocation import Allocation, Scope
from agent.domain.allocations import (
    Part,
    base_nano,
    carried,
    carry_on,
    changed,
    given,
    in_force,
    ledger_part,
    plain,
)
from agent.domain.money import NANO

PAYMENTS = Allocation("org-1-bg-payments", Scope.parse("billing_group:payments"), 500_000 * NANO)
SEARCH = Allocation("org-1-team-search", Scope.parse("team:search"), 1_000 * NANO)
NOW = datetime(2026, 11, 10, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Made:
    allocation: str
    change: Mapping[str, Any]


def holding(*changes: Made, now: float = NOW, zone: str = "UTC") -> dict[str, Allocation]:
    return {each.id: each for each in in_force((PAYMENTS, SEARCH), changes, now, zone)}


def test_top_ups_add_up_and_are_told_apart_from_the_monthly_credits() -> None:
    found = holding(Made(SEARCH.id, {"top_up_nano": 5}), Made(SEARCH.id, {"top_up_nano": 7}))[SEARCH.id]

    assert found.monthly_nano == SEARCH.monthly_nano + 12
    assert found.topped_nano == 12
    assert base_nano(found) == SEARCH.monthly_nano


def test_a_later_change_of_a_field_overrides_an_earlier_one_and_leaves_the_others() -> None:
    found = holding(
        Made(SEARCH.id, {"monthly_nano": 10, "soft_cap": "0.60"}),
        Made(SEARCH.id, {"top_up_nano": 3}),
        Made(SEARCH.id, {"monthly_nano": 20}),
    )[SEARCH.id]

    assert (found.monthly_nano, found.topped_nano, found.soft_cap) == (23, 3, Decimal("0.60"))
    assert found.hard_cap == SEARCH.hard_cap


def test_an_allocation_is_created_retired_and_then_changed_no_more() -> None:
    create = {"create": True, "scope": "team:labs", "monthly_nano": 4, "contacts": ["a@example.com"]}

    assert holding(Made("org-1-team-labs", create))["org-1-team-labs"].contacts == ("a@example.com",)
    after = holding(
        Made("org-1-team-labs", create),
        Made("org-1-team-labs", {"retire": True}),
        Made("org-1-team-labs", {"monthly_nano": 9}),
        Made(SEARCH.id, {"retire": True}),
    )
    assert set(after) == {PAYMENTS.id}


def test_what_the_file_names_itself_is_not_created_again_nor_its_scope() -> None:
    found = holding(
        Made(SEARCH.id, {"create": True, "scope": "team:search", "monthly_nano": 1}),
        Made("org-1-team-other", {"create": True, "scope": "team:search", "monthly_nano": 1}),
    )

    assert found == {PAYMENTS.id: PAYMENTS, SEARCH.id: SEARCH}


def test_an_allocation_ends_with_its_last_day_where_the_organization_is() -> None:
    last = replace(SEARCH, expires="2026-11-10")

    def holds(hour: int, zone: str) -> bool:
        return bool(in_force((last,), (), datetime(2026, 11, 10, hour, tzinfo=UTC).timestamp(), zone))

    assert holds(23, "UTC")
    assert not holds(23, "Europe/Berlin")
    assert not in_force((last,), (), NOW + 86_400, "UTC")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"monthly_nano": "5"}, "monthly_nano: must be a whole number"),
        ({"monthly_nano": -5}, "monthly_nano"),
        ({"soft_cap": 0.7}, "soft_cap: must be a share in quotes"),
        ({"hard_cap": "NaN"}, "hard_cap"),
        ({"contacts": "ada"}, "contacts: must be a list"),
        ({"owner": 3}, "owner: must be text"),
        ({"colour": "red"}, "colour: an allocation has no such field"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        changed(SEARCH, SEARCH.id, change)


def test_a_new_allocation_needs_credits() -> None:
    with pytest.raises(ValueError, match="monthly_nano"):
        changed(None, "org-1-team-labs", {"scope": "team:labs"})


def test_plain_fields_make_the_same_allocation_again() -> None:
    names = ("monthly_nano", "soft_cap", "contacts", "owner", "block_expires_s")
    topped = replace(PAYMENTS, monthly_nano=PAYMENTS.monthly_nano + 9, topped_nano=9)

    assert plain(topped, names)["monthly_nano"] == PAYMENTS.monthly_nano
    assert changed(topped, topped.id, plain(topped, names)) == topped


def test_top_ups_say_where_they_come_from() -> None:
    taken = given(
        [
            Made(SEARCH.id, {"top_up_nano": 5}),
            Made(SEARCH.id, {"top_up_nano": 9, "from": {SEARCH.id: 4, "pool": 5}}),
            Made(SEARCH.id, {"monthly_nano": 100}),
        ]
    )
    assert taken == {"pool": 10, SEARCH.id: 4}


@pytest.mark.parametrize(
    ("monthly", "rollover", "used", "expected"),
    [
        (500_000, "0.10", 400_000, 50_000),  # 100,000 are left, a tenth of the month may be carried
        (500_000, "0.10", 480_000, 20_000),
        (300_000, "0", 0, 0),
        (200_000, "0.50", 0, 100_000),
        (200_000, "0.50", 250_000, 0),
    ],
)
def test_what_is_left_is_carried_on_up_to_a_share_of_the_month(
    monthly: int, rollover: str, used: int, expected: int
) -> None:
    allocation = replace(PAYMENTS, monthly_nano=monthly * NANO, rollover=Decimal(rollover))

    assert carried(allocation, used * NANO) == expected * NANO


def test_a_top_up_of_last_month_is_not_carried_on() -> None:
    topped = replace(PAYMENTS, rollover=Decimal("0.5"), monthly_nano=PAYMENTS.monthly_nano + 9, topped_nano=9)
    assert carried(topped, PAYMENTS.monthly_nano) == 0


def test_only_what_held_last_month_and_burnt_there_carries_on() -> None:
    rolling = replace(PAYMENTS, rollover=Decimal("0.10"))

    after = carry_on((rolling, SEARCH), (rolling,), {rolling.scope: 0})

    assert after == (
        replace(rolling, monthly_nano=550_000 * NANO, carried_nano=50_000 * NANO),
        SEARCH,
    )
    assert base_nano(after[0]) == 500_000 * NANO
    assert carry_on((rolling,), (), {}) == (rolling,)
    raised = changed(after[0], rolling.id, {"monthly_nano": 600_000 * NANO})
    assert raised.monthly_nano == 650_000 * NANO


def test_a_change_that_no_agent_can_have_written_is_passed_over() -> None:
    assert holding(Made(SEARCH.id, {"monthly_nano": "all"})) == {PAYMENTS.id: PAYMENTS, SEARCH.id: SEARCH}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ([], Part()),
        ([{"top_up_nano": 7}, {"owner": "ada"}], Part()),
        ([{"monthly_nano": 10}, {"monthly_nano": 20, "hard_cap": "1.20"}], Part(20, Decimal("1.20"))),
        ([{"create": True, "scope": "team:search", "monthly_nano": 10}], Part()),  # burndeck.toml has it
        ([{"monthly_nano": 10}, {"retire": True}], Part()),
        ([{"monthly_nano": 10}, {"monthly_nano": "much"}], Part(10)),
    ],
)
def test_what_the_ledger_has_made_of_a_cap_is_told_apart_from_what_is_configured(
    changes: list[dict[str, Any]], part: Part
) -> None:
    made = [Made(SEARCH.id, each) for each in changes]

    assert ledger_part((SEARCH,), [*made, Made(PAYMENTS.id, {"monthly_nano": 99})], SEARCH.id) == part


def test_an_allocation_that_the_ledger_made_is_wholly_its_own() -> None:
    made = Made("org-1-team-new", {"create": True, "scope": "team:new", "monthly_nano": 10})

    assert ledger_part((SEARCH,), [made], "org-1-team-new") == Part(10)
