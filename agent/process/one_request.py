"""Connections for strangers: one request each, whose head comes soon, and never too many at once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
MOST_OPEN = 256


class OneRequest(H11Protocol):
    """Ends a connection that has sent no whole head of a request in time.

    Where too many are open the oldest ends: that a request takes longer than so many others is unlikely,
    and nobody keeps others out by holding connections. The server has to answer with `Connection: close`.
    """

    head_within_s = HEAD_WITHIN_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.began = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection in."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.head_within_s, self._late)
        if len(self.connections) > MOST_OPEN:
            ours = [each for each in self.connections if isinstance(each, OneRequest)]
            min(ours, key=lambda each: each.began).end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def end(self) -> None:
        """Ends it at once."""
        self.connections.discard(self)
        self.transport.abort()

    def _late(self) -> None:
        if self.cycle is None:
            self.end()
