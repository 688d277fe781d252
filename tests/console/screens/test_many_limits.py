"""Many requests of the agent behind one cap: told by name, folded into one row, decided together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import ActionState
from agent.domain.allocation import Scope
from agent.domain.person import AGENT, Person, Role
from tests.console.acting_world import Desk, block, console_on, open_desk
from tests.console.capped_world import asks_for_limits, near_its_cap
from tests.console.harness import ADA, Console, piloted, taken

BELOW = (110, 40)
"""The row in full stands below the table there, with room for a change in a line."""


@pytest.fixture
def finance(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.FINANCE) as made:
        yield made


@piloted
async def test_a_project_is_told_by_its_name_and_in_full_with_its_id(finance):
    asks_for_limits(finance, near_its_cap(finance), ["search-api"])
    async with console_on(finance, "4", size=BELOW) as running:
        await running.until("cap project:search-api at")
        await running.until("cap project:search-api (proj_1) at 66,000 credits a month")
        await running.until("openai/project/search-api (proj_1)", "no spend limit → spend limit 660.00 USD")
        await running.press("A")
        await running.until("openai/project/search-api (proj_1): no spend limit → spend limit 660.00")


def given(desk: Desk) -> list[list[str]]:
    """Who has approved each of the agent's requests that is open."""
    waiting = [each for each in desk.writer.actions.open_actions() if each.requested_by == AGENT]
    return [[word.person for word in desk.writer.actions.approvals(each.id or 0)] for each in waiting]


async def on_the_fold(running: Console) -> None:
    """Waiting, with the cursor on the row of all and its amounts read."""
    await running.until("6 project limits at openai · cap team:search", "no spend limit → spend limit 660.00")


@piloted
async def test_limits_behind_one_cap_are_one_row_that_says_each_change_and_whom_all_wait_for(finance):
    asks_for_limits(finance, near_its_cap(finance))
    finance.asked(block())
    async with console_on(finance, "4", size=BELOW) as running:
        await running.until("Waiting 7", "▸ 6 limits · search", "block team:support for 1 h")
        assert len(running.names("rows")) == 2
        await on_the_fold(running)
        await running.until("still to be given, of each: finance and engineering")
        await running.until("1 search-api (proj_1): no spend limit → spend limit 660.00 USD a month")
        await running.until("2 search-batch (proj_2): spend limit 900.00 USD a month → spend limit 660.00")
        await running.until("burndeck approve 1 2 3 4 5 6", "Enter unfold", "A approve all")


@piloted
async def test_enter_unfolds_a_row_for_each_and_folds_them_again(finance):
    asks_for_limits(finance, near_its_cap(finance))
    async with console_on(finance, "4") as running:
        await on_the_fold(running)
        await running.press("enter")
        assert len(running.names("rows")) == 7
        await running.until("▾ 6 limits · search", "  search-web")
        await running.press("j", "j")
        await running.until("cap project:search-batch (proj_2) at 66,000 credits a month")
        await running.press("enter")
        await running.until("the exact change is", "spend limit 900.00 USD a month → spend limit 660.00")
        await running.press("escape", "g", "enter")
        assert len(running.names("rows")) == 1
        await on_the_fold(running)


@piloted
async def test_one_form_names_every_change_and_signs_an_approval_of_each(finance):
    made = asks_for_limits(finance, near_its_cap(finance))
    async with console_on(finance, "4", size=BELOW) as running:
        await on_the_fold(running)
        await running.press("A")
        await running.until("Approve 6 requests of the agent", "type: 6, the number of requests")
        await running.until("1 search-api (proj_1): no spend limit → spend limit 660.00 USD a month")
        await running.until("6 embeddings (proj_6): no spend limit → spend limit 660.00 USD a month")
        await running.press("1", "enter")
        await running.until("▲ type: 6, the number of requests, to confirm")
        await running.press("backspace", "6", "enter")
        assert await taken(finance, 6) == [""] * 6
        await running.until("6 requests approved by ada.")
        await running.until("yes by ada for finance, of each", "still to be given, of each: engineering")

    assert given(finance) == [["ada"]] * 6
    words = [word for each in made for word in finance.writer.actions.approvals(each.id)]
    assert [word.digest for word in words] == [each.digest for each in made]
    assert len({word.digest for word in words}) == 6


@piloted
async def test_all_are_denied_with_one_note(finance):
    made = asks_for_limits(finance, near_its_cap(finance))
    async with console_on(finance, "4", size=BELOW) as running:
        await on_the_fold(running)
        await running.press("D")
        await running.until("Deny 6 requests of the agent")
        await running.press("6", "tab", *"no", "enter")
        assert await taken(finance, 6) == [""] * 6
        await running.until("6 requests denied by ada.", "waiting 0", "history 6")

    after = [finance.writer.actions.action(each.id) for each in made]
    assert {(each.state, each.why) for each in after} == {(ActionState.DECLINED, "denied by ada: no")}


@piloted
async def test_one_that_was_changed_meanwhile_is_refused_and_named_and_the_others_count(finance):
    made = asks_for_limits(finance, near_its_cap(finance))
    async with console_on(finance, "4", size=BELOW) as running:
        await on_the_fold(running)
        await running.press("A")
        await running.until("6 embeddings (proj_6)")
        finance.writer.actions.save(replace(made[3], revision=1))
        await running.press("6", "enter")
        refused = "what was approved is not what is asked for now: look at it again"
        assert await taken(finance, 6) == ["", "", "", refused, "", ""]
        await running.until(f"5 of 6 requests approved by ada. Refused: 4 search-web (proj_4): {refused}.")
        await running.until("cap project:search-web", "▸ 5 limits · search")

    assert given(finance) == [["ada"], ["ada"], ["ada"], [], ["ada"], ["ada"]]
    assert finance.refusals() == [("approve", "action:4", refused)]


@piloted
async def test_what_a_person_may_not_decide_is_refused_and_the_rest_goes_through(finance):
    asks_for_limits(finance, near_its_cap(finance))
    reach = tuple(Scope.parse(f"project:proj_{number}") for number in (1, 2, 3, 4, 5))
    ada = Person(ADA.name, ADA.public_key, (Role.FINANCE,), reach)
    finance.settings = replace(finance.settings, people=(ada, *finance.settings.people[1:]))
    async with console_on(finance, "4", size=BELOW) as running:
        await on_the_fold(running)
        await running.press("A")
        await running.until("6 embeddings (proj_6)")
        await running.press("6", "enter")
        *others, refused = await taken(finance, 6)
        assert others == [""] * 5
        assert refused.startswith("ada may act on project:proj_1")
        await running.until("5 of 6 requests approved by ada. Refused: 6 embeddings (proj_6): ada may act on")

    assert given(finance) == [["ada"]] * 5 + [[]]
    assert finance.refusals() == [("approve", "action:6", refused)]


@piloted
async def test_whoever_is_not_asked_is_told_so_once_and_it_is_on_record_of_each(
    template: Path, tmp_path: Path, quick: None, ada: None
):
    with open_desk(template, tmp_path, Role.OPERATOR) as desk:
        asks_for_limits(desk, near_its_cap(desk), ["search-api", "search-web"])
        async with console_on(desk, "4", size=BELOW) as running:
            await running.until("2 project limits", "→ spend limit 660.00 USD a month")
            await running.known()
            await running.press("A")
            await running.until("It waits for finance and engineering; you are operator.")
            why = "It waits for finance and engineering; you are operator"
            assert await taken(desk, 2) == [why, why]

        assert sorted(subject for _, subject, _ in desk.refusals()) == ["action:1", "action:2"]
        assert given(desk) == [[], []]


@piloted
async def test_what_is_done_to_one_alone_asks_to_unfold_and_what_all_share_is_found(finance):
    asks_for_limits(finance, near_its_cap(finance))
    async with console_on(finance, "4", size=BELOW) as running:
        await on_the_fold(running)
        await running.press("u")
        await running.until("6 actions are folded here: Enter shows a row of each.")
        await running.press("y")
        await running.until("Copied actions 1, 2, 3, 4, 5, 6: 6 project limits at openai")
        await running.press("i")
        await running.until("near the cap")
        assert running.app.screen.has_class("on-incident")


@piloted
async def test_a_fold_stays_unfolded_while_its_requests_are_decided_one_by_one(finance):
    asks_for_limits(finance, near_its_cap(finance), ["search-api", "search-web", "ranking"])
    async with console_on(finance, "4", size=BELOW) as running:
        await running.until("3 project limits", "→ spend limit 660.00 USD a month")
        await running.press("enter", "j")
        await running.until("the exact change is")
        first = running.names("rows")[1]
        await running.press("A")
        await running.until("is bound to")
        await running.press(first, "enter")
        assert await taken(finance) == [""]
        await running.until("▾ 2 limits · search", "yes by ada for finance")
