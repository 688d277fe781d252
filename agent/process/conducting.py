"""The agent's part of open runs, as a loop: looked at on a thread of its own, written on the writer's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from agent.ledger import open_reader
from agent.runbooks.machine import keep, look

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.ledger.reader import LedgerReader
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

LOOK_S = 1.0
"""How often, in real seconds, waits are looked at while nothing changes in the ledger."""
_PAUSE_OF_DURATION = 3.0  # looking takes a quarter of a core at most, whatever a condition costs
_log = logging.getLogger(__name__)


class Desk(Protocol):
    """Runs what is handed over with the ledger's writer."""

    def write(self, task: Callable[[LedgerWriter], bool]) -> Awaitable[bool]: ...


class Conductor:
    """Takes every open run as far as it goes without a person."""

    def __init__(self, settings: Settings, desk: Desk, clock: Clock, told: Callable[[], None]) -> None:
        self._settings = settings
        self._desk = desk
        self._clock = clock
        self._told = told  # there may be messages to deliver
        self._kicked = asyncio.Event()

    def kick(self) -> None:
        """Something has changed in the ledger."""
        self._kicked.set()

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        loop = asyncio.get_running_loop()
        with open_reader(self._settings.ledger_path) as reader:
            while True:
                began = loop.time()
                if await self.advance(reader):
                    self._told()
                    continue
                await asyncio.sleep(_PAUSE_OF_DURATION * (loop.time() - began))
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._kicked.wait()
        except TimeoutError:
            pass
        self._kicked.clear()

    async def advance(self, reader: LedgerReader) -> bool:
        """One look at everything; whether anything came of it."""
        now = self._clock.now()
        moved = False
        for found in await asyncio.to_thread(look, reader, self._settings, now):
            moved |= await self._desk.write(partial(keep, settings=self._settings, found=found, now=now))
        return moved
