"""Notes in the line of hints: each stays as long as it takes to read, also one that comes twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.timer import Timer

from console.screens import live_screen
from tests.console.harness import console, piloted


@piloted
async def test_the_timer_of_a_note_does_not_take_the_next_one_away(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[tuple[Timer, Callable[[], None]]] = []
    async with console() as running:
        screen = running.app.screen
        assert isinstance(screen, live_screen.LiveScreen)
        set_timer = screen.set_timer

        def kept(delay: float, callback: Callable[[], None]) -> Timer:
            ends.append((set_timer(3600, callback), callback))
            return ends[-1][0]

        monkeypatch.setattr(screen, "set_timer", kept)
        screen.note("Copied search")
        screen.note("Copied search")
        await running.settle()

        (first, _), (second, forget) = ends
        assert first._task is None or first._task.cancelled() or first._task.cancelling()
        assert second._task is not None and not second._task.cancelling()
        assert "Copied search" in running.text
        forget()
        await running.settle()
        assert "Copied search" not in running.text
