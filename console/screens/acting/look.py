"""What acting asks the ledger: the plan of what was typed, and at first what would be sensible to type.

Runs in the thread of the live link, where plans and gateways' dialects are imported too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.intent import Refused
from agent.errors import BurndeckError
from agent.ledger.kinds import Kind
from console.live import Question
from console.screens.acting.aim import Aim

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

PLAN = "form/plan"
_SPARING = (ActionKind.THROTTLE, ActionKind.BLOCK, ActionKind.MODELS, ActionKind.TOOLS)
"""What may leave production out."""
BY_THE_SECOND = 120
"""From so many calls a minute on, a limit is said by the second where the gateway knows seconds."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What would become of a change: a plan, or why there is none."""

    spec: ActionSpec
    plan: Plan | None = None
    problem: str = ""
    alert: int | None = None
    incident: int | None = None
    fill: Mapping[str, str] = field(default_factory=dict)
    nearest: tuple[Scope, str] | None = None  # where this cannot be done: what around it can be, and its name


def plan_question(spec: ActionSpec, aim: Aim, *, first: bool) -> Question:
    """The plan of a change; the first time also what its fields should say."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Looked:
        # A team that is gone answers no alert: undoing an incident must not bring it back.
        alert, incident = (aim.alert, aim.incident) if off_boards(spec) else _alert(reader, aim)
        found = _first(reader, settings, spec, aim, now) if first else look_at(reader, settings, spec, now)
        fill = dict(found.fill)
        if found.plan is None:
            found = around_the_key(reader, settings, found, now)
        if first and aim.alert is None and alert is not None:
            fill["reason"] = f"alert {alert}" + (f": {aim.reason}" if aim.reason else "")
        return replace(found, alert=alert, incident=incident, fill=fill)

    return Question(PLAN, ask, (spec, first))


def look_at(reader: LedgerReader, settings: Settings, spec: ActionSpec, now: float) -> Looked:
    """The plan of exactly this change, or why there is none."""
    from agent.control.asking import preview

    try:
        return Looked(spec, preview(reader, settings, spec, now))
    except BurndeckError as error:
        return Looked(spec, problem=f"{error.message}. {error.hint}".strip())
    except Refused as refused:
        return Looked(spec, problem=refused.reason)


def off_boards(spec: ActionSpec) -> bool:
    """Whether a block is one of a team that is gone: of all its keys, and with no end of its own."""
    return spec.kind is ActionKind.BLOCK and not spec.expires_s


def around_the_key(reader: LedgerReader, settings: Settings, found: Looked, now: float) -> Looked:
    """The key's project as what is nearest, where gateways can do to that what they cannot do to a key.

    Never for a deletion: nothing is near to that.
    """
    if found.spec.scope.kind is not ScopeKind.API_KEY or found.spec.kind is ActionKind.REVOKE:
        return found
    key = found.spec.scope.value
    served = (each for keys in reader.action_store().gateway_keys().values() for each in keys)
    projects = {each.project for each in served if each.api_key == key and each.project}
    if len(projects) != 1:
        return found
    scope = Scope(ScopeKind.PROJECT, projects.pop())
    if look_at(reader, settings, replace(found.spec, scope=scope), now).plan is None:
        return found
    named = {row["id"]: row["name"] for row in reader.rows("directory_names") if row["kind"] == Kind.PROJECT}
    problem = found.problem.partition(". ")[0]
    return replace(found, problem=problem, nearest=(scope, named.get(scope.value) or scope.value))


def _first(reader: LedgerReader, settings: Settings, spec: ActionSpec, aim: Aim, now: float) -> Looked:
    """The plan with the limit near what is usual, in a unit that the gateway knows, sparing production."""
    found = look_at(reader, settings, spec, now)
    if spec.kind is ActionKind.THROTTLE:
        found = _in_a_known_unit(reader, settings, found, now)
    if found.plan is None:
        return found
    better = dict(found.fill)
    if spec.kind is ActionKind.THROTTLE:
        found = _near_usual(reader, settings, found, aim, now)
    made = found.plan
    if made is not None and _may_spare(spec) and 0 < sum(k.production for k in made.keys) < len(made.keys):
        spared = look_at(reader, settings, replace(found.spec, non_prod=True), now)
        found = spared if spared.plan is not None else found
    better["non_prod"] = "y" if found.spec.non_prod else "n"
    if found.spec.limit is not None:
        better["limit"] = str(found.spec.limit)
    return replace(found, fill=better)


def _may_spare(spec: ActionSpec) -> bool:
    return spec.kind in _SPARING and not off_boards(spec)


def _in_a_known_unit(reader: LedgerReader, settings: Settings, found: Looked, now: float) -> Looked:
    """The same rate by the minute, where no gateway counts by the second; calls alone, where models fail."""
    if found.plan is not None or found.spec.limit is None:
        return found
    limit = found.spec.limit
    by_minute = Limit(limit.per_minute or limit.amount, LimitUnit.RPM)
    for spec in (
        replace(found.spec, limit=by_minute),
        replace(found.spec, models=()),
        replace(found.spec, limit=by_minute, models=()),
    ):
        other = look_at(reader, settings, spec, now)
        if other.plan is not None:
            return replace(other, fill={"models": ", ".join(spec.models)})
    return found


def _near_usual(reader: LedgerReader, settings: Settings, found: Looked, aim: Aim, now: float) -> Looked:
    usual = usual_calls(aim, found.plan.requests if found.plan is not None else 0)
    if usual is None or found.spec.limit is None:
        return found
    for limit in limits_near(usual, found.spec.limit.unit):
        other = look_at(reader, settings, replace(found.spec, limit=limit), now)
        if other.plan is not None:
            return other
    return found


def usual_calls(aim: Aim, hour_calls: int) -> Decimal | None:
    """Calls a minute that are usual; where only the burn is known, by its share of the calls of the hour."""
    if aim.usual_calls:
        return aim.usual_calls
    if aim.usual_share is not None and hour_calls:
        return aim.usual_share * hour_calls / 60
    return None


def limits_near(usual: Decimal, unit: LimitUnit) -> Iterable[Limit]:
    """The usual calls as a limit, rounded up, in the finest unit that says them well; then in the other."""
    by_minute = Limit(max(1, int(usual.to_integral_value(ROUND_CEILING))), LimitUnit.RPM)
    by_second = Limit(max(1, int((usual / 60).to_integral_value(ROUND_CEILING))), LimitUnit.RPS)
    if unit is LimitUnit.RPS and usual >= BY_THE_SECOND:
        return (by_second, by_minute)
    return (by_minute, by_second)


def _alert(reader: LedgerReader, aim: Aim) -> tuple[int | None, int | None]:
    """The alert that the change answers: where it was opened from, else one that fires on its scope."""
    if aim.alert is not None:
        return aim.alert, aim.incident
    kind, value = aim.scope.kind.value, aim.scope.value
    for alert in reader.alert_store().open_alerts():
        signal = alert.signal
        if (signal.scope_kind, signal.scope) == (kind, value) or (
            kind == "api_key" and signal.api_key == value
        ):
            return alert.id, alert.incident
    return None, None
