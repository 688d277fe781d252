"""What every gateway is to the agent: a dialect that plans without a connection, and a link that speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.gateway import Fields, GatewayKey, Inventory, Offer, Target, TargetState, Traffic
from agent.errors import BurndeckError, SourceError

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings_gateways import Gateway as GatewayTable


class GatewayError(SourceError):
    """A gateway could not be asked or told.

    `refused`: it said no, so trying again changes nothing. Otherwise nobody knows whether it was done.
    """

    def __init__(self, message: str, *, hint: str = "", refused: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.refused = refused


class GoneError(GatewayError):
    """The target does not exist there (any more)."""


class UnsupportedError(BurndeckError):
    """The gateway cannot do that; the hint names the nearest thing that it can."""


_VERBS = {
    ActionKind.THROTTLE: "throttle",
    ActionKind.BLOCK: "block",
    ActionKind.MODELS: "take models from",
    ActionKind.TOOLS: "take hosted tools from",
    ActionKind.CAP: "cap",
    ActionKind.REVOKE: "delete",
}


def cannot(gateway: str, spec: ActionSpec, offers: Mapping[ActionKind, Offer]) -> UnsupportedError:
    """That a gateway has nothing of this kind, in the words of what was asked for, and what it has.

    `edge cannot take models from a key. It can throttle or block it.`
    """
    kind = spec.scope.kind.value.replace("_", " ").removeprefix("api ")
    what = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    deed = _VERBS.get(spec.kind, spec.kind.value.replace("_", " "))
    if spec.kind is ActionKind.REVOKE and spec.scope.kind is not ScopeKind.API_KEY:
        deed += " keys of"
    *first, last = [_VERBS[each] for each, offer in offers.items() if offer.reversible]
    nearest = f"{', '.join(first)} or {last}" if first else last
    return UnsupportedError(f"{gateway} cannot {deed} {what}", hint=f"It can {nearest} it.")


@dataclass(frozen=True, slots=True)
class Hit:
    """What a plan may choose targets from: the keys that an action is to hit, and all that is known there."""

    scope: Scope
    keys: Sequence[GatewayKey]  # of this gateway, that the action is to hit
    others: Sequence[GatewayKey]  # of this gateway, that it is not to hit
    known: Mapping[Target, TargetState]  # as last read by the agent


class Dialect(Protocol):
    """What a kind of gateway can do, without talking to it: pure, so that a console can plan too."""

    offers: Mapping[ActionKind, Offer]
    """The kinds of action that it can do."""

    def targets(self, gateway: GatewayTable, spec: ActionSpec, hit: Hit) -> Sequence[Target]:
        """What is to be changed so that all of `hit.keys` are reached, and nothing more than is needed.

        Raises `UnsupportedError`.
        """
        ...

    def wanted(self, spec: ActionSpec, state: TargetState) -> Fields:
        """The fields to set at a target, by the gateway's own names: each overwrites, none adds up.

        Raises `UnsupportedError` with the nearest thing in the hint: another unit, another target.
        """
        ...

    def words(self, fields: Fields) -> str:
        """What a target with these fields is held to, for people: `60 rpm`, `blocked`, `no limit`."""
        ...

    def reaches(self, target: Target, key: GatewayKey) -> bool:
        """Whether a change at the target bears on the key's calls."""
        ...


class Link(Protocol):
    """A connection to one gateway, used by the agent alone. Everything raises `GatewayError`."""

    async def inventory(self) -> Inventory:
        """Keys that it serves, and what it holds for every target that could be changed."""
        ...

    async def read(self, target: Target) -> TargetState:
        """What it holds for a target now. Raises `GoneError` when there is no such target."""
        ...

    async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
        """Sets fields of a target; doing it twice is doing it once.

        `action` and `seq` are the same at every attempt, for a gateway that must tell them apart. Done when
        the gateway has accepted it; whether traffic shows it is `traffic`'s to say.
        """
        ...

    async def traffic(self, target: Target, fields: Fields, since: float, now: float) -> Traffic | None:
        """What became of the target's calls from `since` (epoch seconds) on; None: it cannot say."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


_KINDS = {
    "openai": "agent.control.gateways.openai",
    "litellm": "agent.control.gateways.litellm",
    "haproxy": "agent.control.gateways.haproxy",
    "webhook": "agent.control.gateways.webhook",
}
"""Kind in `[[gateways]]` -> its module or package, which has `DIALECT` and `open_link(settings, gateway)`."""


def dialect_of(kind: str, usd_per_credit: Decimal | None = None) -> Dialect:
    """The dialect of a kind of gateway; loads no HTTP client.

    A gateway that counts dollars plans a cap only where it is told what a credit of the scope costs: its
    module has a function `priced` for that.
    """
    module = import_module(_KINDS[kind])
    priced = getattr(module, "priced", None)
    dialect: Dialect = module.DIALECT if priced is None or usd_per_credit is None else priced(usd_per_credit)
    return dialect


def open_link(settings: Settings, gateway: GatewayTable) -> Link:
    """A connection to a configured gateway. Raises `ConfigError` when its secret is missing."""
    link: Link = import_module(_KINDS[gateway.kind]).open_link(settings, gateway)
    return link
