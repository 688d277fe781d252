"""What has no key of its own, from Triage and an alert: some models or tools, deletion, off-boarding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import ActionKind, ActionState
from agent.domain.gateway import Inventory, Target, TargetKind, TargetState
from agent.domain.person import Role
from agent.settings_gateways import Gateway
from tests.agent.reports.world import CHAT, NOW, use
from tests.console.acting_world import DEV, KEYS, Desk, block, console_on, on_teams, open_desk, spike
from tests.console.harness import Console, piloted, taken

TOOLS = {"hosted_tools": {"file_search": True, "web_search": True}, "model_permissions": None}


def at_openai(desk: Desk) -> Desk:
    """The same, with the provider's own projects as the gateway, which knows models and hosted tools."""
    desk.settings = replace(desk.settings, own_gateways=(Gateway(kind="openai", name="edge"),))
    projects = [Target("edge", TargetKind.PROJECT, name) for name in ("proj_search", "proj_support")]
    states = [TargetState(target, TOOLS) for target in projects]
    desk.writer.actions.save_inventory("edge", Inventory(KEYS, states), NOW)
    return desk


@pytest.fixture
def openai(template: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[Desk]:
    with open_desk(template, tmp_path, Role.ENGINEERING) as made:
        yield at_openai(made)


@pytest.fixture
def haproxy(template: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[Desk]:
    with open_desk(template, tmp_path, Role.ENGINEERING) as made:
        yield made


async def more_of_search(running: Console) -> None:
    """The menu over Triage by teams, with the cursor on search, as soon as the gateways are asked."""
    await on_teams(running)
    await running.press("m")
    await running.until("More  team search", "off-board the team")


@piloted
async def test_a_key_is_deleted_once_its_name_is_typed_and_waits_for_two(openai):
    async with console_on(openai, "t") as running:
        await running.until("Keys 4")
        await running.press("m")
        await running.until("delete the key", "for ever, with two approvals")
        await running.press("c")
        await running.until(
            "▲ 1 key: key_search, 100 % production",
            "waits for finance and engineering (deleted keys do not come back)",
            "for ever; figures",
        )
        await running.until("7,500 of 7,500 calls of the last hour", "Enter goes on to the confirmation")
        await running.press("enter", *"key_searc", "enter")
        await running.until(
            "▲ key_searc is not its name. Type key_search",
            "to delete key key_search (100 % production) for ever",
        )
        assert openai.take() == []
        await running.press("h", "enter")
        await running.until("Signed by ada")
        assert openai.take() == [""]
        await running.until(
            "Deletion of key key_search asked for by ada. It waits for finance and engineering."
        )

    made = openai.newest()
    assert (made.spec.kind, str(made.spec.scope)) == (ActionKind.REVOKE, "api_key:key_search")
    assert made.state is ActionState.STANDBY


@piloted
async def test_a_team_is_off_boarded_with_each_of_its_keys_listed_and_its_name_typed(openai):
    async with console_on(openai, size=(100, 40)) as running:
        await more_of_search(running)
        await running.press("d")
        await running.until("key_search, prod, 6.00 credits/min", "key_search_dev, dev, 0.40 credits/min")
        await running.until("reason: everybody sees it, so it cannot stay empty", "until somebody undoes it")
        await running.press(*"dissolved", "enter")
        await running.until("Type search and Enter: ask finance and engineering to off-board team search")
        await running.press(*"search", "enter")
        await running.until("Signed by ada")
        assert openai.take() == [""]

    made = openai.newest()
    assert (made.spec.kind, str(made.spec.scope), made.spec.expires_s) == (ActionKind.BLOCK, "team:search", 0)
    assert not made.spec.non_prod and made.reason == "dissolved"


@pytest.mark.parametrize("width", [80, 120])
@piloted
async def test_whoever_approves_an_off_boarding_reads_that_it_has_no_end(
    template, tmp_path, quick, ada, width
):
    with open_desk(template, tmp_path, Role.FINANCE) as finance:
        finance.asked(block(expires_s=0))
        async with console_on(finance, "4", size=(width, 40)) as running:
            await running.until("? 1 to approve", "still to be given: finance and engineering")
            await running.press("A")
            await running.until(
                "off-board team:support: block of its one key", "It has no end: what it blocks"
            )


@piloted
async def test_what_burns_is_neither_the_reason_of_an_off_boarding_nor_what_it_answers(openai):
    of_search = replace(spike(openai.fires().incident).signal, scope_kind="team", scope="search", api_key="")
    openai.writer.alerts.save([replace(spike(1), signal=replace(of_search, fingerprint="burn_spike:search"))])
    async with console_on(openai, size=(100, 40)) as running:
        await more_of_search(running)
        await running.press("d")
        await running.until("reason: everybody sees it, so it cannot stay empty")
        await running.press(*"dissolved", "enter")
        await running.until("Type search and Enter")
        await running.press(*"search", "enter")
        await running.until("Signed by ada")
        assert openai.take() == [""]

    made = openai.newest()
    assert (made.reason, made.alert, made.incident) == ("dissolved", None, None)


@piloted
async def test_models_that_are_called_are_there_to_be_thinned_out(openai):
    async with console_on(openai) as running:
        await more_of_search(running)
        await running.press("a")
        await running.until(
            "gpt-5-mini 100 % of the burn in the last hour", "nothing of it would have been refused"
        )
        await running.press("home", *["delete"] * 10, *"o3")
        await running.until("refused 8,100 of 8,100 calls", "6.40 → 0 credits/min")
        await running.press("enter")
        await running.until("to leave 2 keys of team search (94 % production) only o3")
        await running.press(*"search", "enter")
        await running.until("Signed by ada")
        assert openai.take() == [""]
        await running.until("Keeping of team search to o3 asked for by ada.")

    made = openai.newest()
    assert (made.spec.kind, made.spec.models, made.spec.expires_s) == (ActionKind.MODELS, ("o3",), 0)


@piloted
async def test_hosted_tools_say_what_becomes_of_each_project(openai):
    async with console_on(openai) as running:
        await more_of_search(running)
        await running.press("b")
        await running.until("proj_search: every hosted tool -> tools off: file_search, web_search")
        await running.until("which of them use a tool is not known")
        await running.press("home", *["delete"] * 4, *"file_search", "tab", *"4h")
        await running.until("tools off: web_search", "undoes itself at 16:31 UTC")
        await running.press("enter")
        await running.until("(94 % production) only the tools file_search for 4 h")
        await running.press(*"search", "enter")
        await running.until("Signed by ada")
        assert openai.take() == [""]

    made = openai.newest()
    assert (made.spec.kind, made.spec.models, made.spec.expires_s) == (
        ActionKind.TOOLS,
        ("file_search",),
        14_400,
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@piloted
async def test_the_menu_is_read_without_a_cut_and_says_which_gateways_are_asked(openai, size):
    async with console_on(openai, "t", size=size) as running:
        await running.until("Keys 4")
        await running.press("m")
        await running.until("of all of project", "asks")
        menu = running.text[running.text.index("More  key key_search") :]
        assert "…" not in menu and menu.count("edge") == 3
        await running.press("j")
        await running.until(
            "For all of project proj_search, not for the key alone: only some pass, others are refused.",
            "It asks edge. A preview comes first.",
        )
        await running.press("j", "j", "j")
        await running.until("▲ Only a whole team: this is key key_search.", "can be undone.")


@piloted
async def test_what_the_gateway_cannot_do_is_not_offered_and_says_what_it_can(haproxy):
    async with console_on(haproxy, "t") as running:
        await running.until("Keys 4")
        await running.press("m")
        await running.until("edge cannot take models", "edge cannot delete a key", "Only a whole team")
        for letter in "abc":
            await running.press(letter)
            await running.until("▲ edge cannot", "It can throttle or block it.")
        await running.press("d")
        await running.until("▲ Only a whole team: this is key key_search.", "A block (b) stops what is here")
        assert running.app.screen.has_class("on-choice")
        await running.press("escape")
        await running.until("enter drill".capitalize())

    assert haproxy.take() == []


@piloted
async def test_what_is_done_to_whole_projects_goes_on_from_a_key_to_its_project(openai):
    async with console_on(openai, "t") as running:
        await running.until("Keys 4")
        await running.press("m")
        await running.until("of all of project")
        await running.press("b")
        await running.until(
            "▲ openai allows hosted tools to a whole project only, and proj_search has",
            "Enter goes on with: Hosted tools of project proj_search",
        )
        await running.press("enter")
        await running.until("2 keys: key_search, key_search_dev")

        assert openai.take() == []


@piloted
async def test_models_of_a_key_s_project_are_those_that_all_of_its_keys_call(openai):
    o3 = replace(CHAT, model="o3")
    rows = [use(minute, 60, DEV, 0.3, service=o3) for minute in range(NOW - 600, NOW, 60)]
    openai.writer.write_usage_window("openai", NOW - 600, NOW, {"responses": rows}, read_at=NOW)
    async with console_on(openai, "t", size=(120, 40)) as running:
        await running.until("Keys 4")
        await running.press("m")
        await running.until("of all of project")
        await running.press("a")
        await running.until("Enter goes on with: Models of project proj_search")
        assert "o3" not in running.text
        await running.press("enter")
        await running.until("gpt-5-mini, o3", "nothing of it would have been refused")


@piloted
async def test_whom_a_role_stops_is_told_in_the_menu(template, tmp_path, quick, ada):
    with open_desk(template, tmp_path, Role.OPERATOR) as desk:
        async with console_on(at_openai(desk), "t", size=(120, 40)) as running:
            await running.until("Keys 4")
            await running.press("m")
            await running.until("of all of project")
            await running.known()
            await running.press("c")
            await running.until("▲ ada may not revoke: it takes admin or engineering.")
            assert await taken(desk) == ["ada may not revoke: it takes admin or engineering"]


@piloted
async def test_an_alert_in_full_has_the_same_menu_and_stands_behind_what_comes_of_it(openai):
    alert = openai.fires()
    async with console_on(openai, "a") as running:
        await running.until("critical firing for")
        await running.press("m")
        assert not running.app.screen.has_class("on-choice")  # the list of alerts has no such key
        await running.press("enter", "m")
        await running.until("More  key key_search", "for ever")
        await running.press("c")
        await running.until("(deleted keys do not come back)", "Enter goes on to the confirmation")
        await running.press("enter", *"key_search", "enter")
        await running.until("Signed by ada")
        assert openai.take() == [""]

    made = openai.newest()
    assert (made.spec.kind, made.alert, made.incident) == (ActionKind.REVOKE, alert.id, alert.incident)


@piloted
async def test_the_palette_finds_the_menu_by_what_is_in_it(haproxy):
    async with console_on(haproxy, "t") as running:
        await running.until("Keys 4")
        await running.press("colon")
        await running.press(*"off-board")
        await running.until("Models, tools, delete, off-board")
        await running.press("enter", "enter")
        await running.until("More  key key_search")
