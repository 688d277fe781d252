"""The agent process: one task group of loops that collect, evaluate and keep the heartbeat. Wiring only."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from agent import __version__
from agent.alerts.delivery import Dispatcher
from agent.control.engine import Bench, Executor, Poller
from agent.control.engine.called_back import called_back
from agent.errors import LedgerError
from agent.ledger import open_reader, open_writer
from agent.ledger.proving import kept_finding
from agent.process.acting import Told
from agent.process.conducting import Conductor
from agent.process.lock import LedgerLock
from agent.process.proving import LOOK_S as PROVE_S
from agent.process.proving import Prover, tell
from agent.process.watch import LOOK_S, Watch
from agent.provider_http import PATIENT
from agent.telemetry.changes.calendars import Calendars
from agent.telemetry.changes.posted import posted_change
from agent.telemetry.collect import Collector, configured_sources
from agent.telemetry.once import Collecting, OnceReport, collect_once, keep_settings
from agent.telemetry.schedule import Interval, parse_schedule, real_wait

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.domain.gateway import Callback
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings
    from agent.settings_gateways import Gateway
    from agent.settings_schema import Source as SourceSettings
    from agent.telemetry.schedule import Schedule

__all__ = ["Collecting", "OnceReport", "collect_once", "run_agent"]

T = TypeVar("T")
Loop = Callable[[], Awaitable[None]]
_log = logging.getLogger(__name__)
_LOOP_RETRY_S = 5.0  # real seconds until a loop that failed goes on
_LEAST_POLL_S = 1.0  # however fast a demo's clock runs, in real seconds
_STOP_LOOK_S = 0.1  # how often a stop that another thread asks for is looked for


def run_agent(settings: Settings, *, clock: Clock | None = None, stop: threading.Event | None = None) -> None:
    """Runs the agent until SIGTERM or SIGINT (in the main thread), or until `stop` is set.

    Raises `LedgerError` when another agent has the ledger, `ConfigError` when prices or schedules are wrong.
    """
    with LedgerLock(settings.ledger_path), open_writer(settings.ledger_path) as writer:
        asyncio.run(_Agent(settings, writer, clock or settings.clock()).run(stop))


class WriterThread:
    """Runs what is handed over with the ledger's writer, one after another, on a thread of its own."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        """Runs `task` with the writer; the event loop goes on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, task, self._writer)

    def close(self) -> None:
        """Waits for the write that is under way; what was not begun is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class _Agent:
    def __init__(self, settings: Settings, writer: LedgerWriter, clock: Clock) -> None:
        self._settings = settings
        self._writer = writer
        self._clock = clock
        self._desk = WriterThread(writer)
        self._started_at = int(clock.now())
        self._dispatcher = Dispatcher(settings, self._desk, clock)
        self._watch = Watch(settings, self._told)
        self._bench = Bench(settings, self._desk, clock, Told(settings))
        self._executor = Executor(self._bench)
        self._conductor = Conductor(settings, self._desk, clock, self._told)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, stop: threading.Event | None) -> None:
        """Keeps every loop going until it is told to stop."""
        self._loop = asyncio.get_running_loop()
        sources = configured_sources(self._settings)
        keep_settings(self._writer, self._settings, sources)
        loops = {
            "heartbeat": self._every(Interval(self._settings.agent.heartbeat), self._beat),
            "evaluate": self._every(parse_schedule(self._settings.alerts.every), self._evaluate),
            "watch": self._watching,
            "deliver": self._dispatcher.run,
            "act": self._executor.run,
            "runbooks": self._conductor.run,
            "prove": self._proving,
        }
        for gateway in self._settings.gateways:
            loops[f"gateway {gateway.name}"] = self._polling(gateway)
        if self._settings.acting.listen:
            loops["callbacks"] = self._called_back
        gateways = [gateway.name for gateway in self._settings.gateways]
        self._writer.actions.keep_gateways(gateways)
        for source in sources:
            loops[f"collect {source.name}"] = self._collecting(source)
        calendars = Calendars(self._settings, self._desk)
        loops["calendars"] = self._every(parse_schedule(self._settings.changes.every), calendars.read)
        _log.info("agent %s runs on %s: %s", __version__, self._settings.ledger_path, ", ".join(loops))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_keep_going(name, loop)) for name, loop in loops.items()]
                await _told_to_stop(stop)
                for task in tasks:
                    task.cancel()
        finally:
            self._writer.hurry()
            self._desk.close()
            self._say_stopped()
            _log.info("agent stopped")

    def _say_stopped(self) -> None:
        """Notes a clean end; where the ledger cannot be written, the lock that is let go of tells it too."""
        try:
            self._writer.stopped(int(self._clock.now()))
        except LedgerError as error:
            _log.warning("the end is not noted in the ledger: %s", error.message)

    def _every(self, schedule: Schedule, do: Callable[[float], Awaitable[None]]) -> Loop:
        """A loop that does something at once and then whenever the schedule says."""

        async def loop() -> None:
            while True:
                now = self._clock.now()
                await do(now)
                await asyncio.sleep(real_wait(self._clock, schedule.next_after(now)))

        return loop

    def _collecting(self, source: SourceSettings) -> Loop:
        async def loop() -> None:
            collector = Collector(self._settings, source, self._desk, PATIENT)
            try:
                while True:
                    now = self._clock.now()
                    if not await collector.step(now):
                        await asyncio.sleep(real_wait(self._clock, collector.next_due(now)))
            finally:
                await collector.close()

        return loop

    def _polling(self, gateway: Gateway) -> Loop:
        """Reads what a gateway holds; one that cannot be read is asked again sooner."""

        async def loop() -> None:
            poller = Poller(self._bench, gateway)
            schedule = parse_schedule(gateway.every)
            while True:
                well = await poller.poll()
                wait = real_wait(self._clock, schedule.next_after(self._clock.now()))
                await asyncio.sleep(max(wait, _LEAST_POLL_S) if well else _LOOP_RETRY_S)

        return loop

    async def _called_back(self) -> None:
        """Hears what automation engines say of the actions that they were asked for."""
        from agent.process.callbacks import Callbacks

        await Callbacks(self._settings).run(self._confirmed, self._posted)

    async def _confirmed(self, said: Callback) -> None:
        now = int(self._clock.now())
        known = await self._desk.write(lambda writer: called_back(writer, said, now, self._bench.tell))
        if not known:
            raise LookupError(f"no step {said.seq} of an action {said.action} at {said.gateway}")

    async def _posted(self, body: bytes, message_id: str) -> None:
        change = posted_change(body, message_id, self._clock.now())
        await self._desk.write(lambda writer: writer.changes.add([change]))

    async def _beat(self, now: float) -> None:
        pid, host, started_at = os.getpid(), socket.gethostname(), self._started_at
        await self._desk.write(lambda writer: writer.beat(pid, host, __version__, started_at, int(now)))

    async def _evaluate(self, now: float) -> None:
        await self._desk.write(lambda writer: self._watch.judge(writer, now))

    def _told(self) -> None:
        """From the writer's thread: there may be messages to deliver."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._dispatcher.kick)
            self._loop.call_soon_threadsafe(self._executor.kick)

    async def _proving(self) -> None:
        """Looks by itself whether the ledger still reads as this agent wrote it, and tells where not."""
        with open_reader(self._settings.ledger_path) as reader:
            prover, told = Prover(reader), kept_finding(reader)
            while True:
                found = await asyncio.to_thread(prover.look)
                if found is not None and found != told:
                    told = found
                    await self._desk.write(
                        partial(tell, settings=self._settings, found=found, now=int(self._clock.now()))
                    )
                    self._told()
                await asyncio.sleep(PROVE_S)

    async def _watching(self) -> None:
        """Looks at what others have committed, or this agent itself, a moment after they did."""
        seen, left = -1, False
        with open_reader(self._settings.ledger_path) as reader:
            while True:
                version = reader.data_version()
                if version != seen or (left and not self._watch.resting):
                    seen = version
                    self._conductor.kick()
                    left = await self._desk.write(lambda writer: self._watch.look(writer, self._clock.now()))
                await asyncio.sleep(LOOK_S)


async def _keep_going(name: str, loop: Loop) -> None:
    """Begins a loop again after a failure, so that one never ends the others."""
    while True:
        try:
            await loop()
        except Exception:  # noqa: BLE001 - whatever it was, the other loops go on
            _log.exception("%s failed; it goes on in %.0f s", name, _LOOP_RETRY_S)
        await asyncio.sleep(_LOOP_RETRY_S)


async def _told_to_stop(stop: threading.Event | None) -> None:
    told = asyncio.Event()
    with _signals(told):
        if stop is None:
            await told.wait()
            return
        while not (stop.is_set() or told.is_set()):
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), _STOP_LOOK_S)


@contextmanager
def _signals(told: asyncio.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
