"""Warnings that anybody outside can cause at will: seldom enough that they push nothing out of the log."""

from __future__ import annotations

import asyncio
import logging

_EVERY_S = 60.0


class Seldom:
    """Writes a warning at once, and what is like it as one line a while later that counts it."""

    def __init__(self, log: logging.Logger, every_s: float = _EVERY_S) -> None:
        self._log = log
        self._every_s = every_s
        self._counts: dict[str, int] = {}  # by warning: how often since it was last written

    def warn(self, text: str) -> None:
        """Says it now, or counts it. Needs a running loop."""
        if text in self._counts:
            self._counts[text] += 1
            return
        self._log.warning("%s", text)
        self._wait(text)

    def _wait(self, text: str) -> None:
        self._counts[text] = 0
        asyncio.get_running_loop().call_later(self._every_s, self._count, text)

    def _count(self, text: str) -> None:
        count = self._counts.pop(text)
        if count:
            self._log.warning("%s; %d more in the last %.0f s", text, count, self._every_s)
            self._wait(text)
