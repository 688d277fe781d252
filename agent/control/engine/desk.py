"""What the engine works with: the ledger's writer on its own thread, the clock, and links to gateways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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

T = TypeVar("T")


class Desk(Protocol):
    """Where writing happens."""

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        """Runs `task` with the writer, on the one thread that may use it."""
        ...


@dataclass
class Bench:
    """Everything that the engine's parts share. Links are opened when they are first needed."""

    settings: Settings
    desk: Desk
    clock: Clock
    tell: Tell
    _links: dict[str, Link] = field(default_factory=dict)
    _turns: dict[Target, asyncio.Lock] = field(default_factory=dict)

    def link(self, gateway: str) -> Link:
        """The connection to a gateway. Raises `GatewayError` where it cannot be spoken to at all."""
        if gateway not in self._links:
            table = self.settings.gateway(gateway)
            if table is None:
                raise GatewayError(
                    f"burndeck.toml knows no gateway {gateway!r}",
                    hint="Add its [[gateways]] table again until what was set there is undone.",
                )
            try:
                self._links[gateway] = open_link(self.settings, table)
            except GatewayError:
                raise
            except BurndeckError as error:
                raise GatewayError(error.message, hint=error.hint) from error
        return self._links[gateway]

    def turn(self, target: Target) -> asyncio.Lock:
        """Whoever changes a target has it alone from the reading to the reading again."""
        return self._turns.setdefault(target, asyncio.Lock())

    async def drop(self, gateway: str) -> None:
        """Forgets a connection, so that the next use opens another one, with the secret as it is then."""
        link = self._links.pop(gateway, None)
        if link is not None:
            await link.close()

    async def close(self) -> None:
        """Lets go of all connections."""
        for gateway in list(self._links):
            await self.drop(gateway)
