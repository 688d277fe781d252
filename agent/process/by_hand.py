"""The agent for whoever moves time by hand: every loop of the process, once each time it is told to go on.

Nothing waits and nothing runs beside the caller, so what comes of it depends on time and data alone.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from agent import __version__
from agent.control.engine import Bench, Executor, Poller
from agent.ledger import open_reader
from agent.process.acting import Told
from agent.process.watch import Watch
from agent.runbooks.machine import keep, look
from agent.telemetry.once import Collecting
from agent.telemetry.schedule import parse_schedule

if TYPE_CHECKING:
    from agent.clock import ManualClock
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

T = TypeVar("T")
_MOST_ROUNDS = 50
"""People, actions and runs set each other off; more often than this only what goes in a circle."""


class AgentByHand:
    """Collects, judges, hears people, acts and takes runs on. Messages stay in the outbox."""

    def __init__(self, settings: Settings, writer: LedgerWriter, clock: ManualClock) -> None:
        self._settings = settings
        self._writer = writer
        self._clock = clock
        self._started_at = int(clock.now())
        desk = _SameThread(writer)
        self._bench = Bench(settings, desk, clock, Told(settings))
        self._executor = Executor(self._bench)
        self._watch = Watch(settings, lambda: None, monotonic=clock.now)
        self._collecting = Collecting(settings, writer)
        self._reader = open_reader(settings.ledger_path)
        self._runner = asyncio.Runner()
        self._polled: dict[str, float] = {}  # when each gateway is read next
        writer.actions.keep_gateways([gateway.name for gateway in settings.gateways])

    def catch_up(self) -> None:
        """Reads everything that sources and gateways have, whatever the schedules say, and judges it."""
        self._collecting.catch_up(self._clock.now())
        self._round()

    def advance(self, seconds: float) -> None:
        """Time goes on by so much: what is due by then is read, judged and done."""
        self._clock.advance(seconds)
        self._collecting.tick(self._clock.now())
        self._round()

    def settle(self) -> None:
        """Hears people, carries out what they want and takes runs on, until nothing more comes of it."""
        for _ in range(_MOST_ROUNDS):
            self._watch.look(self._writer, self._clock.now())
            self._runner.run(self._executor.settle())
            if not self._conduct():
                return

    def close(self) -> None:
        """Lets go of sources, gateways and the ledger's reader; the writer stays the caller's."""
        self._collecting.close()
        self._runner.run(self._bench.close())
        self._runner.close()
        self._reader.close()

    def __enter__(self) -> AgentByHand:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _round(self) -> None:
        now = self._clock.now()
        self._writer.beat(os.getpid(), socket.gethostname(), __version__, self._started_at, int(now))
        self._runner.run(self._poll(now))
        self._watch.judge(self._writer, now)
        self.settle()

    async def _poll(self, now: float) -> None:
        for gateway in self._settings.gateways:
            if now >= self._polled.get(gateway.name, now):
                self._polled[gateway.name] = parse_schedule(gateway.every).next_after(now)
                await Poller(self._bench, gateway).poll()

    def _conduct(self) -> bool:
        now = self._clock.now()
        moved = False
        for found in look(self._reader, self._settings, now):
            moved |= keep(self._writer, self._settings, found, now)
        return moved


class _SameThread:
    """The writer in the caller's thread."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        return task(self._writer)
