"""The limit that a form of throttling begins with: one that a gateway can set, and that holds the scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.domain.person import Role
from agent.settings_gateways import Gateway
from tests.agent.reports.world import NOW, SEARCH, SUPPORT, fill, use
from tests.console.acting_world import Desk, console_on, open_desk
from tests.console.harness import Console, piloted

OPENAI = Gateway(kind="openai", name="edge")
LABS = replace(SEARCH, api_key="key_labs", project="proj_labs")
IDLE = replace(SEARCH, api_key="key_idle", project="proj_idle")
OTHER = replace(SUPPORT, api_key="key_other", project="proj_search")
CALLS = ((SEARCH, 6.0, 240), (OTHER, 0.1, 4), (LABS, 0.5, 20), (IDLE, 0.05, 2))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Search calls 10 times a minute as a rule; now one project does 240 times, and two more call too."""
    path = tmp_path_factory.mktemp("first") / "ledger.sqlite"
    minutes = range(NOW - 1_800, NOW, 60)
    fill(path, days=1, spike=[use(at, 60, who, rate, requests=n) for at in minutes for who, rate, n in CALLS])
    return path


def served(desk: Desk, rpm: int = 500) -> None:
    """Each project has a limit of its own for the model."""
    keys = [
        GatewayKey(who.api_key, who.api_key, who.api_key, who.team, who.project, "prod") for who, *_ in CALLS
    ]
    states = [
        TargetState(
            Target("edge", TargetKind.PROJECT_MODEL, f"{who.project}/gpt-5-mini"),
            {"max_requests_per_1_minute": rpm},
        )
        for who in (SEARCH, LABS, IDLE)
    ]
    desk.writer.actions.save_inventory("edge", Inventory(keys, states), NOW)
    desk.settings = replace(desk.settings, own_gateways=(OPENAI,))


@pytest.fixture
def desk(ledger: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[Desk]:
    with open_desk(ledger, tmp_path, Role.OPERATOR) as made:
        served(made)
        yield made


async def throttled_team(running: Console) -> None:
    """The form of search's throttle, from Triage by teams."""
    await running.press("t")
    await running.until("Keys 6")
    await running.press("d")
    await running.until("Teams 3")
    await running.press("t")
    await running.until("Throttle team search")


@piloted
async def test_the_first_limit_of_a_team_holds_all_its_projects_together_to_what_is_usual(desk):
    async with console_on(desk, size=(120, 40)) as running:
        await throttled_team(running)
        await running.until(
            "6 rpm at each of 3 projects and models by itself, 18 rpm together at most",
            "6.65 → 0.35 credits/min",
        )


@piloted
async def test_the_first_limit_of_a_key_leaves_others_of_its_project_what_they_call(desk):
    async with console_on(desk, "t", size=(120, 40)) as running:
        await running.until("Keys 6")
        await running.press("t")
        await running.until(
            "Throttle key key_search",
            "▲ 1 of them nobody asked for, they share a target: key_other",
            "14 rpm",
        )


@piloted
async def test_what_is_held_already_begins_below_that(desk):
    served(desk, rpm=3)
    async with console_on(desk, size=(120, 40)) as running:
        await throttled_team(running)
        await running.until(
            "held tighter already: 3 rpm; so a lower limit is filled in", "1 rpm at each of 3"
        )
        assert "burndeck" not in running.text.partition("Throttle")[2]


@piloted
async def test_what_cannot_be_held_tighter_says_so_at_once_without_a_command(desk):
    served(desk, rpm=1)
    async with console_on(desk, size=(120, 40)) as running:
        await throttled_team(running)
        await running.until(
            "held tighter already: 1 rpm: no limit below that can be set there. A block (b) can."
        )
        assert "burndeck throttle" not in running.text
