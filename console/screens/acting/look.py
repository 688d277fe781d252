"""What acting asks the ledger: the plan of what was typed, and at first what would be sensible to type.

Runs in the thread of the live link, where plans and gateways' dialects are imported too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.intent import Refused
from agent.errors import BurndeckError
from agent.ledger.kinds import Kind
from console.live import Question
from console.screens.acting.aim import Aim
from console.screens.forms.said import in_console

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

PLAN = "form/plan"


@dataclass(frozen=True, slots=True)
class Looked:
    """What would become of a change: a plan, or why there is none."""

    spec: ActionSpec
    plan: Plan | None = None
    problem: str = ""
    held: bool = False  # why there is none: all of it is held so already
    said: str = ""  # of what the fields say at first
    alert: int | None = None
    incident: int | None = None
    fill: Mapping[str, str] = field(default_factory=dict)
    alone: Plan | None = None  # what one person can do at once, where the change waits for others
    nearest: tuple[Scope, str] | None = None  # where this cannot be done: what around it can be, and its name


def plan_question(spec: ActionSpec, aim: Aim, *, first: bool) -> Question:
    """The plan of a change; the first time also what its fields should say."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Looked:
        from console.screens.acting.alone import alone
        from console.screens.acting.first import first_look

        # A team that is gone answers no alert: undoing an incident must not bring it back.
        alert, incident = (aim.alert, aim.incident) if off_boards(spec) else _alert(reader, aim)
        found = (
            first_look(reader, settings, spec, aim, now) if first else look_at(reader, settings, spec, now)
        )
        fill = dict(found.fill)
        if found.plan is None:
            found = around_the_key(reader, settings, found, now)
        if first and aim.alert is None and alert is not None:
            fill["reason"] = f"alert {alert}" + (f": {aim.reason}" if aim.reason else "")
        at_once = alone(reader, settings, found, now)
        return replace(found, alert=alert, incident=incident, fill=fill, alone=at_once)

    return Question(PLAN, ask, (spec, first))


def look_at(reader: LedgerReader, settings: Settings, spec: ActionSpec, now: float) -> Looked:
    """The plan of exactly this change, or why there is none."""
    from agent.control.asking import preview
    from agent.control.planning.drafts import HeldAlreadyError

    try:
        return Looked(spec, preview(reader, settings, spec, now))
    except BurndeckError as error:
        held = isinstance(error, HeldAlreadyError)
        return Looked(spec, problem=in_console(f"{error.message}. {error.hint}"), held=held)
    except Refused as refused:
        return Looked(spec, problem=in_console(refused.reason))


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
