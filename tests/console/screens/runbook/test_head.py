"""The line over a run says what it has in force, until that is over."""

from __future__ import annotations

from dataclasses import replace

from agent.domain.action import ActionState
from tests.console.acting_world import AT, console_on
from tests.console.harness import piloted
from tests.console.screens.runbook import world
from tests.console.screens.runbook.world import RunDesk, answered, step_shows


@piloted
async def test_what_is_in_force_is_told_with_its_end_and_then_how_it_ended(desk: RunDesk) -> None:
    desk.fires()
    desk.start(world.ACTION, world.NOTE, alert=1, scope="team:search")
    async with console_on(desk, "7") as running:
        await running.until("Cost spike, tried", "1 run")
        await running.press("enter")
        await running.until("step 1 of 2", "Enter shows what it would do")
        assert "ends in" not in running.lines[1]
        await running.press("enter")
        await running.until("Enter goes on")
        await running.press("enter")
        await running.until("Enter again: throttle 1 key")
        await running.press("enter")
        await answered(running, desk)
        desk.ends()
        desk.work()
        await running.until("step 2 of 2", "held by you · action 1 ends in 2 h")

        made = desk.newest()
        desk.writer.actions.save(replace(made, state=ActionState.EXPIRED, ended_at=AT, ended_by="agent"))
        desk.work()

        await running.press("k")
        await step_shows(running, "action 1 is undone: its time was up")
        assert "action 1 ends in" not in running.text
