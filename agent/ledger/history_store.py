"""The past as suggestions and the replay of rules read it, through a reader or on the writer's connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.domain.allocation import Scope, ScopeKind
from agent.domain.usage import Meter
from agent.ledger.kinds import SCOPE_KINDS, Kind

Read = Callable[[str, Mapping[str, object]], Sequence[Any]]
"""Runs a named query and gives its rows."""

_DAY_S = 86_400
_SLICE_S = 600
_SLICE_EVERY_S = 25 * 3_600  # so that a month of slices falls on every hour of the day
_MOST_CONTEXTS = 100
_BY_TEAM = (Kind.TEAM, Kind.BILLING_GROUP, Kind.DEPARTMENT)
_COUNTS = 5  # requests, input, cached and output tokens, nano-credits

Sums = list[int]


@dataclass(frozen=True, slots=True)
class ModelSums:
    """What a scope did with one model. Tokens of input include the cached ones."""

    model: str
    embedding: bool  # it is used for nothing else
    batched: bool  # at no other tier
    requests: int
    tokens_input: int
    tokens_cached: int
    tokens_output: int
    credits_nano: int


@dataclass(frozen=True, slots=True)
class ListedRate:
    """Nano-credits per million tokens at the standard tier; None where the card has no such meter."""

    input: int | None
    cached: int | None
    output: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """One place in the organization where somebody has burnt; names are empty where nobody knows."""

    billing_group: str
    department: str
    team: str
    project: str
    api_key: str
    environment: str

    def value(self, kind: ScopeKind) -> str:
        """The name of a level."""
        return "" if kind is ScopeKind.ORGANIZATION else str(getattr(self, kind.value))

    def within(self, scope: Scope) -> bool:
        """Whether it lies in a scope."""
        return self.value(scope.kind) == scope.value


@dataclass(frozen=True, slots=True)
class Extent:
    """How much was burnt over some weeks."""

    first_hour: int | None  # None: nothing
    busiest_hour_nano: int
    whole_nano: int


class HistoryStore:
    """Reads of the past. `HistoryStore(reader.rows)` serves a command, `writer.history` the agent."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def models(self, scope: Scope, at: int, days: int = 30) -> list[ModelSums]:
        """What a scope did with each model over `days` whole UTC days up to that of `at`, which is not over.

        The sums over all models are those of the scope exactly. Rollups know models by team only, so within
        a billing group or department models are shared out as its teams use them, within a project or key as
        a sample of its minutes does.
        """
        kind = SCOPE_KINDS[scope.kind]
        today = at // _DAY_S * _DAY_S
        listed = list(range(today - (days - 1) * _DAY_S, today + 1, _DAY_S))
        if scope.kind is ScopeKind.ORGANIZATION:
            return self._named(self._sums("history_models", days=listed))
        ident = self._id(kind, scope.value)
        if ident is None:
            return []
        bound = {"kind": int(kind), "id": ident}
        contexts = self._all("history_contexts", **bound)
        if kind in _BY_TEAM:
            teams = [ident] if kind is Kind.TEAM else sorted({team for _, team in contexts})
            shares = self._sums("history_team_models", days=listed, teams=teams)
        else:
            shares = self._sampled([context for context, _ in contexts], listed[0], at)
        (whole,) = self._all("history_sums", days=listed, **bound)
        return self._named(_scaled(shares, whole))

    def burnt(self, scope: Scope, days: Sequence[int]) -> int:
        """Nano-credits of a scope over whole UTC days."""
        kind = SCOPE_KINDS[scope.kind]
        ident = 0 if scope.kind is ScopeKind.ORGANIZATION else self._id(kind, scope.value)
        if ident is None:
            return 0
        ((*_, nano),) = self._all("history_sums", days=list(days), kind=int(kind), id=ident)
        return int(nano)

    def places(self) -> list[Place]:
        """Every place in the organization where anything ever burnt."""
        return [Place(*row) for row in self._all("history_lineage")]

    def extent(self, start: int, end: int) -> Extent:
        """How much the organization burnt in `[start, end)`."""
        ((first, busiest, whole),) = self._all("history_busiest_hour", start=start, end=end)
        return Extent(first, busiest, whole)

    def newest_hour(self, before: int) -> int | None:
        """The last hour before an instant in which the organization burnt anything; None without one."""
        ((hour,),) = self._all("history_newest_hour", before=before)
        return None if hour is None else int(hour)

    def rates(self, at: int) -> dict[str, ListedRate]:
        """The rates in force at an instant, by model."""
        newest: dict[str, tuple[int, dict[str, int]]] = {}
        for model, since, meter, rate in self._all("history_rates", at=at):
            if model not in newest or newest[model][0] != since:
                newest[model] = (since, {})
            newest[model][1][meter] = rate
        return {
            model: ListedRate(
                rates.get(Meter.TOKENS_INPUT),
                rates.get(Meter.TOKENS_INPUT_CACHED),
                rates.get(Meter.TOKENS_OUTPUT),
            )
            for model, (_, rates) in newest.items()
        }

    def _sampled(self, contexts: list[int], start: int, at: int) -> dict[int, Sums]:
        """Sums by model over a slice of every 25th hour."""
        slices = list(range(start, at, _SLICE_EVERY_S))
        bound = {"contexts": contexts[:_MOST_CONTEXTS], "slice": _SLICE_S}
        starts = [first + second for first in slices for second in range(0, _SLICE_S, 60)]
        sums = self._sums("history_sample_buckets", starts=starts, **bound)
        for model, counts in self._sums("history_sample_events", slices=slices, **bound).items():
            known = sums.setdefault(model, [0] * _COUNTS)
            sums[model] = [one + other for one, other in zip(known, counts, strict=True)]
        return sums

    def _named(self, sums: Mapping[int, Sums]) -> list[ModelSums]:
        services = {row[0]: row[1:] for row in self._all("history_services")}
        return [
            ModelSums(name, bool(embedding), bool(batched), *counts)
            for model, counts in sums.items()
            for name, embedding, batched in [services[model]]
        ]

    def _id(self, kind: Kind, value: str) -> int | None:
        rows = self._all("history_scope_id", kind=int(kind), value=value)
        return rows[0][0] if rows else None

    def _sums(self, name: str, **bound: object) -> dict[int, Sums]:
        return {model: counts for model, *counts in self._all(name, **bound)}

    def _all(self, name: str, **bound: object) -> list[tuple[Any, ...]]:
        texts = {key: json.dumps(value) if isinstance(value, list) else value for key, value in bound.items()}
        return [tuple(row) for row in self._read(name, texts)]


def _scaled(shares: Mapping[int, Sums], whole: Iterable[int]) -> dict[int, Sums]:
    """Sums by model in the proportions of `shares`, each column; the largest takes what division leaves."""
    found = {model: [0] * _COUNTS for model in shares}
    for column, amount in enumerate(whole):
        parts = {model: counts[column] for model, counts in shares.items()}
        known = sum(parts.values())
        if known <= 0:
            continue
        left = amount
        for model, part in parts.items():
            found[model][column] = amount * part // known
            left -= found[model][column]
        largest = max(parts, key=parts.__getitem__)
        found[largest][column] += left
    return found
