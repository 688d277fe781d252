"""What t, b and c would act on: the scope of a row of Triage, or of an alert. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.domain.alert import AlertRule
from agent.domain.allocation import Scope, ScopeKind
from agent.ledger.kinds import Kind
from agent.reports.alert_list import AlertEntry
from agent.reports.triage_report import TriageRow
from console import format as fmt
from console.screens.triage.drill import WORDS, Drill

_SCOPES = {Kind.API_KEY: ScopeKind.API_KEY, Kind.TEAM: ScopeKind.TEAM, Kind.PROJECT: ScopeKind.PROJECT}
_LEVELS = frozenset(kind.value for kind in ScopeKind)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a person wants to act on, and what is known of it where they stood."""

    scope: Scope
    name: str  # as people call it: `team search`
    models: tuple[str, ...] = ()  # only calls to these
    usual_calls: Decimal | None = None  # a minute
    usual_share: Decimal | None = None  # of the burn now
    alert: int | None = None
    incident: int | None = None
    reason: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What a person may type to confirm that they mean this: the name, then the id."""
        value = self.scope.value or self.scope.kind.value
        return tuple(dict.fromkeys((self.name.partition(" ")[2] or self.name, value, self.name)))


class NoAim(Exception):  # noqa: N818 - an answer to a person, not a failure
    """Nothing there can be acted on; says why, and what can."""


def aim_of_row(drill: Drill, row: TriageRow | None) -> Aim:
    """The aim of a row where Triage stands; without one, the row that was drilled into. Raises `NoAim`."""
    if row is None:
        if not drill.steps:
            raise NoAim("There is no row under the cursor.")
        return _around(drill)
    rise = f"{fmt.signed(row.rise)} credits/min against usual" if row.rise > 0 else ""
    share = row.usual.value / row.now.value if row.now.value and row.usual.value else None
    kind = drill.dimension
    if kind in (Kind.ENDPOINT, Kind.ENVIRONMENT):
        raise NoAim(f"No gateway holds a whole {WORDS[kind]}: drill in with Enter, to a team or a key.")
    if not row.value:
        raise NoAim("What has no owner cannot be named: press d for its keys, and act on them.")
    label = row.label or row.value
    if kind is Kind.MODEL:
        around = _around(drill) if drill.steps else Aim(Scope(ScopeKind.ORGANIZATION), "the organization")
        return Aim(around.scope, around.name, (row.value,), row.requests_usual, share, reason=rise)
    models = tuple(step.value for step in drill.steps if step.kind is Kind.MODEL)
    scope, name = Scope(_SCOPES[kind], row.value), f"{WORDS[kind]} {label}"
    return Aim(scope, name, models, row.requests_usual, share, reason=rise)


def _around(drill: Drill) -> Aim:
    """The innermost step that gateways know."""
    models = tuple(step.value for step in drill.steps if step.kind is Kind.MODEL)
    for step in reversed(drill.steps):
        if step.kind in _SCOPES and step.value:
            name = f"{WORDS[step.kind]} {step.label or step.value}"
            return Aim(Scope(_SCOPES[step.kind], step.value), name, models)
    return Aim(Scope(ScopeKind.ORGANIZATION), "the organization", models)


def aim_of_alert(entry: AlertEntry, key: str = "") -> Aim:
    """The aim of an alert: its key, else what it is about, else its team. Raises `NoAim`.

    `key`: what people call its key, as far as that is known.
    """
    models: tuple[str, ...] = ()
    if entry.api_key:
        scope, name = Scope(ScopeKind.API_KEY, entry.api_key), f"key {key or entry.api_key}"
    elif entry.scope_kind in _LEVELS:
        scope = Scope(ScopeKind(entry.scope_kind), entry.scope)
        name = f"{entry.scope_kind.replace('_', ' ')} {entry.scope}" if entry.scope else "the organization"
    elif entry.team:
        scope, name = Scope(ScopeKind.TEAM, entry.team), f"team {entry.team}"
    elif entry.scope_kind == "model":
        scope, name = Scope(ScopeKind.ORGANIZATION), "the organization"
    else:
        raise NoAim("The alert is about nothing that a gateway could hold: press 2, and choose a row there.")
    if entry.scope_kind == "model" and entry.scope:
        models = (entry.scope,)
    rising = entry.unit != "credits" and entry.current > 0
    what = "spike" if entry.rule == AlertRule.BURN_SPIKE else entry.rule.replace("_", " ")
    return Aim(
        scope,
        name,
        models,
        usual_share=min(entry.expected / entry.current, Decimal(1)) if rising else None,
        alert=entry.id,
        incident=entry.incident,
        reason=f"{what} alert {entry.id}",
    )
