"""The agent's part of open runs, as a loop: looked at on a thread of its own, written on the writer's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from agent.ledger import open_reader
from agent.runbooks.machine import keep, look_at

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.ledger.reader import LedgerReader
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

LOOK_S = 1.0
"""How often, in real seconds, waits are looked at while nothing changes in the ledger."""
_LEAST_PAUSE_S = 0.05  # however much there is to do
_REST_OF_COST = 4.0  # a step that waits costs a fifth of a core at most, whatever its condition costs
_AFTER_FAILURE_S = 5.0
_log = logging.getLogger(__name__)


class Desk(Protocol):
    """Runs what is handed over with the ledger's writer."""

    def write(self, task: Callable[[LedgerWriter], bool]) -> Awaitable[bool]: ...


class Conductor:
    """Takes every open run as far as it goes without a person.

    What was never looked at comes first; a step that waits on rests longer the more its look costs.
    """

    def __init__(self, settings: Settings, desk: Desk, clock: Clock, told: Callable[[], None]) -> None:
        self._settings = settings
        self._desk = desk
        self._clock = clock
        self._told = told  # there may be messages to deliver
        self._kicked = asyncio.Event()
        self._since = clock.now()  # what happened before may not be read yet
        self._rests: dict[tuple[int, int], float] = {}  # run and revision -> until when, monotonic

    def kick(self) -> None:
        """Something has changed in the ledger."""
        self._kicked.set()

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        with open_reader(self._settings.ledger_path) as reader:
            while True:
                moved = await self.advance(reader)
                if moved:
                    self._told()
                await asyncio.sleep(_LEAST_PAUSE_S)
                if not moved:
                    await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._kicked.wait()
        except TimeoutError:
            pass
        self._kicked.clear()

    async def advance(self, reader: LedgerReader) -> bool:
        """One look at every run that does not rest; whether anything came of it."""
        at_work = await asyncio.to_thread(reader.run_store().at_work)
        self._rests = {key: until for key, until in self._rests.items() if key in at_work}
        moved = False
        for key in sorted(at_work, key=lambda key: (key in self._rests, key)):
            moved |= await self._look_at(reader, key)
        return moved

    async def _look_at(self, reader: LedgerReader, key: tuple[int, int]) -> bool:
        """Looks at one run and writes what came of it at once: nobody waits for the other runs."""
        began = time.monotonic()
        if began < self._rests.get(key, 0.0):
            return False
        now, moved, least = self._clock.now(), False, 0.0
        try:
            look = partial(look_at, reader, self._settings, key[0], now, self._since)
            for found in await asyncio.to_thread(look):
                moved |= await self._desk.write(partial(keep, settings=self._settings, found=found, now=now))
        except Exception:  # noqa: BLE001 - one run never stops the others
            _log.exception("run %d could not be taken on; it is tried again", key[0])
            least = _AFTER_FAILURE_S
        ended = time.monotonic()
        self._rests[key] = ended + max(least, _REST_OF_COST * (ended - began))
        return moved
