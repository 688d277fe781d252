"""Why a key may still burn what it may: every level around it, its caps, and the one that binds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.allocations import settings_now
from agent.analytics.month import month_of
from agent.domain.action_words import plain_words
from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.backstop import Backed, Backstop
from agent.domain.gateway import GatewayKey, TargetKind
from agent.domain.levels import level_of
from agent.domain.money import to_credits
from agent.ledger.alert_store import Whose
from agent.ledger.kinds import Kind
from agent.reports.actions import Words
from agent.reports.allocation_burn import burning_at
from agent.reports.budgets import budgets
from agent.reports.burn_report import Budget, Runway
from agent.reports.cells import read_names
from agent.reports.figure import Figure
from agent.reports.layers import truth
from agent.reports.moment import Moment, moment
from agent.reports.rolled import Rolled

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings


HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class ExplainLevel:
    """One level that a key lies in."""

    kind: str  # organization, billing_group, ...
    value: str  # its name; empty for the organization, and where the key has none
    level: str  # of the guide's table
    budget: Budget | None  # None: no allocation, so no cap here
    left: Figure | None  # credits until the hard cap; below zero past it
    binds: bool


@dataclass(frozen=True, slots=True)
class NativeLimit:
    """What a gateway holds by itself for something that the key's calls pass."""

    gateway: str
    target: str  # key, team, project, project_model or organization
    id: str
    fields: Mapping[str, Any]  # by the gateway's own names
    words: str  # the same for people
    seen_at: int


@dataclass(frozen=True, slots=True)
class DayLimit:
    """Credits a day of a key against what it has burnt today."""

    limit: Figure
    used: Figure
    over: bool


@dataclass(frozen=True, slots=True)
class CapExplain:
    """A key with all that limits it."""

    at: int
    now: int
    key: str
    name: str
    environment: str
    levels: tuple[ExplainLevel, ...]  # widest first
    binding: str  # id of the allocation whose cap is reached first; empty without any
    first: Runway | None  # of that cap
    day: DayLimit | None
    native: tuple[NativeLimit, ...]
    sentence: str
    backstops: tuple[Backstop, ...] = ()  # of each cap around it, widest first; none of an earlier instant


def find_keys(reader: LedgerReader, text: str) -> tuple[str, ...]:
    """The keys of an id or a name: one, none, or several of the same name."""
    names = {whose.api_key for whose in reader.alert_store().contexts().values()}
    served = [key for keys in reader.action_store().gateway_keys().values() for key in keys]
    if text and text in names | {key.api_key for key in served}:
        return (text,)
    listed = [
        (row["id"], row["name"]) for row in reader.rows("directory_names") if row["kind"] == Kind.API_KEY
    ]
    named = [*listed, *((key.api_key, key.name) for key in served)]
    return tuple(sorted({ident for ident, name in named if text in (ident, name) and text}))


def cap_explain(
    reader: LedgerReader,
    settings: Settings,
    key: str,
    now: float,
    *,
    at: float | None = None,
    words: Words | None = None,
    backed: Backed | None = None,
) -> CapExplain:
    """Every level around a key (its id, see `find_keys`), now or at an earlier instant.

    `words` says what fields of a gateway mean; without it they are shown as they are. `backed` says what
    stands behind caps; it knows of now alone.
    """
    say = words or (lambda gateway, fields: plain_words(fields))
    with reader.snapshot():
        when = moment(reader, now, at)
        settings = settings_now(settings, reader.action_store(), when.now if at is None else when.at)
        return _explain(reader, settings, key, when, say, backed if at is None else None)


def _explain(
    reader: LedgerReader, settings: Settings, key: str, when: Moment, say: Words, backed: Backed | None
) -> CapExplain:
    served = {
        gateway: [each for each in keys if each.api_key == key]
        for gateway, keys in reader.action_store().gateway_keys().items()
    }
    whose = _whose(reader, key, served)
    by_scope = {each.scope: each for each in settings.allocations}
    around = [
        (kind, value, next((each for each in by_scope.values() if _is(each, kind, value)), None))
        for kind in ScopeKind
        for value in (key if kind is ScopeKind.API_KEY else whose.level(kind),)
    ]
    mine = [allocation for _, _, allocation in around if allocation is not None]
    found, first = budgets(mine, burning_at(reader, settings, when, mine))
    by_id = {row.allocation_id: row for row in found}
    left = {each.id: _left(each, by_id[each.id]) for each in mine}
    binding = next((each for each in mine if first is not None and each.id == first.allocation_id), None)
    levels = tuple(
        ExplainLevel(
            kind=kind.value,
            value=value,
            level=level_of(kind).name,
            budget=None if allocation is None else by_id[allocation.id],
            left=None if allocation is None else left[allocation.id],
            binds=allocation is not None and allocation is binding,
        )
        for kind, value, allocation in around
    )
    behind = backed(reader, settings, when.now, [each.id for each in mine]) if backed else {}
    return CapExplain(
        at=when.at,
        now=when.now,
        key=key,
        name=reader.alert_store().key_name(key),
        environment=whose.environment,
        levels=levels,
        binding=binding.id if binding else "",
        first=first,
        day=_day(reader, settings, key, mine, when),
        native=tuple(_native(reader, served, say)),
        sentence=_sentence(binding, left),
        backstops=tuple(behind[each.id] for each in mine if each.id in behind),
    )


def _whose(reader: LedgerReader, key: str, served: Mapping[str, list[GatewayKey]]) -> Whose:
    """Where a key burns now; what gateways say of one that never burnt."""
    contexts = sorted(reader.alert_store().contexts().items())
    mine = [whose for _, whose in contexts if whose.api_key == key]
    if mine:
        return mine[-1]
    known = next((each for keys in served.values() for each in keys), GatewayKey(key, key))
    return Whose(0, key, 0, known.team, known.environment, known.project)


def _is(allocation: Allocation, kind: ScopeKind, value: str) -> bool:
    scope = allocation.scope
    return scope.kind is kind and scope.value == value


def _left(allocation: Allocation, budget: Budget) -> Figure:
    used = budget.used
    value = to_credits(allocation.hard_cap_nano) - (used.value or 0)
    return Figure(value, "credits", used.layer, used.as_of, used.mixed)


def _sentence(binding: Allocation | None, left: Mapping[str, Figure]) -> str:
    if binding is None:
        return "no cap counts this key's burn"
    value, cap = left[binding.id].value or 0, to_credits(binding.hard_cap_nano)
    if value <= 0:
        return f"{binding.id} binds: its hard cap of {cap:,.0f} credits is reached"
    return f"{binding.id} binds: {value:,.0f} credits are left until its hard cap of {cap:,.0f}"


def _day(
    reader: LedgerReader, settings: Settings, key: str, around: list[Allocation], when: Moment
) -> DayLimit | None:
    limit = next((each.daily_nano for each in around if each.daily_nano), 0)
    if not limit:
        return None
    today = month_of(max(when.at - 1, 0), settings.organization.time_zone).today_start
    rows = reader.rows("dim_ids", {"kind": int(Kind.API_KEY), "names": [key]})
    used = 0
    if rows and when.as_of is not None and today < when.at:
        rolled = Rolled(reader, read_names(reader), when.as_of)
        used = rolled.credits(Kind.API_KEY, today, when.at).get(rows[0]["id"], 0)
    burnt = truth(reader, today, when.at).credits(used)
    return DayLimit(Figure(to_credits(limit), "credits"), burnt, used >= limit)


def dearest_first(reader: LedgerReader, keys: Iterable[str], now: float) -> list[str]:
    """Keys by what they have burnt in the last hour."""
    when = moment(reader, now, None)
    burnt: dict[str, int] = {}
    if when.as_of is not None:
        names = read_names(reader)
        start = max(0, when.at - HOUR_S) // HOUR_S * HOUR_S
        found = Rolled(reader, names, when.as_of).credits(Kind.API_KEY, start, when.at)
        names.learn(reader, found)
        burnt = {names.name(ident): nano for ident, nano in found.items()}
    return sorted(keys, key=lambda key: -burnt.get(key, 0))


def _native(
    reader: LedgerReader, served: Mapping[str, list[GatewayKey]], say: Words
) -> Iterator[NativeLimit]:
    seen_at = {
        (row["gateway"], row["target_kind"], row["target"]): row["seen_at"]
        for row in reader.rows("gateway_targets")
    }
    for target, state in reader.action_store().targets().items():
        fields = {name: value for name, value in state.fields.items() if value is not None}
        if fields and any(_passes(target.kind, target.id, key) for key in served.get(target.gateway, ())):
            kind = target.kind.value
            yield NativeLimit(
                target.gateway,
                kind,
                target.id,
                fields,
                say(target.gateway, fields),
                seen_at[target.gateway, kind, target.id],
            )


def _passes(kind: TargetKind, ident: str, key: GatewayKey) -> bool:
    """Whether a key's calls pass a target, by the ids alone."""
    match kind:
        case TargetKind.KEY:
            return ident == key.id
        case TargetKind.TEAM:
            return bool(key.team) and ident == key.team
        case TargetKind.PROJECT:
            return bool(key.project) and ident == key.project
        case TargetKind.KEY_SCOPES:
            return bool(key.project) and ident == f"{key.project}/{key.id}"
        case TargetKind.PROJECT_MODEL:
            return bool(key.project) and ident.startswith(f"{key.project}/")
    return kind is TargetKind.ORGANIZATION
