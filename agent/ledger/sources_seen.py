"""Where usage comes from, as the ledger knows it: sources, accounts, and what each layer says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agent.domain.usage import Layer
from agent.ledger.history_store import Read


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


class SourceStore:
    """Reads of sources, accounts and layers."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def sources(self) -> list[SourceSeen]:
        """Every source that reports, and how it stands."""
        return [SourceSeen(*row) for row in self._all("rule_sources")]

    def accounts(self) -> list[Account]:
        """Every account that usage came from."""
        return [Account(*row) for row in self._all("rule_accounts")]

    def layer_hours(self, account: int, layer: Layer, start: int) -> list[int]:
        """The hours since `start` in which a layer alone knows of usage of an account (dim id)."""
        rows = self._all("rule_layer_hours", account=account, layer=int(layer), start=start)
        return [hour for (hour,) in rows]

    def layer_days(self, start: int, end: int) -> list[LayerDay]:
        """What each layer alone says by account and UTC day."""
        return [LayerDay(*row) for row in self._all("rule_layer_days", start=start, end=end)]

    def covers(self, account: int, layer: Layer, start: int, end: int) -> bool:
        """Whether a layer covers all of a stretch of an account."""
        rows = self._all("rule_covered", start=start, end=end)
        return any((row[0], row[1]) == (account, layer) for row in rows)

    def metered_seconds(self, account: str, start: int, end: int) -> int:
        """How much of a stretch the provider's usage was read for."""
        ((seconds,),) = self._all("metered_seconds", account=account, start=start, end=end)
        return int(seconds or 0)

    def _all(self, name: str, **bound: object) -> list[tuple[Any, ...]]:
        texts = {key: json.dumps(value) if isinstance(value, list) else value for key, value in bound.items()}
        return [tuple(row) for row in self._read(name, texts)]
