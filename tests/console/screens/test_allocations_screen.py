"""The Allocations screen: the tree, which cap binds, and changes that are asked for and approved."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.control.allocation_words import allocation_words
from agent.domain.action import ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Scope
from agent.domain.person import Role
from agent.reports.cap_explain import CapExplain, NativeLimit
from console.screens.allocations.detail import _key as explained_lines
from console.screens.allocations.making import _after as what_ends
from tests.agent.reports.world import NANO
from tests.console import samples
from tests.console.acting_world import console_on, open_desk
from tests.console.harness import piloted, taken

TEAM = ("j", "j")


@pytest.fixture
def finance(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.FINANCE) as made:
        yield made


def top_up(credits_: int = 500) -> ActionSpec:
    return ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=credits_ * NANO)


@piloted
async def test_the_tree_stands_under_the_pool_and_says_which_cap_binds_each_key(finance):
    async with console_on(finance, "5") as running:
        await running.until("pool 800k of 1.00M credits to give", "held 200k")
        names = [line[1:24].rstrip() for line in running.lines[4:7]]
        assert names == ["organization", "  billing group product", "    team search"]
        assert "6 d 7 h" in running.lines[6]
        await running.press("A")
        await running.until("Nothing waits for approval here.")

        await running.press(*TEAM, "enter")
        await running.until("58.0k left ◀ binds", "org-1-team-search binds: 58,008 credits are left")


@piloted
async def test_a_top_up_is_shown_confirmed_and_waits_for_two(finance):
    async with console_on(finance, "5") as running:
        await running.until("pool 800k")
        await running.press(*TEAM, "+")
        await running.until("credits used, ", " left")
        await running.until("credits: type how many, such as 500")
        await running.press(*"900000")
        await running.until("the pool is short: 900,000 credits are asked for")
        await running.press(*["backspace"] * 6, *"500", "tab", *"launch")
        await running.until("60,000 -> 60,500 credits until 2026-12-01", "waits for finance and engineering")
        await running.press("enter")
        await running.until("Enter again: ask finance and engineering for org-1-team-search")
        await running.press("enter")
        await running.until("Signed by ada")
        assert finance.take() == [""]

        await running.until("? top-up", "1 asked for", "action 1 by ada, waits for finance and engineering")

    made = finance.newest()
    assert (made.spec.kind, made.spec.amount_nano, made.state) == (
        ActionKind.TOP_UP,
        500 * NANO,
        ActionState.STANDBY,
    )


def test_limits_are_said_in_words_the_tightest_first_and_what_is_none_is_left_out():
    limits = [
        NativeLimit("oa", "project_model", f"p/m{n}", {"rpm": n}, f"{n} rpm", 0) for n in (900, 30, 60, 7)
    ]
    limits.append(NativeLimit("oa", "project", "p", {"tools": {}}, "nothing known", 0))
    key = CapExplain(
        0, 0, "key_a", "", "", (), "", None, None, tuple(limits), "no cap counts this key's burn"
    )

    text = "\n".join("".join(span.text for span in line) for line in explained_lines(key, 80))

    assert "oa holds model p/m7: 7 rpm" in text and "and 1 more limits there, none tighter" in text
    assert "nothing known" not in text and "900" not in text


@piloted
async def test_other_monthly_credits_are_proposed(finance):
    async with console_on(finance, "5") as running:
        await running.until("pool 800k")
        await running.press(*TEAM, "p")
        await running.until("Change the monthly credits or a cap.")
        await running.press("end", *["backspace"] * 5, *"70000")
        assert "monthly    70000 " in running.text
        await running.until("▲ emergency_buffer: nothing would be left at the hard cap")
        await running.press("tab", "tab", "tab", *"2000")
        await running.until("60,000 credits -> 70,000 credits a month")
        await running.press("tab", *"growth", "enter")
        await running.until("Enter again: ask finance and engineering")
        await running.press("enter")
        await running.until("Signed by ada")
        assert finance.take() == [""]

    assert finance.newest().spec.change["monthly_nano"] == 70_000 * NANO


@piloted
async def test_a_new_allocation_is_asked_for_below_the_row_among_what_burns_there(finance):
    async with console_on(finance, "5") as running:
        await running.until("pool 800k")
        await running.press(*TEAM, "n")
        await running.until(
            "below org-1-team-search, team search", "without project:proj_search, api_key:key_search"
        )
        await running.press(*"proj_search", "tab", "tab", *"5000")
        await running.until("emergency_buffer: nothing would be left at the hard cap")
        await running.press("tab", "tab", "tab", *"200", "tab", *"its own")
        await running.until(
            "makes org-1-project-proj_search", "lies in org-1-team-search", "nothing -> 5,000 credits"
        )
        await running.press("enter")
        await running.until(
            "to make org-1-project-proj_search for project:proj_search: nothing -> 5,000 credits"
        )
        await running.press("enter")
        await running.until("Signed by ada")
        assert finance.take() == [""]
        await running.until("Creation of org-1-project-proj_search asked for by ada.", "? new")

    made = finance.newest()
    assert (made.state, str(made.spec.scope)) == (ActionState.STANDBY, "project:proj_search")
    assert made.spec.change == {
        "id": "org-1-project-proj_search",
        "create": True,
        "retire": False,
        "monthly_nano": 5_000 * NANO,
        "buffer_nano": 200 * NANO,
        "soft_cap": "0.7",
        "hard_cap": "1",
    }


@piloted
async def test_where_nothing_has_an_allocation_the_first_one_is_asked_for(finance):
    finance.settings = replace(finance.settings, allocations=())
    async with console_on(finance, "5") as running:
        await running.until("No allocation yet: n asks for the first", "n new allocation")
        await running.press("p")
        await running.until("There is no allocation yet: n asks for the first one.")
        await running.press("n")
        await running.until(
            "the pool that all others are given from", "for        organization", "team:support"
        )
        await running.press("tab", "tab", *"90000", "tab", "tab", "tab", *"500", "tab", *"a pool")
        await running.until("makes    org-1", "nothing -> 90,000 credits a month")
        await running.press("enter")
        await running.until("ask finance and engineering to make org-1 for organization: nothing -> 90,000")
        await running.press("enter")
        await running.until("Signed by ada")
        assert finance.take() == [""]

    made = finance.newest()
    assert (made.state, str(made.spec.scope)) == (ActionState.STANDBY, "organization")
    assert (made.spec.change["id"], made.spec.change["create"]) == ("org-1", True)


@piloted
async def test_what_would_lie_elsewhere_says_where(finance):
    async with console_on(finance, "5", size=(120, 40)) as running:
        await running.until("pool 800k")
        await running.press(*TEAM, "n")
        await running.until("without project:proj_search")
        await running.press(*"new", "tab", "tab", *"5000", "tab", "tab", "tab", *"200")
        await running.until("▲ in org-1, not in org-1-team-search: no traffic of it belongs there")


@piloted
async def test_an_allocation_is_retired_once_its_name_is_typed_and_two_approve(finance):
    async with console_on(finance, "5") as running:
        await running.until("pool 800k")
        await running.press(*TEAM, "X", *"dissolved")
        await running.until(
            "▲ its hard cap of 60.0k credits holds nothing", "Enter goes on to the confirmation"
        )
        await running.press("enter", "enter")
        await running.until(
            "Type org-1-team-search or team:search", "ask finance and engineering to retire org-1-team-search"
        )
        assert finance.take() == []
        await running.press(*"team:search", "enter")
        await running.until("Signed by ada")
        assert finance.take() == [""]
        await running.until(
            "End of org-1-team-search asked for by ada.", "? retire the allocation of team:search"
        )

    assert finance.newest().spec.change == {"id": "org-1-team-search", "create": False, "retire": True}


@piloted
async def test_what_waits_is_approved_here_too(finance):
    made = finance.asked(top_up())
    async with console_on(finance, "5") as running:
        await running.until("1 asked for")
        assert "X retire" in running.lines[-1] and "A approve" not in running.lines[-1]
        await running.press(*TEAM)
        assert "A approve  D deny" in running.lines[-1]
        await running.press("A")
        await running.until("Approve action 1", "The approval is bound to")
        await running.press("1", "enter")
        await running.until("Signed by ada")
        assert finance.take() == [""]

    assert [each.person for each in finance.writer.actions.approvals(made.id)] == ["ada"]


@piloted
async def test_of_several_changes_that_wait_one_is_chosen(finance):
    finance.asked(top_up())
    second = finance.asked(top_up(700))
    async with console_on(finance, "5") as running:
        await running.until("2 asked for")
        await running.press(*TEAM, "A")
        await running.until("which of them?", "700")
        await running.press("b")
        await running.until("Approve action 2", "The approval is bound to")
        await running.press("2", "enter")
        await running.until("Signed by ada")
        assert finance.take() == [""]

    assert [each.person for each in finance.writer.actions.approvals(second.id)] == ["ada"]


@piloted
async def test_what_somebody_asked_for_themselves_is_refused_here_too_and_on_record(finance):
    finance.asked(top_up(), by="ada")
    async with console_on(finance, "5") as running:
        await running.until("1 asked for")
        await running.press(*TEAM, "A")
        await running.until("You asked for it yourself")
        (why,) = await taken(finance)
        assert why.startswith("You asked for it yourself")


@piloted
async def test_an_operator_is_told_that_finance_proposes(template, tmp_path, ada):
    with open_desk(template, tmp_path, Role.OPERATOR) as desk:
        async with console_on(desk, "5") as running:
            await running.until("pool 800k")
            await running.press("p")

            await running.until("ada may not allocate: it takes finance.")


def test_what_becomes_of_an_allocation_is_said_in_credits():
    topped = {"from": {"pool": 1}, "top_up_nano": 500 * NANO, "until": 1_796_083_200}

    assert allocation_words(topped) == "500 credits more, until 1 Dec 00:00 UTC"
    assert allocation_words({"monthly_nano": 70_000 * NANO, "hard_cap": "0.9"}) == (
        "hard cap 90 %, 70,000 credits a month"
    )
    assert allocation_words({"retire": True, "create": False}) == "retire"
    assert allocation_words({}) == "nothing"


def test_the_end_of_an_allocation_names_the_cap_that_goes_with_it():
    budget = samples.budget("team:search", "org-1-team-search", "60000", "1992", None)
    row = SimpleNamespace(budget=replace(budget, hard_cap=Decimal("0.9")))

    (line, *_) = what_ends(row, None, 100)

    assert "its hard cap of 54.0k credits holds nothing any more" in "".join(span.text for span in line)
