"""What the application does on every screen: it knows who is here, and forgets nothing that waits for it."""

from __future__ import annotations

import time

import pytest

from agent.control import Standing
from tests.console.harness import PATIENCE_S, console, piloted


@pytest.mark.usefixtures("ada")
@piloted
async def test_everything_that_waits_to_know_who_is_here_goes_on_once() -> None:
    went_on: list[str] = []

    def first(who: Standing) -> None:
        went_on.append(f"first as {who.person.name if who.person else 'nobody'}")

    def second(who: Standing) -> None:
        went_on.append("second")

    async with console() as running:
        running.app.standing = None
        running.app.know(first)
        running.app.know()
        running.app.know(second)
        deadline = time.monotonic() + PATIENCE_S
        while len(went_on) < 2 and time.monotonic() < deadline:
            await running.pilot.pause(0.01)
        await running.settle()

    assert went_on == ["first as ada", "second"]
