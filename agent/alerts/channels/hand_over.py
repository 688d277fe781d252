"""Work on a thread that may be left until it hands a message over: from then on its end is awaited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class HandOver:
    """Shared by whoever waits and the thread at work: only one of `begin` and `give_up` comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun = False
        self._given_up = False

    def begin(self) -> None:
        """From here on the message cannot be taken back; raises `TimeoutError` where nobody waits."""
        with self._lock:
            if self._given_up:
                raise TimeoutError
            self._begun = True

    def give_up(self) -> bool:
        """Nothing is handed over any more; False where it has begun already."""
        with self._lock:
            self._given_up = not self._begun
            return self._given_up


async def in_thread(work: Callable[[HandOver], None], timeout_s: float, longest_s: float) -> None:
    """Runs `work` on a thread that nobody joins: a receiver that hangs must not hold up the end.

    Raises `TimeoutError` after `timeout_s`, or `longest_s` more where it is being handed over: another
    attempt while it may still be taken would send it twice.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    hand_over = HandOver()

    def settle(error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        failure: BaseException | None = None
        try:
            work(hand_over)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            failure = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, failure)

    threading.Thread(target=run, name="delivery", daemon=True).start()
    try:
        await asyncio.wait([done], timeout=timeout_s)
        if not done.done() and not hand_over.give_up():
            await asyncio.wait([done], timeout=longest_s)
        if not done.done():
            raise TimeoutError
        await done
    finally:
        hand_over.give_up()  # also where the agent ends: the rest goes out after its next start
        done.cancel()
