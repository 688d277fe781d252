"""The Runbooks screen: open and ended runs, the library, and a new run with its parameters."""

from __future__ import annotations

import time

from tests.console.acting_world import console_on
from tests.console.harness import PATIENCE_S, Console, piloted
from tests.console.screens.runbook import world
from tests.console.screens.runbook.world import BO, RunDesk, answered


async def in_library(running: Console) -> None:
    """From the list of runs, as soon as it is read, to the library."""
    await running.until("open 0", "ended 0")
    await running.press("n")
    await running.until("cost-spike")


@piloted
async def test_lists_go_round_and_each_run_is_in_one(desk: RunDesk) -> None:
    desk.start(world.NOTE, by=BO)
    desk.start(world.DECISION, drill=True)
    async with console_on(desk, "7", size=(120, 40)) as running:
        await running.until("open 2  ended 0", "bo", "drill: Cost")
        assert running.names("rows") == ["2", "1"]
        await running.press("tab")
        await running.until("no run has ended in the last 30 days")
        await running.press("tab")
        await running.until("cost-spike", "hard-cap-override", "what it is for")
        await running.press("tab", "/", *"drill", "enter")
        await running.until("/drill  1 of 2")
        assert running.names("rows") == ["2"]


@piloted
async def test_a_new_run_is_chosen_from_the_library_and_filled_in(desk: RunDesk) -> None:
    desk.write(world.NOTE, world.DECISION)
    async with console_on(desk, "7") as running:
        await running.until("no run is open")
        await running.press("n")
        await running.until("Choose a runbook", "cost-spike")
        await running.press("/", *"^walk", "enter", "enter")
        await running.until("Start walk", "scope", "team:search")
        await running.press(*"key_search_dev", "enter")
        await running.until("The agent has been asked to start it")
        await answered(running, desk)
        await running.until("run 1", "step 1 of 2", "Enter writes the note")
        await running.press("escape")
        await running.until("library")
    assert desk.run().parameters == {"scope": "team:search", "key": "key_search_dev"}


@piloted
async def test_what_cannot_be_a_parameter_is_said_before_anything_is_signed(desk: RunDesk) -> None:
    desk.write(world.NOTE)
    async with console_on(desk, "7") as running:
        await in_library(running)
        await running.press("/", *"^walk", "enter", "n")
        await running.until("Start walk")
        await running.press("shift+tab", "end", *["backspace"] * 11, *"nonsense", "enter")
        await running.until("▲ scope:")
        await running.press("escape")
    assert desk.work() == []


@piloted
async def test_a_runbook_of_other_roles_opens_no_form(desk: RunDesk) -> None:
    desk.write(world.NOTE)
    place = desk.folder / "walk.md"
    place.write_text(place.read_text().replace("trigger =", 'roles = ["finance"]\ntrigger ='))
    async with console_on(desk, "7") as running:
        await in_library(running)
        await running.press("/", *"^walk", "enter", "n")
        await running.until("Cost spike, tried out is started by finance.")
        assert "Start walk" not in running.text


@piloted
async def test_a_start_that_is_refused_leaves_no_page_that_waits_for_it(desk: RunDesk) -> None:
    desk.write(world.NOTE)
    async with console_on(desk, "7") as running:
        await in_library(running)
        await running.press("/", *"^walk", "enter", "n")
        await running.until("Start walk")
        await running.press("enter")
        await running.until("The agent has been asked to start it")
        desk.write(world.NOTE, world.NOTE.replace('"note"', '"again"'))  # not the text that was shown
        await refused(running, desk)
        await running.until("No run was started:")
        assert "The agent has been asked to start it" not in running.text


async def refused(running: Console, desk: RunDesk) -> None:
    """What was asked for is in the ledger, and the agent has said no."""
    deadline = time.monotonic() + PATIENCE_S
    while not (said := desk.work()):
        assert time.monotonic() < deadline, running.text
        await running.pilot.pause(0.02)
    assert any(said), said


@piloted
async def test_a_drill_is_marked_wherever_it_is_shown(desk: RunDesk) -> None:
    desk.start(world.ACTION, drill=True, scope="team:search")
    async with console_on(desk, "7") as running:
        await running.until("drill: Cost")
        await running.press("enter")
        await running.until("DRILL", "drill of throttle: scope team:search")
        await running.press("enter")
        await running.until("Drill: Throttle: step 1", "Enter goes on")
        await running.press("enter")
        await running.until("drill, nothing changes: throttle 1 key")
        await running.press("enter")
        await answered(running, desk)
    assert desk.newest().spec.drill
