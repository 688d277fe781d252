"""Behind the hard cap of team search the agent asks for a limit of each of its projects, apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step
from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.allocation import Scope
from agent.domain.gateway import Target, TargetKind
from agent.domain.incident import Incident
from agent.domain.money import NANO
from agent.domain.person import AGENT
from agent.ledger.rows import DirectoryProject
from agent.settings_gateways import Gateway
from tests.agent.reports.world import NOW
from tests.console.acting_world import AT, Desk

OPENAI = Gateway(kind="openai", name="openai")
NAMES = ("search-api", "search-batch", "search-eval", "search-web", "ranking", "embeddings")
BOTH = (("finance",), ("engineering",))


def near_its_cap(desk: Desk, scope: str = "team:search") -> Alert:
    """A scope has burnt nearly all that it has, in an incident of its own."""
    kind, _, value = scope.partition(":")
    incident = desk.writer.incidents.add_incident(Incident("near the cap", scope, "critical", "", NOW - 540))
    signal = Signal(
        fingerprint=f"budget:{scope}",
        rule=AlertRule.BUDGET,
        tier="critical",
        at=NOW,
        scope_kind=kind,
        scope=value,
        current_nano=57_000 * NANO,
        expected_nano=60_000 * NANO,
        threshold=Decimal("0.95"),
        allocation_id=f"org-1-{kind}-{value}",
    )
    alert = Alert(signal, AlertState.FIRING, NOW - 600, fired_at=NOW - 540, incident=incident.id)
    (kept,) = desk.writer.alerts.save([alert])
    return kept


def limit_of(project: str, credits_: int, before: int | None = None) -> tuple[ActionSpec, Step]:
    """The provider's own limit of a project, at a cent a credit, and what it changes."""
    spec = ActionSpec(
        ActionKind.CAP, Scope.parse(f"project:{project}"), amount_nano=credits_ * NANO, gateway=OPENAI.name
    )
    target = Target(OPENAI.name, TargetKind.PROJECT, project)
    return spec, Step(0, target, {"spend_limit_cents": credits_}, {"spend_limit_cents": before})


def asks_for_limits(
    desk: Desk, alert: Alert, names: Sequence[str] = NAMES, *, first: int = 1, **more: object
) -> list[Action]:
    """The agent asks for a limit of each project: `proj_1`, `proj_2`, ..., named so in the directory."""
    desk.settings = replace(desk.settings, own_gateways=(*desk.settings.own_gateways[:1], OPENAI))
    projects = [DirectoryProject(f"proj_{first + place}", name, "active") for place, name in enumerate(names)]
    known, _ = desk.writer.directory("openai")
    desk.writer.save_directory("openai", [*known, *projects], None, None, NOW)
    return [desk.writer.actions.add(_request(project.id, alert, **more)) for project in projects]


def _request(project: str, alert: Alert, **more: object) -> Action:
    spec, step = limit_of(project, 66_000, before=90_000 if project == "proj_2" else None)
    what = f"the provider's own limit at openai of project:{project} alone"
    base = Action(
        spec,
        ActionState.STANDBY,
        AGENT,
        AT - 1_200,
        f"{alert.signal.allocation_id}: {what}, so that no single project of it passes the cap far",
        needs=BOTH,
        approve_by=AT - 1_200 + 14_400,
        incident=alert.incident,
        alert=alert.id,
        steps=(step,),
    )
    return replace(base, **more)  # type: ignore[arg-type]
