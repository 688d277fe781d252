"""Warnings that anybody can cause: told at once, then counted."""

from __future__ import annotations

import asyncio
import logging

from agent.process.seldom import Seldom


class Lines(logging.Handler):
    """What is written, and an event once there are so many lines."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self.said: list[str] = []
        self.there = asyncio.Event()
        self._enough = enough

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        if len(self.said) >= self._enough:
            self.there.set()


def test_what_is_alike_is_counted_and_what_is_not_is_told() -> None:
    async def run() -> list[str]:
        log, lines = logging.Logger("alone"), Lines(3)
        log.addHandler(lines)
        seldom = Seldom(log, every_s=0.01)
        for _ in range(1_000):
            seldom.warn("knock")
        seldom.warn("another")
        await asyncio.wait_for(lines.there.wait(), 10)
        return lines.said

    assert asyncio.run(run()) == ["knock", "another", "knock; 999 more in the last 0 s"]
