"""What the engine works with: the ledger's writer on its own thread, the clock, and links to gateways."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent.control.gateways.base import GatewayError, Link, open_link
from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.control.occasion import Tell
    from agent.domain.gateway import Target
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings
    from agent.settings_gateways import Gateway

T = TypeVar("T")

_BROKEN = frozenset({0, 401, 403})  # no answer, or none to this secret
_LONGEST_REST_S = 900.0  # what was set has to be undone one day, whatever a gateway asks for


class Desk(Protocol):
    """Where writing happens."""

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        """Runs `task` with the writer, on the one thread that may use it."""
        ...


@dataclass
class _Line:
    """A connection and how many speak on it."""

    link: Link
    speaking: int = 0
    dropped: bool = False


@dataclass
class Bench:
    """Everything that the engine's parts share. Links are opened when they are first needed."""

    settings: Settings
    desk: Desk
    clock: Clock
    tell: Tell
    opening: Callable[[Settings, Gateway], Link] = open_link
    monotonic: Callable[[], float] = time.monotonic
    _lines: dict[str, _Line] = field(default_factory=dict)
    _opening: dict[str, asyncio.Lock] = field(default_factory=dict)
    _resting: dict[str, float] = field(default_factory=dict)  # until when a gateway wants to be left alone
    _turns: dict[Target, asyncio.Lock] = field(default_factory=dict)
    _touched: dict[Target, float] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def line(self, gateway: str) -> AsyncIterator[Link]:
        """The connection to a gateway. Raises `GatewayError` where it cannot be spoken to at all.

        One that is dropped meanwhile stays open until the last who speaks on it has finished.
        """
        self._rested(gateway)
        line = await self._line(gateway)
        line.speaking += 1
        try:
            yield line.link
        except GatewayError as error:
            await self._failed(gateway, line, error)
            raise
        finally:
            line.speaking -= 1
            if line.dropped and not line.speaking:
                await line.link.close()

    async def _line(self, gateway: str) -> _Line:
        async with self._opening.setdefault(gateway, asyncio.Lock()):
            if gateway not in self._lines:
                # In a thread, since a keyring may wait for a person to unlock it.
                self._lines[gateway] = _Line(await asyncio.to_thread(self._opened, gateway))
            return self._lines[gateway]

    def _rested(self, gateway: str) -> None:
        """Raises `GatewayError` while a gateway has asked to be left alone, whoever it has told so."""
        wait = self._resting.get(gateway, 0.0) - self.monotonic()
        if wait > 0:
            raise GatewayError(
                f"{gateway} is not asked: after too many requests it wants {wait:.0f} s of rest",
                hint="Nothing to do: it is asked again afterwards.",
            )

    async def _failed(self, gateway: str, line: _Line, error: GatewayError) -> None:
        """Another connection, with the secret as it is then, helps against some failures only."""
        cause = error.__cause__
        status = getattr(cause, "status", 0)
        if status == 429:
            rest = min(getattr(cause, "retry_after", None) or 0.0, _LONGEST_REST_S)
            self._resting[gateway] = max(self._resting.get(gateway, 0.0), self.monotonic() + rest)
        if status in _BROKEN and self._lines.get(gateway) is line:
            await self.drop(gateway)

    def _opened(self, gateway: str) -> Link:
        table = self.settings.gateway(gateway)
        if table is None:
            raise GatewayError(
                f"burndeck.toml knows no gateway {gateway!r}",
                hint="Add its [[gateways]] table again until what was set there is undone.",
            )
        try:
            return self.opening(self.settings, table)
        except GatewayError:
            raise
        except BurndeckError as error:
            raise GatewayError(error.message, hint=error.hint) from error

    def turn(self, target: Target) -> asyncio.Lock:
        """Whoever changes a target has it alone from the reading to the reading again."""
        return self._turns.setdefault(target, asyncio.Lock())

    def touch(self, target: Target) -> None:
        """A target may have been changed just now."""
        self._touched[target] = self.monotonic()

    def touched_since(self, target: Target, instant: float) -> bool:
        """Whether what was read of a target, from an instant of `monotonic` on, may be older than it is."""
        turn = self._turns.get(target)
        return self._touched.get(target, -1.0) >= instant or (turn is not None and turn.locked())

    async def drop(self, gateway: str) -> None:
        """Forgets a connection, so that the next use opens another one, with the secret as it is then."""
        line = self._lines.pop(gateway, None)
        if line is not None:
            line.dropped = True
            if not line.speaking:
                await line.link.close()

    async def close(self) -> None:
        """Lets go of all connections."""
        for gateway in list(self._lines):
            await self.drop(gateway)
