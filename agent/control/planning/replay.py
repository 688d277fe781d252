"""What a throttle would have done to calls that are known, call by call, as each gateway counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from agent.control.gateways.base import dialect_of
from agent.control.planning import windows
from agent.control.planning.calls import Refusals
from agent.control.planning.keys import PlannedKey, keys_in, keys_of
from agent.control.planning.past_calls import Ints, PastCalls, past_calls, slices
from agent.domain.gateway import Limit, LimitUnit, TargetKind
from agent.domain.model_name import listed_name
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.control.planning.plan import Plan
    from agent.domain.action import ActionSpec, Step
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class KeyReplay:
    """What would have become of one key's calls. Amounts are nano-credits."""

    api_key: str
    name: str
    team: str
    production: bool
    calls: int
    refused: int
    nano: int
    saved_nano: int
    worst_minute: int | None  # in which most were refused; None: none were
    worst_refused: int

    @property
    def share(self) -> Decimal:
        """The refused share of the calls, 0 to 1."""
        return _share(self.refused, self.calls)


@dataclass(frozen=True, slots=True)
class Replay:
    """What a throttle would have done in [start, end), the key with most refusals first."""

    start: int
    end: int
    keys: tuple[KeyReplay, ...]
    seen: int  # calls of the whole stretch whose second is known
    spread: int  # calls that were spread evenly over the minute or hour that they are known of
    worst_minute: int | None
    worst_refused: int
    ways: tuple[str, ...]  # how calls were counted
    notes: tuple[str, ...]

    @property
    def calls(self) -> int:
        return sum(key.calls for key in self.keys)

    @property
    def refused(self) -> int:
        return sum(key.refused for key in self.keys)

    @property
    def saved_nano(self) -> int:
        return sum(key.saved_nano for key in self.keys)

    @property
    def share(self) -> Decimal:
        """The refused share of the calls, 0 to 1."""
        return _share(self.refused, self.calls)

    @property
    def production_share(self) -> Decimal:
        """The share of production in the refused calls, 0 to 1."""
        return _share(sum(key.refused for key in self.keys if key.production), self.refused)


@dataclass(frozen=True, slots=True)
class _Limiter:
    """What counts together: calls of these keys to these models."""

    kind: str  # of the gateway; empty where none is known
    keys: frozenset[str]
    models: frozenset[str] | None  # None: all
    each_model: bool = False  # for itself
    batches: bool = True  # whether it holds them


@dataclass(frozen=True, slots=True)
class Tried:
    """Calls, which of them a limit holds at all, and which pass."""

    calls: PastCalls
    held: windows.Passed
    passed: windows.Passed
    limiters: Sequence[_Limiter]

    def refusals(self, start: int, end: int) -> Refusals:
        """What would have been refused in [start, end)."""
        times = self.calls.times
        mine = self.held & (times >= start * 1000) & (times < end * 1000)
        gone = mine & ~self.passed
        nano = self.calls.nano
        return Refusals(int(mine.sum()), int(gone.sum()), int(nano[mine].sum()), int(nano[gone].sum()))


def replay(
    books: Books, settings: Settings, spec: ActionSpec, start: int, end: int, made: Plan | None = None
) -> Replay:
    """Tries a throttle on the calls in [start, end).

    With the plan of the throttle each target counts as its gateway does; without one every key of the scope
    has the limit for itself. Limits that hold already are not counted.
    """
    assert spec.limit is not None
    found_out = tried(books, settings, spec, start, end, made)
    calls, held, passed = found_out.calls, found_out.held, found_out.passed
    by_key = {key.api_key: key for key in _planned(books, settings)}
    found = [_of_key(calls, part, held, passed, by_key[calls.keys[key]]) for key, part in slices(calls)]
    minute, most = _worst(calls.times[held & ~passed])
    return Replay(
        start=start,
        end=end,
        keys=tuple(sorted((each for each in found if each.calls), key=lambda each: -each.refused)),
        seen=calls.seen,
        spread=calls.spread,
        worst_minute=minute,
        worst_refused=most,
        ways=tuple(dict.fromkeys(_way(limiter.kind, spec.limit.unit) for limiter in found_out.limiters)),
        notes=tuple(_notes(calls, spec.limit, made)),
    )


def tried(
    books: Books, settings: Settings, spec: ActionSpec, start: int, end: int, made: Plan | None = None
) -> Tried:
    """The same, call by call."""
    assert spec.limit is not None
    if made:
        limiters = _limiters(books, settings, spec, made)
    else:
        asked = keys_in(_planned(books, settings), spec.scope)
        limiters = _each_for_itself(spec, (key for key in asked if not (spec.non_prod and key.production)))
    calls = past_calls(books, frozenset().union(*(each.keys for each in limiters)), start, end)
    return Tried(calls, *_tried(calls, limiters, spec.limit), limiters)


def _planned(books: Books, settings: Settings) -> list[PlannedKey]:
    return keys_of(books, books.actions.gateway_keys(), settings.acting.production)


def _each_for_itself(spec: ActionSpec, keys: Iterable[PlannedKey]) -> list[_Limiter]:
    models = frozenset(spec.models) or None
    return [_Limiter("", frozenset({key.api_key}), models) for key in keys]


def _limiters(books: Books, settings: Settings, spec: ActionSpec, made: Plan) -> list[_Limiter]:
    known = books.actions.gateway_keys()
    kinds = {gateway.name: gateway.kind for gateway in settings.gateways}
    hit = frozenset(key.api_key for key in made.hit)
    found = []
    for step in made.steps:
        kind = kinds[step.target.gateway]
        dialect = dialect_of(kind)
        keys = known.get(step.target.gateway, ())
        reached = frozenset(key.api_key for key in keys if dialect.reaches(step.target, key))
        if kind == "webhook":
            found += [_Limiter("", frozenset({key}), _models(spec, step)) for key in sorted(hit)]
            continue
        each_model = kind == "litellm" and bool(spec.models)
        batches = dialect.offers[spec.kind].holds_batches
        found.append(_Limiter(kind, reached & hit, _models(spec, step), each_model, batches))
    return found


def _models(spec: ActionSpec, step: Step) -> frozenset[str] | None:
    if step.target.kind is TargetKind.PROJECT_MODEL:
        return frozenset({step.target.id.partition("/")[2]})
    return frozenset(spec.models) or None


def _tried(
    calls: PastCalls, limiters: Sequence[_Limiter], limit: Limit
) -> tuple[windows.Passed, windows.Passed]:
    """Which calls a limiter holds at all, and which of them pass. No call counts at two limiters."""
    held, passed = np.zeros(len(calls.times), np.bool_), np.ones(len(calls.times), np.bool_)
    parts = {calls.keys[key]: part for key, part in slices(calls)}
    for limiter in limiters:
        mine = _mine(calls, parts, limiter)
        mine = mine[~held[mine]]
        held[mine] = True
        for some in _each_model(calls, mine) if limiter.each_model else (mine,):
            passed[some] = _passed(calls, some, limiter.kind, limit)
    return held, passed


def _mine(calls: PastCalls, parts: Mapping[str, slice], limiter: _Limiter) -> Ints:
    """Places of a limiter's calls, in the order of time."""
    found = [np.arange(parts[key].start, parts[key].stop) for key in sorted(limiter.keys & parts.keys())]
    mine = np.concatenate(found) if found else np.zeros(0, np.int64)
    if not limiter.batches:
        mine = mine[~calls.batch[mine]]
    if limiter.models is not None:
        wanted = [
            place for place, name in enumerate(calls.models) if listed_name(name, limiter.models) is not None
        ]
        mine = mine[np.isin(calls.model[mine], wanted)]
    return mine if len(found) <= 1 else mine[np.argsort(calls.times[mine], kind="stable")]


def _each_model(calls: PastCalls, mine: Ints) -> Iterable[Ints]:
    return (mine[calls.model[mine] == model] for model in np.unique(calls.model[mine]))


def _passed(calls: PastCalls, mine: Ints, kind: str, limit: Limit) -> windows.Passed:
    times = calls.times[mine]
    if limit.unit is LimitUnit.PARALLEL:
        return windows.at_once(times, np.maximum(calls.latency[mine], 0), limit.amount)
    costs = calls.tokens[mine] if limit.unit is LimitUnit.TPM else None
    amount = limit.amount
    if kind in ("litellm", "openai") and limit.unit is LimitUnit.RPS:
        amount = limit.amount * 60
    if kind == "litellm":
        return windows.opened(times, amount, costs)
    if kind == "openai" or costs is not None:
        return windows.calendar(times, amount, costs)
    return windows.sliding(times, amount, 1000 if limit.unit is LimitUnit.RPS else windows.MINUTE_MS)


def _of_key(
    calls: PastCalls, part: slice, held: windows.Passed, passed: windows.Passed, key: PlannedKey
) -> KeyReplay:
    mine, gone = held[part], held[part] & ~passed[part]
    minute, most = _worst(calls.times[part][gone])
    return KeyReplay(
        api_key=key.api_key,
        name=key.name,
        team=key.team,
        production=key.production,
        calls=int(mine.sum()),
        refused=int(gone.sum()),
        nano=int(calls.nano[part][mine].sum()),
        saved_nano=int(calls.nano[part][gone].sum()),
        worst_minute=minute,
        worst_refused=most,
    )


def _worst(refused: Ints) -> tuple[int | None, int]:
    """The minute with most refused calls, and how many."""
    if not len(refused):
        return None, 0
    minutes, counts = np.unique(refused // windows.MINUTE_MS, return_counts=True)
    place = int(counts.argmax())
    return int(minutes[place]) * 60, int(counts[place])


def _way(kind: str, unit: LimitUnit) -> str:
    """How calls were counted, for people."""
    if unit is LimitUnit.PARALLEL:
        how = "calls that are under way, by how long they took"
    elif kind == "litellm":
        how = "a window of a minute that the first call opens"
    elif kind == "openai":
        how = "every minute of the clock, each project and model for itself"
    elif unit is LimitUnit.TPM:
        how = "every minute of the clock, each key for itself"
    else:
        width = "second" if unit is LimitUnit.RPS else "minute"
        how = f"a sliding {width} by key, in which refused calls do not count"
    return f"{kind or 'as most gateways do'}: {how}"


def _notes(calls: PastCalls, limit: Limit, made: Plan | None) -> Iterable[str]:
    if calls.spread:
        whole = calls.seen + calls.spread
        yield (
            f"{calls.spread:,} of {whole:,} calls are known by the minute or hour only, and spread evenly: "
            "bursts within it are not seen, so that more may be refused in truth"
        )
    if limit.unit is LimitUnit.PARALLEL:
        unknown = int((calls.latency < 0).sum())
        if unknown:
            yield f"{unknown:,} calls have no known duration, and never count as under way"
    if made and made.unreached:
        yield f"{plural(len(made.unreached), 'key')}, reached by no gateway, left out"


def _share(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole).quantize(Decimal("0.0001")) if whole else Decimal(0)
