"""What an incident wants of people before credits are added: how critical it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.occasion import Occasion, Tell, record
from agent.domain.action import ActionKind, ActionSpec, ActionState
from agent.domain.alert import HARD_CAP
from agent.domain.allocation import Scope
from agent.domain.assessment import BEFORE, CRITICAL, CRITICALITY, NOT_CRITICAL, before_of
from agent.domain.incident import TimelineEntry
from agent.domain.intent import Intent, Refused

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.writer import LedgerWriter


def hard_cap_incident(alerts: AlertStore, scope: Scope) -> int | None:
    """The open incident of the hard cap of a scope, also where its allocation is not in burndeck.toml.

    The glass is broken for nothing else.
    """
    for alert in alerts.open_alerts():
        signal = alert.signal
        about = (signal.tier, signal.scope_kind, signal.scope)
        if alert.live and about == (HARD_CAP, scope.kind.value, scope.value):
            return alert.incident
    return None


def guard_top_up(writer: LedgerWriter, spec: ActionSpec, incident: int | None) -> None:
    """Refuses a top-up in an incident that nobody has found critical; the glass may be broken unassessed."""
    if incident is None or spec.drill:
        return
    rows = {row["kind"]: row for row in writer.actions.duties([incident])}
    answer = rows[CRITICALITY]["answer"] if CRITICALITY in rows else ""
    if answer == NOT_CRITICAL:
        raise Refused("production is not affected, says the assessment: the cap holds, without a top-up")
    if not answer and not spec.emergency:
        before = before_of(rows.get(BEFORE))
        said = f" ({before.person} found it not so in incident {before.incident})" if before else ""
        raise Refused(
            f"nobody has assessed yet whether production is affected{said}: "
            f"`burndeck incident assess {incident} --critical` (or --not-critical) by engineering or a lead"
        )


def assess(writer: LedgerWriter, incident: int, intent: Intent, now: int, tell: Tell) -> None:
    """Keeps how critical an incident is; where it is not, requests for a top-up end."""
    critical = intent.payload.get("critical")
    if type(critical) is not bool:
        raise Refused("critical: must be true or false")
    _open(writer, incident)
    note = str(intent.payload.get("note", "")).strip()
    answer = CRITICAL if critical else NOT_CRITICAL
    writer.actions.save_duty(incident, CRITICALITY, answer=answer, person=intent.person, at=now)
    text = f"production is {'' if critical else 'not '}affected" + (f": {note}" if note else "")
    writer.incidents.add_timeline([TimelineEntry(incident, now, "assessed", intent.person, text)])
    if critical:
        return
    for action in writer.actions.of_incident(incident):
        waits = action.state is ActionState.STANDBY and not action.spec.drill
        if waits and action.spec.kind is ActionKind.TOP_UP:
            over = replace(
                action,
                state=ActionState.DECLINED,
                ended_at=now,
                ended_by=intent.person,
                why="not critical",
            )
            writer.actions.save(over)
            occasion = Occasion("declined", over, "not critical: no top-up", actor=intent.person)
            record(writer, occasion, now, tell)


def _open(writer: LedgerWriter, incident: int) -> None:
    if not any(each.id == incident for each in writer.incidents.open_incidents()):
        raise Refused(f"there is no open incident {incident}")
