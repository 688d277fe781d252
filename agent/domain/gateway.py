"""Gateways: what stands between callers and models, what it can be told, and what it holds for a target."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

Fields = Mapping[str, Any]
"""What a gateway holds for a target, by the gateway's own names; JSON without floats."""


def amount_of(value: object) -> Decimal | None:
    """A field that is a number, or None: a period is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


class LimitUnit(enum.StrEnum):
    """What a limit counts."""

    RPS = "rps"  # requests a second
    RPM = "rpm"  # requests a minute
    TPM = "tpm"  # tokens a minute
    PARALLEL = "parallel"  # requests at once


@dataclass(frozen=True, slots=True)
class Limit:
    """So much and no more."""

    amount: int
    unit: LimitUnit

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("a limit is zero or more")

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.value}"

    @classmethod
    def parse(cls, text: str) -> Limit:
        """`10 rps` or `60rpm`; raises `ValueError` saying how to write one."""
        amount = text.strip().rstrip("abcdefghijklmnopqrstuvwxyz ")
        unit = text.strip()[len(amount) :].strip()
        if not amount.isdecimal() or len(amount) > 12 or unit not in tuple(LimitUnit):
            raise ValueError(f"{text or 'nothing'} is none such as 10 rps, 60 rpm, 5000 tpm or 4 parallel")
        return cls(int(amount), LimitUnit(unit))

    @property
    def per_minute(self) -> int | None:
        """Requests a minute that it lets pass at most; None where it does not count requests by time."""
        return {LimitUnit.RPS: self.amount * 60, LimitUnit.RPM: self.amount}.get(self.unit)


class TargetKind(enum.StrEnum):
    """What a gateway can be told something about."""

    KEY = "key"
    KEY_SCOPES = "key_scopes"  # id: project and key with a slash between
    TEAM = "team"
    PROJECT = "project"
    PROJECT_MODEL = "project_model"  # id: project and model with a slash between
    ORGANIZATION = "organization"
    ALLOCATION = "allocation"  # of burndeck itself


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing at one gateway that can be changed."""

    gateway: str  # name in [[gateways]]
    kind: TargetKind
    id: str

    def __str__(self) -> str:
        return f"{self.gateway}/{self.kind.value}/{self.id}"


@dataclass(frozen=True, slots=True)
class TargetState:
    """What a gateway held for a target when it was read. `version` moves with every change by anybody."""

    target: Target
    fields: Fields
    version: str = ""
    saved: Fields = field(default_factory=dict)  # what it will hold after its next start, where that differs
    gone: bool = False  # it was deleted there: only an action that deletes has anything to do with it
    late: bool = False  # what was set lately may not be told yet
    told_at: int | None = None  # when it came to be so, as far as that is told
    unseen: bool = False  # what somebody else has set since we did would not be told
    assumed: bool = (
        False  # the gateway does not tell: it is what settings say, which what was known overrides
    )


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key that a gateway lets in. `api_key` is what usage calls it."""

    id: str
    api_key: str
    name: str = ""
    team: str = ""
    project: str = ""
    environment: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    created_at: int | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that a gateway serves, as it said at one time."""

    keys: Sequence[GatewayKey] = ()
    states: Sequence[TargetState] = ()
    untold: bool = False  # it does not tell what others do to keys


@dataclass(frozen=True, slots=True)
class Offer:
    """How a gateway does one kind of action."""

    units: tuple[LimitUnit, ...] = ()  # of limits; others it does not know
    effect_s: int = 1  # how long until it bites
    reversible: bool = True
    holds_batches: bool = True  # else batch traffic goes on as before
    missed: str = ""  # what helps where it can do nothing for some keys
    note: str = ""  # what a person should know of it: "a fixed window of a minute, not smoothed"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What became of a target's calls since a change, by the gateway's own log."""

    refused: int = 0  # by the limit or block that was set
    passed: int = 0
    first_refused_at: float | None = None
    asked_at: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """What a gateway says about one step of an action."""

    gateway: str
    action: int
    seq: int
    key: str  # the idempotency key that it was sent: `idempotency_key` of the fields that were set
    ok: bool
    text: str = ""
