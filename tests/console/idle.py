"""When a console under test has nothing left to do: told by its event loop, not by a sleep.

Textual's pilot sleeps for steps of 20 ms until the process uses no CPU, several times a key. On a busy
machine that is both slow and a guess. The loop knows: nothing is ready to run, and no layout is due.
"""

from __future__ import annotations

import asyncio
import time

from textual._context import active_app

_ROUNDS = 3  # one after another without anything ready: a task may hand over to the next within a round


async def idle(min_sleep: float = 0.0, max_sleep: float = 5.0) -> None:
    """Returns once nothing but timers and threads can wake the loop; in the place of Textual's own."""
    loop = asyncio.get_running_loop()
    ends, quiet = time.monotonic() + max_sleep, 0
    while quiet < _ROUNDS and time.monotonic() < ends:
        await asyncio.sleep(0)
        quiet = 0 if loop._ready or _laid_out() else quiet + 1  # type: ignore[attr-defined]


def _laid_out() -> bool:
    """Whether a layout or a repaint was due, which Textual leaves to a timer; it is done then."""
    app = active_app.get(None)
    if app is None or not app._screen_stack:
        return False
    screen = app.screen
    due = screen._layout_required or screen._scroll_required or screen._repaint_required
    if due or screen._dirty_widgets or screen._callbacks:
        screen._on_timer_update()
        return True
    return False
