"""On a terminal that is too small one sentence says so; it comes back by itself."""

from __future__ import annotations

from tests.console.harness import console, piloted


@piloted
async def test_a_terminal_that_is_too_small_says_so_until_it_grows_and_keys_do_nothing_meanwhile() -> None:
    async with console(size=(80, 24)) as running:
        await running.press("t")
        triage = running.app.screen

        for width, height in ((59, 24), (80, 19)):
            await running.pilot.resize_terminal(width, height)
            await running.until(
                f"burndeck needs at least 60 columns and 20 rows; this terminal has {width} and {height}."
            )
            assert "TRIAGE" not in running.text.upper()
        await running.pilot.resize_terminal(12, 3)
        await running.until("burndeck needs at")
        await running.pilot.resize_terminal(1, 1)
        await running.press("escape", "1", "t", "a")
        await running.pilot.resize_terminal(80, 24)

        await running.until("Triage", "agent alive")
        assert running.app.screen is triage


@piloted
async def test_between_the_least_size_and_the_usual_one_everything_opens() -> None:
    async with console(size=(60, 20)) as running:
        for size in ((60, 20), (79, 23)):
            await running.pilot.resize_terminal(*size)
            await running.press("t", "enter", "escape", "a", "?", "escape", "1")
            assert running.app.is_running
            assert "credits/min" in running.text


@piloted
async def test_a_console_that_is_opened_in_a_small_terminal_says_so_at_once() -> None:
    async with console(size=(50, 10)) as running:
        await running.until("this terminal has 50 and 10.")

        await running.pilot.resize_terminal(100, 30)

        await running.until("BURN NOW")


@piloted
async def test_a_screen_lives_on_under_the_sentence_at_every_size() -> None:
    async with console(size=(80, 24)) as running:
        for key in ("t", "a"):
            await running.press(key)
            for size in ((1, 1), (30, 2)):
                await running.pilot.resize_terminal(*size)
                await running.settle()
            await running.pilot.resize_terminal(80, 24)
            await running.until("agent alive")
            await running.press("escape")
