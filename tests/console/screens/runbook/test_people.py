"""Who holds a run, who agrees, who may only look; and what the keys do beside the next step."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent.domain.action import ActionState
from agent.domain.person import Role
from agent.domain.run import RunState
from agent.runbooks import asks
from agent.runbooks.postmortem import write
from tests.console.acting_world import console_on
from tests.console.harness import Console, piloted
from tests.console.screens.runbook import world
from tests.console.screens.runbook.world import BO, RunDesk, answered, step_shows


async def opened(running: Console, *texts: str) -> None:
    """The run in full."""
    await running.until("Cost spike, tried")
    await running.press("enter")
    await running.until(*(texts or ("step 1 of",)))


@piloted
async def test_a_run_of_somebody_else_is_taken_over_and_handed_on(desk: RunDesk) -> None:
    desk.start(world.NOTE, by=BO)
    async with console_on(desk, "7") as running:
        await opened(running, "held by bo")
        await step_shows(running, "bo holds run 1: a takes it over.")
        await running.press("enter")
        await running.until("bo holds run 1: a takes it over.")
        await running.press("a")
        await running.until("empty: you")
        await running.press("enter")
        await answered(running, desk)
        await running.until("held by you", "Enter writes the note")
        await running.press("a", *"bo", "enter")
        await answered(running, desk)
        await running.until("held by bo")
        assert "has taken run 1 over" not in running.text
    assert desk.run().holder == "bo"


@piloted
async def test_whoever_holds_a_run_hears_that_somebody_has_taken_it(desk: RunDesk) -> None:
    desk.start(world.NOTE)
    async with console_on(desk, "7") as running:
        await opened(running, "held by you")
        desk.sent(asks.hold_of(desk.run()), BO)
        await running.until("bo has taken run 1 over: its steps are not yours any more.", "held by bo")


@piloted
async def test_who_may_not_run_it_is_not_told_to_take_it_over(
    template: Path, tmp_path: Path, quick: None, ada: None
) -> None:
    with world.open_run_desk(template, tmp_path, Role.VIEWER) as desk:
        desk.start(world.NOTE, by=BO)
        async with console_on(desk, "7") as running:
            await opened(running, "held by bo")
            text = await step_shows(running, "bo holds run 1: taking it over takes")
            assert "a takes it over" not in text


@piloted
async def test_who_is_asked_to_agree_sees_it_in_the_header_and_says_so_in_the_run(finance: RunDesk) -> None:
    finance.start(world.APPROVAL, world.NOTE, by=BO)
    async with console_on(finance) as running:
        await running.until("? 1 to approve", "1 run")
        await running.press("7")
        await opened(running, "Enter agrees to the run so far")
        await running.press("p")
        await running.until("Approve: step 1", "finance and engineering or lead")
        await running.press("y", "enter")
        await answered(running, finance)
        await step_shows(running, "yes by ada for finance", "You have spoken already")
        await running.press("p")
        await running.until("You have spoken already: it takes another person.")
    assert finance.states() == ["working", "ahead"]


@piloted
async def test_who_runs_it_cannot_agree_to_it(desk: RunDesk) -> None:
    desk.start(world.APPROVAL, world.NOTE)
    async with console_on(desk, "7") as running:
        await opened(running, "waits for finance and engineering or lead")
        await running.press("p")
        await running.until("You run it, so others agree")
        await running.press("s")
        await running.until("The run goes on with what follows")
        await running.press("enter")
        await running.until("▲ reason: everybody sees it, so it cannot stay empty")
        await running.press(*"nobody is awake", "enter")
        await answered(running, desk)
        await running.until("step 2 of 2")
    assert desk.run().step(1).reason == "nobody is awake"


@piloted
async def test_the_action_of_a_step_is_approved_in_the_run(finance: RunDesk) -> None:
    step = (
        world.ACTION.replace(', non-prod = "yes"', "")
        .replace("throttle", "block")
        .replace('limit = "10 rpm", ', "")
    )
    finance.start(step, world.NOTE, by=BO, scope="team:support")
    with_bo = finance.run()
    from agent.allocations import settings_now
    from agent.control.asking import preview
    from agent.ledger import open_reader
    from agent.runbooks import asks
    from agent.runbooks.specs import spec_of

    with open_reader(finance.settings.ledger_path) as reader:
        settings = settings_now(finance.settings, reader.action_store(), world.AT)
        spec = spec_of(settings, with_bo, with_bo.runbook.step(1))
        made = preview(reader, finance.settings, spec, world.AT)
    finance.sent(asks.action_of(with_bo, 1, made, "it burns"), BO)
    async with console_on(finance, "7") as running:
        await opened(running, "? waits")
        await step_shows(running, "waits for finance and engineering: p approves")
        await running.press("p")
        await running.until("Approve action 1", "It would have refused", "is bound to")
        await running.press("1", "enter")
        await answered(running, finance)
        await step_shows(running, "waits for engineering")
    assert finance.newest().state is ActionState.STANDBY


@piloted
async def test_an_action_is_undone_from_its_step_and_all_of_them_together(desk: RunDesk) -> None:
    desk.start(world.ACTION, world.NOTE, scope="team:search")
    async with console_on(desk, "7") as running:
        await opened(running)
        await running.press("U")
        await running.until("Nothing that this run has done is in force.")
        await running.press("u")
        await running.until("Step 1 has no action in force.")
        await running.press("enter")
        await running.until("Enter goes on")
        await running.press("enter")
        await running.until("Enter again")
        await running.press("enter")
        await answered(running, desk)
        desk.ends()
        await running.until("step 2 of 2")
        await running.press("U")
        await running.until("Roll back run 1", "type: 1, the number of the run")
        await running.press("2", "enter")
        await running.until("▲ type: 1, the number of the run, to confirm")
        await running.press("escape", "u")
        await running.until("Undo: step 1", "action 1", "Limits are what they were before.")
        await running.press("enter")
        await answered(running, desk)
        await running.press("k")
        await step_shows(running, "reversing action 1")
    assert desk.newest().state is ActionState.REVERSING


@piloted
async def test_a_check_that_failed_is_tried_again_or_overruled(desk: RunDesk) -> None:
    desk.start(world.CHECK, world.NOTE)
    async with console_on(desk, "7") as running:
        await opened(running, "▲ failed", "Enter tries it again")
        await running.press("enter")
        await answered(running, desk)
        await running.until("▲ failed, try 2")
        await running.press("o")
        await running.until("Your word stands in place", "it cannot stay empty")
        await running.press(*"late data", "enter")
        await answered(running, desk)
        await running.until("step 2 of 2")
    assert (desk.run().step(1).answer, desk.run().step(1).reason) == ("met", "late data")


@piloted
async def test_a_run_is_closed_with_a_reason_and_what_it_is_about_is_set(desk: RunDesk) -> None:
    desk.start(world.NOTE)
    async with console_on(desk, "7") as running:
        await opened(running)
        await running.press("=")
        await running.until("Steps from here on use it.")
        await running.press(*"key_dev", "enter")
        await answered(running, desk)
        await running.until("key_dev")
        await running.press("X")
        await running.until("Close run 1", "What it has done stays as it is.")
        await running.press(*"a false alarm", "enter")
        await answered(running, desk)
        await running.until("– ended early", "Steps 0 of 1 behind")
    assert (desk.run().state, desk.run().outcome) == (RunState.ABANDONED, "a false alarm")
    assert desk.run().parameters["key"] == "key_dev"


@pytest.mark.usefixtures("nobody")
@piloted
async def test_without_an_identity_the_run_is_shown_and_nothing_is_asked(
    template: Path, tmp_path: Path, quick: None
) -> None:
    with world.open_run_desk(template, tmp_path, Role.OPERATOR) as desk:
        desk.start(world.NOTE)
        async with console_on(desk, "7") as running:
            await opened(running, "READ-ONLY")
            assert "Enter writes" not in await step_shows(running, "Read-only: nobody is known here")
            for key in ("enter", "s", "a", "X"):
                await running.press(key)
                await running.until("Read-only: nobody is known here who could sign.")
        assert desk.work() == []


@piloted
async def test_the_postmortem_is_written_where_the_console_was_started(
    desk: RunDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    desk.fires()
    desk.start(world.QUERY, world.NOTE, alert=1)
    async with console_on(desk, "7") as running:
        await opened(running, "step 2 of 2")
        await running.press("e")
        await running.until("The postmortem is in run-1/postmortem.md")
        (tmp_path / "run-1" / "postmortem.md").write_text("edited by hand")
        go_on = threading.Event()
        export = write.export_run
        monkeypatch.setattr(write, "export_run", lambda *given: go_on.wait(60) and export(*given))
        await running.press("e")
        await running.until("The postmortem is being written")
        await running.press("e")
        await running.until("A postmortem is being written already")
        await running.press("escape", "1")
        await running.until("BURN NOW")
        go_on.set()
        await running.until("The postmortem is in", "BURN NOW")
    assert (tmp_path / "run-1" / "postmortem.md").read_text() == "edited by hand"
    assert "Cost spike, tried out" in (tmp_path / "run-1-2" / "postmortem.md").read_text()
