"""The agent's part of runs in a process of its own, life after life: each of them can die alone.

Reads a JSON line for each life: the ledger's time, and the statement before which it dies (or none).
Answers how it ended, `done` or `killed`. Everything is imported before: a life costs milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from agent.clock import ManualClock
from agent.control.engine import Bench, Executor
from agent.control.gateways.litellm import link  # noqa: F401 - not in every life anew
from agent.http import httpx
from agent.ledger import open_reader, open_writer
from agent.ledger.writer import LedgerWriter
from agent.process.acting import Told
from agent.process.watch import Watch
from agent.runbooks.library import library
from agent.runbooks.machine import keep, look
from agent.settings import Settings, load_settings
from tests.e2e.acting_once import Desk


def arm(writer: LedgerWriter, strike: int) -> None:
    """Dies as by `kill -9` before the statement of this number."""
    left = strike

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    writer._conn.set_trace_callback(count)


def live(settings: Settings, now: int, strike: int | None) -> None:
    """Does all there is to do at one time: hears people, takes runs on, carries actions out."""
    with open_writer(settings.ledger_path) as writer:
        if strike is not None:
            arm(writer, strike)
        asyncio.run(rounds(settings, writer, now))


async def rounds(settings: Settings, writer: LedgerWriter, now: int) -> None:
    """Until nothing is left to be done."""
    bench = Bench(settings, Desk(writer), ManualClock(now), Told(settings))
    watch = Watch(settings, lambda: None)
    for _ in range(3):
        watch.look(writer, now)
        with open_reader(settings.ledger_path) as reader:
            while sum(keep(writer, settings, found, now) for found in look(reader, settings, now)):
                pass
        await Executor(bench).settle()
    await bench.close()


def main(config: str) -> None:
    """One life a line, until there are no more."""
    settings = load_settings(Path(config))
    library(settings)
    httpx.Client().close()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            try:
                live(settings, order["now"], order["strike"])
            finally:
                os._exit(0 if sys.exc_info()[0] is None else 1)
        _, status = os.waitpid(child, 0)
        print({0: "done", 9: "killed"}.get(status, f"failed {status}"), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
