"""Whose an alert is: allocations and the series that know their burn, and what was planned for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.ledger.kinds import Kind, Series

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.domain.planned import Planned

QUARTER_S = 900
WORDS = {Kind.TOTAL: "organization", Kind.TEAM: "team", Kind.MODEL: "model", Kind.API_KEY: "api_key"}
"""How signals call what a series is of."""


def allocations(context: RuleContext) -> dict[Allocation, Series]:
    """The allocations whose scope ever burnt, each with its series."""
    rows = context.settings.allocations
    series = context.rules.series({row.scope for row in rows})
    return {row: series[row.scope] for row in rows if row.scope in series}


def of_allocation(allocation: Allocation) -> Mapping[str, Any]:
    """The fields of a signal that say which allocation it is about."""
    scope = allocation.scope
    return {
        "scope_kind": scope.kind.value,
        "scope": scope.value,
        "allocation_id": allocation.id,
        "team": scope.value if scope.kind is ScopeKind.TEAM else "",
        "api_key": scope.value if scope.kind is ScopeKind.API_KEY else "",
    }


def ancestors(context: RuleContext, allocation: Allocation) -> list[Allocation]:
    """The allocations that count the burn of this one too, itself first."""
    within = context.lineage.within
    wider = [row for row in context.settings.allocations if within(allocation.scope, row.scope)]
    return [allocation, *wider]


def planned(context: RuleContext, kind: str, name: str, *, team: str = "", window_s: int = QUARTER_S) -> bool:
    """Whether people planned otherwise for a scope, or for one around it, within the window that is judged.

    `kind` is a scope kind or `model`; `team` is the team of a key whose contexts may not say it.
    """
    at = context.at if context.at is not None else int(context.now)
    return _lies_in(context, context.planned, (at - window_s, at), Named(kind, name, team))


def held(context: RuleContext, owner: Owner, window_s: int) -> bool:
    """Whether a throttle or block refused calls of an owner within the window that is judged."""
    at = context.at if context.at is not None else int(context.now)
    return _lies_in(context, context.held, (at - window_s, at), Named(owner.kind, owner.name, owner.team))


class Named(NamedTuple):
    """What is looked for: a scope, and the team of a key whose contexts may not say it."""

    kind: str
    name: str
    team: str


def _lies_in(context: RuleContext, rows: Sequence[Planned], window: tuple[int, int], named: Named) -> bool:
    """Whether something lies in one of the scopes that hold within a window."""
    kind, name, team = named
    start, end = window
    running = [row for row in rows if row.start < end and start < row.end]
    if not running:
        return False
    here = {(kind, name), ("organization", ""), *([("team", team)] if team else [])}
    if any(
        (row.scope_kind, "" if row.scope_kind == "organization" else row.scope) in here for row in running
    ):
        return True
    inner = _scope(kind, name)
    outers = [outer for row in running if (outer := _scope(row.scope_kind, row.scope))]
    within = context.lineage.within
    return inner is not None and any(within(inner, outer) for outer in outers)


def _scope(kind: str, name: str) -> Scope | None:
    try:
        return Scope(ScopeKind(kind), name)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a key, team or model is, as signals say it."""

    kind: str  # organization | team | model | api_key
    name: str
    label: str  # as sentences call it
    team: str = ""
    environment: str = ""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of a signal."""
        return {
            "scope_kind": self.kind,
            "scope": self.name,
            "team": self.team,
            "api_key": self.name if self.kind == "api_key" else "",
            "environment": self.environment,
        }


def owner_of(context: RuleContext, series: Series, name: str) -> Owner:
    """The owner of a series of a key, team, model or the whole, from the contexts that were seen of it."""
    kind, ident = series
    if kind is Kind.TOTAL:
        return Owner("organization", "", "the organization")
    if kind is Kind.MODEL:
        return Owner("model", name, f"model {name}")
    seen = [
        whose
        for whose in context.store.contexts().values()
        if (whose.team_id if kind is Kind.TEAM else whose.api_key_id) == ident
    ]
    environments = {whose.environment for whose in seen}
    environment = environments.pop() if len(environments) == 1 else ""
    if kind is Kind.TEAM:
        return Owner("team", name, f"team {name or '(unattributed)'}", name, environment)
    teams = {whose.team for whose in seen}
    team = teams.pop() if len(teams) == 1 else ""
    label = context.store.key_name(name) + (f" (team {team})" if team else "")
    return Owner("api_key", name, label, team, environment)
