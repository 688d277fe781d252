"""Conditions on alerts and incidents: open, over, assessed, signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.assessment import CRITICALITY
from agent.domain.words import instant
from agent.reports.alerts import alert_of
from agent.reports.duties import POSTMORTEM, Duty, duties
from agent.reports.incidents import incident as incident_of
from agent.runbooks.asked.answer import age, credits_
from agent.runbooks.asked.given import ident
from agent.runbooks.asked.told import NO_ALERT, NO_INCIDENT
from agent.runbooks.asked.verdicts import drilled, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.runbooks.asking import Context, Given

_CRITICAL = "critical"


def incident_open(context: Context, given: Given) -> Verdict:
    """The incident is open."""
    number = ident(given, "incident")
    found = None if number is None else incident_of(context.reader, number, int(context.now))
    if found is None:
        sentence = NO_INCIDENT if number is None else f"There is no incident {number}."
        return verdict(False, "incident-open", given, sentence)
    if found.closed_at is not None:
        sentence = f"Incident {number} was closed {age(found.closed_at, context.now)} ago."
        return verdict(False, "incident-open", given, sentence)
    return verdict(
        True,
        "incident-open",
        given,
        f"Incident {number} ({found.title}) is open for {age(found.opened_at, context.now)}, "
        f"{credits_(found.above)} above what was expected.",
        as_of=int(context.now),
    )


def alert_firing(context: Context, given: Given) -> Verdict:
    """The alert fires, whether or not somebody has taken it."""
    met, sentence = _alert(context, given)
    return verdict(met is True, "alert-firing", given, sentence, as_of=int(context.now))


def alert_over(context: Context, given: Given) -> Verdict:
    """The alert has ended."""
    met, sentence = _alert(context, given)
    found = verdict(met is False, "alert-over", given, sentence, as_of=int(context.now))
    return drilled(context, found)


def _alert(context: Context, given: Given) -> tuple[bool | None, str]:
    """Whether an alert fires (True) or is over (False), or neither (None), and in words."""
    number = ident(given, "alert")
    if number is None:
        return None, NO_ALERT
    found = alert_of(context.reader, str(number), context.now)
    if found is None:
        return None, f"There is no alert {number}."
    if found.resolved_at is not None:
        ended = age(found.resolved_at, context.now)
        return False, f"Alert {number} ended {ended} ago, {credits_(found.above)} above what was expected."
    if found.live:
        return True, f"Alert {number} fires for {age(found.started_at, context.now)}: {found.summary}."
    return None, f"Alert {number} is pending: {found.summary}."


def assessed_critical(context: Context, given: Given) -> Verdict:
    """Somebody has assessed that production is affected."""
    number = ident(given, "incident")
    if number is None:
        return verdict(False, "assessed-critical", given, NO_INCIDENT)
    duty = _duty(context, number, CRITICALITY)
    if duty is None or not duty.answer:
        sentence = f"Nobody has assessed yet whether production is affected by incident {number}."
        return verdict(False, "assessed-critical", given, sentence)
    met = duty.answer == _CRITICAL
    words = "is affected" if met else "is not affected"
    where = "" if duty.assessed_in is None else f" in incident {duty.assessed_in}"
    sentence = f"Production {words}, says {duty.person}{where} ({_when(duty)})."
    return verdict(met, "assessed-critical", given, sentence, as_of=duty.at)


def postmortem_signed(context: Context, given: Given) -> Verdict:
    """The postmortem of the incident is signed."""
    number = ident(given, "incident")
    if number is None:
        return verdict(False, "postmortem-signed", given, NO_INCIDENT)
    duty = _duty(context, number, POSTMORTEM)
    if duty is None or not duty.answer:
        due = f", due {instant(duty.due_at)}" if duty is not None and duty.due_at is not None else ""
        sentence = f"Nobody has signed the postmortem of incident {number}{due}."
        return verdict(False, "postmortem-signed", given, sentence)
    sentence = f"{duty.person} has signed the postmortem of incident {number} ({_when(duty)})."
    return verdict(True, "postmortem-signed", given, sentence, as_of=duty.at)


def _duty(context: Context, number: int, kind: str) -> Duty | None:
    found = duties(context.reader, [number], int(context.now))
    return next((duty for duty in found if duty.kind == kind), None)


def _when(duty: Duty) -> str:
    return instant(duty.at) if duty.at is not None else "nobody knows when"
