"""A run from its first step to its last, with the keyboard alone, on two consoles."""

from __future__ import annotations

from agent.domain.action import ActionState
from agent.domain.run import RunState
from agent.runbooks import asks
from tests.console.acting_world import console_on
from tests.console.harness import piloted
from tests.console.screens.runbook import world
from tests.console.screens.runbook.world import RunDesk, answered, step_shows

WHOLE = (world.QUERY, world.DECISION, world.ACTION, world.WAIT, world.NOTE, world.NOTIFY, world.RELEASE)


@piloted
async def test_enter_does_the_next_thing_until_the_run_is_over(desk: RunDesk) -> None:
    desk.fires()
    desk.start(*WHOLE, alert=1, scope="team:search")
    async with console_on(desk, "7") as running:
        await running.until("Cost spike, tried", "1 run")
        await running.press("enter")
        await running.until("step 2 of 7", "held by you", "Enter chooses an answer")
        await running.press("enter")
        await running.until("throttle the team's non-production keys", "Esc leave")
        await running.press("a")
        await answered(running, desk)
        await running.until("Enter shows what it would do")
        await running.press("enter")
        await running.until("limit      10 rpm", "1 key: key_search_dev, 0 % production", "Enter goes on")
        await running.press("enter")
        await running.until("Enter again: throttle 1 key of team search")
        await running.press("enter")
        await answered(running, desk)
        await step_shows(
            running,
            "not yet written action 1",
            "to 10 rpm for 2 h",
            "planned by the runbook: throttle: scope",
        )

        desk.ends()
        await step_shows(running, "4 Has the burn fallen?", "Too early to say of team:search")
        await running.press("o")
        await running.until("Your word stands in place of the agent's finding")
        await running.press(*"dashboards say so", "enter")
        await answered(running, desk)
        await running.until("Enter writes the note")
        await running.press("enter", *"a release", "enter")
        await answered(running, desk)
        await step_shows(running, "Enter sends it", "team:search burns far above usual: run 1.")
        await running.press("enter")
        await answered(running, desk)
        await running.until("Enter takes off what this run has put on")
        await running.press("enter")
        await running.until("Release: step 7", "action 1")
        await running.press("enter")
        await answered(running, desk)
        await running.until("at work", "7 asked by ada: release of action 1")

    assert desk.newest().state is ActionState.REVERSING
    assert [step.answer for step in desk.run().steps][1:6] == ["non-prod", "", "met", "a release", ""]


@piloted
async def test_two_consoles_show_a_run_as_it_moves(desk: RunDesk) -> None:
    desk.start(world.QUERY, world.DECISION, world.NOTE)
    async with console_on(desk, "7") as mine, console_on(desk, "7") as other:
        for running in (mine, other):
            await running.until("Cost spike, tried")
            await running.press("enter")
            await running.until("step 2 of 3")
        await mine.press("enter")
        await mine.until("Esc leave")
        await mine.press("a")
        await answered(mine, desk)

        for running in (mine, other):
            await running.until("step 3 of 3", "Enter writes the note", "2 done by ada: non-prod")


@piloted
async def test_a_run_that_is_over_says_how_it_ended_and_can_be_opened_again(desk: RunDesk) -> None:
    desk.start(world.DECISION, world.NOTE)
    async with console_on(desk, "7") as running:
        await running.until("Cost spike, tried")
        await running.press("enter")
        await running.until("Enter chooses")
        await running.press("enter", "j", "j", "enter")
        await answered(running, desk)
        await running.until("✓ done", "2 of 2 behind", "e export  O reopen")
        assert desk.run().state is RunState.DONE
        await running.press("enter")
        await running.until("The run is over: e writes its postmortem")

        await running.press("g", "O")
        await running.until("Reopen: step 1", "is open again", "to step 1")
        assert desk.work() == []
        await running.press(*"it came back", "enter")
        await answered(running, desk)
        await running.until("step 1 of 2", "try 2", "Enter chooses an answer")
        await running.press("escape")
        await running.until("Open runs 1")
    assert desk.run().state is RunState.OPEN
    assert any("it came back" in each.text for each in desk.writer.runs.events(1))


@piloted
async def test_an_enter_too_many_answers_no_decision(desk: RunDesk) -> None:
    desk.start(world.DECISION, world.NOTE)
    async with console_on(desk, "7") as running:
        await running.until("Cost spike, tried")
        await running.press("enter")
        await step_shows(running, "· non-prod: throttle", "· nothing: nothing yet")
        await running.press("enter", "enter", "enter")
        await running.until("a letter chooses at once", "Esc leave")
        assert desk.work() == []
        await running.press("j", "enter")
        await answered(running, desk)
        await running.until("step 2 of 2")
    assert desk.run().step(1).answer == "non-prod"


@piloted
async def test_a_filter_on_the_steps_hides_no_next_thing_and_is_taken_off_by_escape(desk: RunDesk) -> None:
    desk.start(world.NOTE, world.DECISION)
    async with console_on(desk, "7") as running:
        await running.until("Cost spike, tried")
        await running.press("enter")
        await running.until("step 1 of 2")
        await running.press("/", *"hard", "enter")
        await running.until("behind  /hard")
        await running.press("enter")
        await running.until("The run is at step 1: Enter again does it.", "Enter writes the note")
        assert "/hard" not in running.text
        await running.press("enter")
        await running.until("Note: step 1")
        await running.press("escape", "/", *"hard", "enter")
        await running.until("behind  /hard")
        await running.press("escape")
        await running.until("Steps 0 of 2 behind", "held by you")
        await running.press("escape")
        await running.until("Open runs 1")


@piloted
async def test_from_an_action_that_no_gateway_can_do_the_way_back_is_named(desk: RunDesk) -> None:
    step = world.ACTION.replace('scope = "{{scope}}"', 'scope = "team:nobody"')
    run = desk.start(world.DECISION, step, world.NOTE)
    desk.sent(asks.step_of(run, 1, "answer", answer="non-prod"))
    async with console_on(desk, "7", size=(120, 40)) as running:
        await running.until("Cost spike, tried")
        await running.press("enter")
        await step_shows(running, "s skips", "O at step 1 goes back to another answer")
        await running.press("enter")
        await running.until("Type other values, or Enter twice: back to step 1 for another answer")
        await running.press("escape", "k", "O")
        await running.until("The run goes back from step 2 to step 1.")
        await running.press("enter")
        await answered(running, desk)
        await running.until("step 1 of 3", "Enter chooses an answer")


@piloted
async def test_enter_leads_on_from_an_action_that_no_gateway_can_do(desk: RunDesk) -> None:
    step = world.ACTION.replace('scope = "{{scope}}"', 'scope = "team:nobody"')
    run = desk.start(world.DECISION, step, world.NOTE)
    desk.sent(asks.step_of(run, 1, "answer", answer="non-prod"))
    async with console_on(desk, "7", size=(120, 40)) as running:
        await running.until("Cost spike, tried")
        await running.press("enter")
        await step_shows(running, "s skips", "O at step 1 goes back to another answer")
        await running.press("enter")
        await running.until("Enter twice: back to step 1", "Enter goes on to the confirmation")
        await running.press("enter")
        await running.until("Enter again: goes back to step 1 for another answer")
        await running.press("enter")
        await answered(running, desk)
        await running.until("step 1 of 3", "Enter chooses an answer")


@piloted
async def test_the_step_is_read_with_page_keys_and_over_the_whole_width(desk: RunDesk) -> None:
    desk.start(world.QUERY, world.DECISION)
    async with console_on(desk, "7") as running:
        await running.until("Cost spike, tried")
        await running.press("enter")
        await running.until("step 2 of 2")
        await running.press("k")
        text = await step_shows(running, "What burns: keys of the last 15 min", "rise in credits/min")
        assert "share: no room here, Tab widens" in text
        assert "░ expected" not in text
        await running.press("pagedown", "pagedown")
        await running.until("░ expected", "12:30")
        await running.press("ctrl+u", "ctrl+u", "ctrl+u")
        await running.until("✓ done 12:31")

        await running.press("tab")
        text = await running.until("93 %")
        assert "Steps" not in text
        assert "Tab widens" not in text
        await running.press("enter")
        await running.until("The run is at step 2: Enter again does it.")
        await running.press("escape")
        await running.until("Steps 1 of 2 behind")


@piloted
async def test_what_a_terminal_would_obey_is_not_shown(desk: RunDesk) -> None:
    run = desk.start(world.NOTE, world.DECISION)
    desk.sent(asks.step_of(run, 1, "answer", answer="red \x1b[31malert\x07"))
    async with console_on(desk, "7") as running:
        await running.until("Cost spike, tried")
        await running.press("enter", "k")
        await step_shows(running, "ada: red [31malert")
        assert "\x1b" not in running.text


@piloted
async def test_a_message_that_reached_nobody_is_marked_and_not_ticked(desk: RunDesk) -> None:
    desk.start(world.NOTIFY, world.NOTE)
    async with console_on(desk, "7", size=(120, 40)) as running:
        await running.until("Cost spike, tried")
        await running.press("enter")
        await step_shows(running, "Enter sends it")
        await running.press("enter")
        await answered(running, desk)
        await running.until("step 2 of 2", "▲  1")
        await running.press("k")
        await step_shows(running, "▲ told nobody", "NOBODY was told: no route of burndeck.toml leads to")


@piloted
async def test_keys_that_come_faster_than_forms_open_one_of_them(desk: RunDesk) -> None:
    desk.start(world.NOTE)
    async with console_on(desk, "7") as running:
        await running.until("Enter opens it")
        await running.press("enter")
        await running.until("Enter writes the note")
        screen = running.app.screen
        screen.action_assign()  # both before the next key is looked at
        screen.action_skip()
        await running.until("Esc cancel")
        await running.press("escape")
        await running.until("Enter writes the note", "? help")
