"""Where usage comes from, as the ledger knows it: sources, accounts, what each layer says. Shapes only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A source as its last status left it. Times are UTC epoch seconds."""

    source: str
    account: str
    state: str  # ok | waiting | failed | stopped
    message: str
    hint: str
    covered_to: int | None
    last_ok: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """A provider account; metered as far as `covered_to`, or seen by events alone (None)."""

    id: int  # dim id
    name: str
    covered_to: int | None


@dataclass(frozen=True, slots=True)
class LayerDay:
    """What one layer alone says of an account and UTC day."""

    account: int  # dim id
    layer: int
    day: int
    requests: int
    credits_nano: int
