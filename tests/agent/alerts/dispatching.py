"""A dispatcher at work on a ledger, in a thread of its own as the agent's loop is one."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from agent.alerts.delivery import Desk, Dispatcher
from agent.alerts.routes import Destination
from agent.clock import Clock
from agent.daemon import WriterThread
from agent.domain.notice import Notice
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_alerts import Alerts
from agent.settings_channels import Channel

T = TypeVar("T")
_PATIENCE_S = 20


def settings_with(path: Path, *channels: Channel) -> Settings:
    """Settings with some channels on a ledger."""
    return Settings(ledger_path=path, alerts=Alerts(channels=channels))


class Dispatching:
    """Runs a dispatcher until the end of the block; `desk` may stand between it and the writer."""

    def __init__(
        self, settings: Settings, clock: Clock, desk: Callable[[Desk], Desk] = lambda real: real
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._between = desk
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._main(),))

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        with open_writer(self._settings.ledger_path) as writer:
            self._writer = WriterThread(writer)
            self._dispatcher = Dispatcher(self._settings, self._between(self._writer), self._clock)
            running = asyncio.create_task(self._dispatcher.run())
            self._ready.set()
            await asyncio.wait(
                [running, asyncio.create_task(self._stop.wait())], return_when=asyncio.FIRST_COMPLETED
            )
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            self._writer.close()

    def __enter__(self) -> Dispatching:
        self._thread.start()
        assert self._ready.wait(_PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_S)
        assert not self._thread.is_alive()
        self._loop.close()

    def put(self, notice: Notice, *channels: str | Destination, kick: bool = True) -> float:
        """Puts a message and kicks; returns the real time of the kick."""
        places = [Destination(each) if isinstance(each, str) else each for each in channels]
        self.write(lambda writer: writer.outbox.put(notice, places, int(self._clock.now())))
        at = time.monotonic()
        if kick:
            self.kick()
        return at

    def kick(self) -> None:
        """As the agent does after a transaction."""
        self._loop.call_soon_threadsafe(self._dispatcher.kick)

    def write(self, task: Callable[[LedgerWriter], T]) -> T:
        """Runs a task with the writer."""
        return asyncio.run_coroutine_threadsafe(self._writer.write(task), self._loop).result(_PATIENCE_S)

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        """Columns of the outbox, in the order of its messages."""
        return self.asked(f"SELECT {columns} FROM outbox ORDER BY created_at, channel, target, id")

    def asked(self, sql: str) -> list[tuple[Any, ...]]:
        """What the ledger file says."""
        connection = sqlite3.connect(self._settings.ledger_path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def wait_for(self, columns: str, wanted: Sequence[tuple[Any, ...]]) -> None:
        """Waits until the outbox shows something."""
        deadline = time.monotonic() + _PATIENCE_S
        while (found := self.rows(columns)) != list(wanted):
            assert time.monotonic() < deadline, f"the outbox shows {found}"
            time.sleep(0.005)
