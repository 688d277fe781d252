"""Screens whose answer is not there yet: they say that it is being read, and never that there is nothing."""

from __future__ import annotations

import pytest

from console.live import Question
from console.questions import BURN
from tests.console.harness import FixedLive, console, piloted


class Slow(FixedLive):
    """Answers for Burn alone: everything else is still being read."""

    def ask(self, question: Question) -> None:
        if question.topic == BURN:
            super().ask(question)


@pytest.mark.parametrize("screen", ["2", "3", "4", "5", "6", "7"])
@piloted
async def test_a_screen_without_an_answer_says_that_it_is_reading(screen):
    async with console(live=Slow()) as running:
        await running.press(screen)

        await running.until("reading …")
        for finding in ("nothing", "no run", "No allocation", "burndeck.toml", "was done"):
            assert finding not in running.text
        await running.press("y")
        await running.until("It is still being read: press the key again.")


@pytest.mark.parametrize(("screen", "key"), [("2", "t"), ("3", "A"), ("4", "u"), ("5", "+"), ("5", "A")])
@piloted
async def test_a_key_on_what_is_not_read_yet_finds_nothing_missing(screen, key):
    async with console(live=Slow()) as running:
        await running.press(screen, key)

        await running.until("It is still being read: press the key again.")


@piloted
async def test_another_list_of_a_screen_without_an_answer_reads_too():
    async with console(live=Slow()) as running:
        for screen in ("3", "4", "7"):
            await running.press(screen, "l")

            await running.until("reading …")
