"""The engine in a process of its own, as often as somebody asks for it: each life can be killed alone.

Reads a line for each life (the ledger's time); answers with the process id, and once it has ended with `done`
or `killed`. Everything is imported before, so that a life costs milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.clock import ManualClock
from agent.control.engine import Bench, Executor
from agent.control.gateways.litellm import link  # noqa: F401 - not in every life anew
from agent.control.occasion import nobody
from agent.http import httpx
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_gateways import Gateway

T = TypeVar("T")


class Desk:
    """The ledger's writer on the one thread that there is."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        return task(self._writer)


def settings_of(ledger: Path, url: str) -> Settings:
    """One gateway, as the test's server speaks."""
    return Settings(ledger_path=ledger, own_gateways=(Gateway(kind="litellm", name="gate", base_url=url),))


def live(settings: Settings, now: int) -> None:
    """Does all there is to do at one time."""
    with open_writer(settings.ledger_path) as writer:

        async def run() -> None:
            bench = Bench(settings, Desk(writer), ManualClock(now), nobody)
            await Executor(bench).settle()
            await bench.close()

        asyncio.run(run())


def main(ledger: str, url: str) -> None:
    """One life a line, until there are no more."""
    settings = settings_of(Path(ledger), url)
    httpx.Client().close()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                live(settings, int(line))
            finally:
                os._exit(0 if sys.exc_info()[0] is None else 1)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print({0: "done", 9: "killed"}.get(status, f"failed {status}"), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
