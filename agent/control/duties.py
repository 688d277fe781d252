"""What an incident wants of people: how critical it is, and a signed postmortem where glass was broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.occasion import Occasion, Tell, record
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.alert import HARD_CAP
from agent.domain.allocation import Scope
from agent.domain.incident import TimelineEntry
from agent.domain.intent import Intent, Refused

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

CRITICALITY, POSTMORTEM = "criticality", "postmortem"
_SIGNED = "postmortem-"  # and a number: signed before the glass was broken again
CRITICAL, NOT_CRITICAL = "critical", "not_critical"
_LONGEST_TEXT = 8_000


def hard_cap_incident(writer: LedgerWriter, scope: Scope) -> int | None:
    """The open incident of the hard cap of a scope, also where its allocation is not in burndeck.toml."""
    for alert in writer.alerts.open_alerts():
        signal = alert.signal
        about = (signal.tier, signal.scope_kind, signal.scope)
        if alert.live and about == (HARD_CAP, scope.kind.value, scope.value):
            return alert.incident
    return None


def guard_top_up(writer: LedgerWriter, spec: ActionSpec, incident: int | None) -> None:
    """Refuses a top-up in an incident that nobody has found critical; the glass may be broken unassessed."""
    if incident is None or spec.drill:
        return
    answer = _answers(writer, incident).get(CRITICALITY, "")
    if answer == NOT_CRITICAL:
        raise Refused("production is not affected, says the assessment: the cap holds, without a top-up")
    if not answer and not spec.emergency:
        raise Refused(
            f"nobody has assessed yet whether production is affected: `burndeck incident assess {incident} "
            "--critical` (or --not-critical) by engineering or a lead"
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


def owe_postmortem(writer: LedgerWriter, settings: Settings, action: Action, now: int) -> None:
    """Whoever breaks the glass owes a postmortem: the incident stays open until somebody has signed it.

    One that is still owed is due when it was; one that was signed is kept, and another one is owed.
    """
    incident = action.incident
    if incident is None:
        raise Refused("there is no incident to break the glass for: ask for a top-up")
    duties = {row["kind"]: row for row in writer.actions.duties([incident])}
    owed = duties.get(POSTMORTEM)
    if owed is not None and not owed["answer"]:
        return
    if owed is not None:
        kept = sum(kind.startswith(_SIGNED) for kind in duties)
        said = {name: owed[name] for name in ("due_at", "answer", "person", "at")}
        writer.actions.save_duty(incident, f"{_SIGNED}{kept + 1}", **said)
    due = now + int(settings.acting.postmortem_within)
    writer.actions.save_duty(incident, POSTMORTEM, due_at=due)


def sign_postmortem(writer: LedgerWriter, incident: int, intent: Intent, now: int) -> None:
    """Keeps a signed postmortem; the incident may be closed then."""
    text = str(intent.payload.get("text", "")).strip()
    if not 0 < len(text) <= _LONGEST_TEXT:
        raise Refused(f"a postmortem has 1 to {_LONGEST_TEXT} characters")
    duty = next((row for row in writer.actions.duties([incident]) if row["kind"] == POSTMORTEM), None)
    if duty is None:
        raise Refused(f"incident {incident} owes no postmortem")
    if duty["answer"]:
        raise Refused(f"{duty['person']} has signed it already")
    writer.actions.save_duty(
        incident, POSTMORTEM, due_at=duty["due_at"], answer=text, person=intent.person, at=now
    )
    entry = TimelineEntry(incident, now, "postmortem", intent.person, f"postmortem signed: {text}")
    writer.incidents.add_timeline([entry])


def _answers(writer: LedgerWriter, incident: int) -> dict[str, str]:
    return {row["kind"]: row["answer"] for row in writer.actions.duties([incident])}


def _open(writer: LedgerWriter, incident: int) -> None:
    if not any(each.id == incident for each in writer.incidents.open_incidents()):
        raise Refused(f"there is no open incident {incident}")
