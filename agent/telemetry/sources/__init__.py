"""Where usage comes from: one package or file a source, registered here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.provider_http import RetryPolicy
    from agent.settings import Settings
    from agent.settings_schema import Source as SourceSettings
    from agent.telemetry.pages import Tally
    from agent.telemetry.schedule import Schedule

T = TypeVar("T")


class LocalError(SourceError):
    """Something on this machine is missing; it may be there any moment, and looking again costs nothing."""


class Desk(Protocol):
    """Where writing happens: a source hands over what to do with the ledger's writer and awaits it."""

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        """Runs `task` with the writer, on the one thread that may use it."""
        ...


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that a source does again and again."""

    name: str
    schedule: Schedule
    run: Callable[[float], Awaitable[None]]  # now -> reads what is new
    backlog: Callable[
        [float], Awaitable[bool]
    ]  # now -> reads one more piece of the past; False: none is left


class Source(Protocol):
    """A provider account that is read by duties, in their order; of the past, the last duty's comes first."""

    name: str
    kind: str
    account: str
    duties: tuple[Duty, ...]
    tallies: Mapping[str, Tally]  # endpoint -> what it was asked for and gave since the source was opened

    @property
    def covered_to(self) -> int | None:
        """End of the newest usage in the ledger."""
        ...

    @property
    def notes(self) -> list[str]:
        """What is worth a person's eye although reading goes on, such as an endpoint set aside."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a source is made of."""

    settings: Settings
    source: SourceSettings
    desk: Desk
    policy: RetryPolicy


_KINDS = {
    "haproxy": "agent.telemetry.sources.haproxy.source:open_source",
    "openai": "agent.telemetry.sources.openai.source:open_source",
    "litellm": "agent.telemetry.sources.litellm.source:open_source",
}
"""Kind in `[[sources]]` -> the function that opens such a source."""


async def open_source(context: SourceContext) -> Source:
    """Opens the source that `[[sources]]` describes; raises `ConfigError` for a kind we do not know."""
    target = _KINDS.get(context.source.kind)
    if target is None:
        raise ConfigError(
            f"no source of kind {context.source.kind!r}", hint=f"Known kinds: {', '.join(sorted(_KINDS))}."
        )
    module, _, function = target.partition(":")
    source: Source = await getattr(import_module(module), function)(context)
    return source
