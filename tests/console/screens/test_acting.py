"""Throttle, block and cap from Triage and from an alert: previewed, confirmed by name, signed, taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import ActionState
from agent.domain.allocation import Scope
from agent.domain.gateway import Inventory, Limit, LimitUnit
from agent.domain.person import Role
from agent.ledger.rows import DirectoryKey
from agent.settings_gateways import Gateway
from tests.agent.reports.world import NOW
from tests.console.acting_world import KEYS, console_on, on_teams, open_desk
from tests.console.harness import piloted

CLEAR = ("end", *["backspace"] * 12)


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        yield made


@piloted
async def test_two_keys_and_a_confirmation_throttle_what_is_not_production(desk):
    async with console_on(desk) as running:
        await on_teams(running)
        await running.press("t")
        await running.until("1 key: key_search_dev, 0 % production", "spares 1 key of production")
        await running.press("enter")
        await running.until("Enter again: throttle 1 key of team search (0 % production) to 10 rpm for 1 h")
        assert desk.take() == []

        await running.press("enter")
        await running.until("Signed by ada")
        assert desk.take() == [""]
        await running.until("Throttle of non-prod of team search to 10 rpm asked for by ada")
        assert "in force" not in running.text  # no gateway has taken it yet

    made = desk.newest()
    assert (made.state, made.requested_by) == (ActionState.PENDING, "ada")
    assert (made.spec.non_prod, made.spec.limit) == (True, Limit(10, LimitUnit.RPM))
    assert made.reason == "+5.40 credits/min against usual"


@piloted
async def test_the_preview_says_what_would_have_been_refused_and_follows_what_is_typed(desk):
    async with console_on(desk) as running:
        await on_teams(running)
        await running.press("t")
        await running.until("0.40 → 0.20 credits/min", "refused 300 of 600 calls of the last hour (50 %)")

        await running.press(*CLEAR, *"5 rpm")
        await running.until("refused 450 of 600 calls", "0.40 → 0.10 credits/min")

        await running.press("tab", "tab", *CLEAR, "n")
        await running.until("2 keys: key_search, key_search_dev", "undoes itself at 13:31 UTC")


@piloted
async def test_no_preview_stays_of_a_value_that_is_none_and_it_is_back_with_the_value(desk):
    async with console_on(desk) as running:
        await on_teams(running)
        await running.press("t")
        await running.until("undoes itself at 13:31 UTC")

        await running.press("tab", *CLEAR)
        wrong = await running.until("is not a stretch of time")
        assert "undoes itself at" not in wrong and "calls of the last hour" not in wrong

        await running.press(*"1h")
        again = await running.until("undoes itself at 13:31 UTC", "Enter goes on to the confirmation")
        assert "is not a stretch of time" not in again


@piloted
async def test_production_wants_its_name_typed(desk):
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("b")
        await running.until("▲ 1 key: key_search, 100 % production")
        await running.press("enter")
        await running.until("Type key_search and Enter: ask finance and engineering to block key key_search")

        await running.press("enter")
        await running.until("▲ Type key_search and Enter: ask finance and engineering")
        await running.press(*"key_serach", "enter")
        await running.until("▲ key_serach is not its name. Type key_search and Enter:")
        await running.press(*["backspace"] * 10, *"key_search", "enter")
        await running.until("Signed by ada")

    assert desk.take() == [""] and desk.newest().spec.scope == Scope.parse("api_key:key_search")


@pytest.mark.parametrize("typed", ["search-prod", "key_search"])
@piloted
async def test_a_key_is_confirmed_by_its_name_in_the_directory_or_by_its_id(desk, typed):
    key = DirectoryKey("key_search", "proj_search", "search-prod", "sk-...7f")
    projects, _ = desk.writer.directory("openai")
    desk.writer.save_directory("openai", projects, [key], None, NOW)
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("b")
        await running.until("Enter goes on to the confirmation")
        await running.press("enter")
        await running.until("Type search-prod or key_search and Enter: ask finance and engineering")
        await running.press(*typed, "enter")
        await running.until("Signed by ada")

    assert desk.take() == [""] and desk.newest().spec.scope == Scope.parse("api_key:key_search")


@piloted
async def test_a_block_that_waits_for_two_says_what_one_person_can_do_at_once(desk):
    async with console_on(desk, "t", size=(120, 40)) as running:
        await running.until("Keys 4")
        await running.press("b")
        await running.until(
            "Esc, then t with 8 rpm holds it at once, and nobody has to approve that: it would"
        )
        await running.press("escape", "t")
        await running.until("no approval needed; bites within 1 s", "Enter goes on to the confirmation")
        await running.press(*CLEAR, *"6 rpm")
        await running.until("waits for finance and engineering (it would have refused 95 % of the calls")
        await running.press(*CLEAR, *"8 rpm")
        await running.until("no approval needed; bites within 1 s", "(94 %)")


@piloted
async def test_a_block_that_waits_for_nobody_offers_nothing_instead(desk):
    async with console_on(desk) as running:
        await on_teams(running)
        await running.press("b")
        assert "Esc, then t" not in await running.until("1 key: key_search_dev", "no approval needed")


@piloted
async def test_a_block_from_a_model_says_that_it_stops_all_calls_and_wants_the_organization_typed(desk):
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("d", "d")
        await running.until("Models 1")
        await running.press("b")
        await running.until("Block the organization", "▲ all calls, not those to gpt-5-mini alone")
        await running.until("1 key: key_search_dev, 0 % production", "Enter goes on to the confirmation")
        await running.press("enter")
        await running.until("Type organization and Enter: block 1 key of the organization (0 % production)")
        await running.press("enter")
        await running.until("▲ Type organization and Enter")
        assert desk.take() == []


@piloted
async def test_keys_typed_before_the_preview_stop_at_the_confirmation_and_a_change_takes_it_back(desk):
    async with console_on(desk) as running:
        await on_teams(running)
        await running.press("b")
        await running.until("Block team search", "non-prod")
        await running.press("enter")
        await running.until("0.40 → 0 credits/min", "Enter again: block 1 key")
        assert desk.take() == []

        await running.press("backspace", "backspace", *"2h")
        await running.until("Enter goes on to the confirmation")
        await running.press("enter")
        await running.until("Enter again: block 1 key of team search (0 % production) for 2 h")
        await running.press("enter")
        await running.until("Signed by ada")

    assert desk.take() == [""] and desk.newest().spec.expires_s == 7_200


@piloted
async def test_blocking_production_says_whose_approval_it_waits_for(desk):
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("b")
        await running.until("waits for finance and engineering (production is hit); then bites within 1 s")
        await running.press("enter", *"key_search", "enter")
        await running.until("Signed by ada")
        assert desk.take() == [""]
        await running.until("asked for by ada. It waits for finance and engineering.")

    assert desk.newest().state is ActionState.STANDBY


@piloted
async def test_a_throttle_says_why_it_takes_two_people_as_soon_as_what_is_typed_makes_it_so(desk):
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("t")
        assert "waits for" not in await running.until("no approval needed; bites within 1 s")
        await running.press("tab", *CLEAR, *"30h")
        await running.until("waits for finance and engineering (it holds production longer than 1 d)")


@piloted
async def test_what_no_gateway_can_do_says_what_it_can_and_the_past_is_not_changed(desk):
    desk.settings = replace(
        desk.settings, people=(replace(desk.settings.people[0], roles=(Role.ENGINEERING,)),)
    )
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("c")
        await running.until("credits: type how many, such as 500")
        await running.press(*"500")
        await running.until("▲ edge cannot cap a key", "It can throttle or block it.")
        await running.press("enter")

        assert running.app.screen.has_class("on-form") and desk.take() == []
        await running.press("escape", "[")
        await running.until("PAST")
        await running.press("t")
        await running.until("This is the past, where nothing can be changed")


@piloted
async def test_where_no_key_can_be_blocked_enter_goes_on_with_its_project(desk):
    desk.settings = replace(desk.settings, own_gateways=(Gateway(kind="openai", name="edge"),))
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("b")
        await running.until("Enter goes on with: Block project proj_search")
        assert "delet" not in running.text
        await running.press("enter")
        await running.until("Block project proj_search", "2 keys: key_search, key_search_dev")
        assert desk.take() == []
        await running.press("enter")
        await running.until("Type proj_search and Enter: ask finance and engineering to block 2 keys")
        await running.press(*"proj_search", "enter")
        await running.until("Signed by ada")
        assert desk.take() == [""]

    assert str(desk.newest().spec.scope) == "project:proj_search"


@piloted
async def test_an_alert_in_full_throttles_its_key_and_stands_behind_the_action(desk):
    alert = desk.fires()
    async with console_on(desk, "a") as running:
        await running.until("critical firing for")
        await running.press("enter", "t")
        await running.until("Throttle key key_search", "▲ 1 key: key_search")
        await running.press("enter", "enter")
        await running.until("Signed by ada")

    assert desk.take() == [""]
    made = desk.newest()
    assert (made.alert, made.incident, made.reason) == (alert.id, alert.incident, "spike alert 1")


@piloted
async def test_triage_finds_the_alert_that_fires_on_the_row(desk):
    alert = desk.fires()
    async with console_on(desk, "t") as running:
        await running.until("Keys 4")
        await running.press("t")
        await running.until("alert 1: +5.00 credits/min against usual")
        await running.press("enter", "enter")
        await running.until("Signed by ada")

    assert desk.take() == [""] and desk.newest().incident == alert.incident


@piloted
async def test_in_the_list_of_alerts_t_still_turns_to_triage(desk):
    desk.fires()
    async with console_on(desk, "a") as running:
        await running.until("critical firing for")
        await running.press("t")

        await running.until("made of")
        assert running.app.screen.has_class("on-triage")


@piloted
async def test_a_plan_that_has_moved_is_refused_and_said(desk):
    async with console_on(desk) as running:
        await on_teams(running)
        await running.press("t")
        await running.until("0.40 → 0.20 credits/min")
        await running.press("enter")
        await running.until("Enter again")
        gateway = desk.settings.gateways[0].name
        with desk.writer.transaction():
            desk.writer.actions.save_inventory(gateway, Inventory(KEYS[:1]), NOW)
        await running.press("enter")
        await running.until("Signed by ada")
        (reason,) = desk.take()

        await running.until("Refused:")
    assert reason


@pytest.mark.usefixtures("nobody")
@piloted
async def test_without_an_identity_triage_says_that_it_only_reads(template, tmp_path):
    with open_desk(template, tmp_path) as desk:
        async with console_on(desk, "t") as running:
            await running.until("Keys 4", "READ-ONLY")
            await running.press("t")

            await running.until("Run `burndeck identity create`.")
            assert running.app.screen.has_class("on-triage") and desk.take() == []
