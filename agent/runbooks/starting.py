"""A new run: of which text, about what, with which parameters, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.control.bounds import known_person
from agent.domain.intent import Intent, Refused
from agent.domain.person import Person
from agent.domain.run import Run
from agent.runbooks.about import filled_from
from agent.runbooks.conditions import CONDITIONS
from agent.runbooks.filling import check_value
from agent.runbooks.queries import QUERIES
from agent.runbooks.reach import number, run_in

if TYPE_CHECKING:
    from agent.domain.alert import Alert
    from agent.domain.runbook import Runbook
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


def new_run(writer: LedgerWriter, settings: Settings, intent: Intent, now: int) -> Run:
    """The run that an intent asks for, not kept yet. Raises `Refused` with what is wrong."""
    from agent.runbooks.library import library  # reads files: only whoever starts a run waits for it
    from agent.runbooks.lint import lint

    ident = intent.subject.partition(":")[2]
    found = library(settings).find(ident)
    if found is None or not intent.subject.startswith("runbook:"):
        raise Refused(f"there is no runbook {ident or intent.subject}: `burndeck runbook list` shows them")
    if intent.payload.get("sha256") != found.sha256:
        raise Refused(f"the runbook {ident} reads differently here than where it was started: look again")
    if wrong := lint(found, QUERIES, CONDITIONS):
        raise Refused(
            f"line {wrong[0].line} of {ident}: {wrong[0].message}; `burndeck runbook check {ident}`"
        )
    may_run(found, known_person(settings, intent.person))
    alert = _alert(writer, intent.payload)
    given = intent.payload.get("parameters") or {}
    incident = intent.payload.get("incident")
    return Run(
        runbook=found,
        started_by=intent.person,
        started_at=now,
        holder=intent.person,
        parameters=_parameters(found, alert, given),
        alert=alert.id if alert else None,
        incident=alert.incident if alert else _incident(writer, incident),
        drill=intent.payload.get("drill") is True,
    )


def may_run(runbook: Runbook, person: Person) -> None:
    """Raises `Refused` where the runbook names roles that the person lacks."""
    if runbook.roles and not {role.value for role in person.roles} & set(runbook.roles):
        raise Refused(f"{person.name} may not run {runbook.id}: it takes {' or '.join(runbook.roles)}")


def not_twice(writer: LedgerWriter, run: Run) -> None:
    """Refuses a second run of a runbook for an alert: two people would do the same twice."""
    if run.alert is None:
        return
    for ident in writer.runs.of_alert(run.alert, ended=False):
        other = run_in(writer, ident)
        if other is not None and other.runbook.id == run.runbook.id and other.drill == run.drill:
            raise Refused(
                f"run {ident} of {run.runbook.id} is open for alert {run.alert}, held by {other.holder}: "
                f"`burndeck runbook resume {ident}`"
            )


def _parameters(runbook: Runbook, alert: Alert | None, given: object) -> dict[str, str]:
    if not isinstance(given, dict) or not all(
        isinstance(each, str) for pair in given.items() for each in pair
    ):
        raise Refused("parameters: must be text by name")
    known = {parameter.name for parameter in runbook.parameters}
    if strange := sorted(given.keys() - known):
        raise Refused(
            f"parameters: {runbook.id} has no {strange[0]}; it has {', '.join(sorted(known)) or 'none'}"
        )
    found = filled_from(runbook, alert, given)
    learnt = {name for step in runbook.steps for ask in step.asks for name in ask.keeps}
    learnt |= {step.fills for step in runbook.steps}
    for parameter in runbook.parameters:
        value = found[parameter.name]
        if value and (problem := check_value(parameter.kind, value)):
            raise Refused(f"{parameter.name}: {problem}")
        if not value and parameter.required and parameter.name not in learnt:
            raise Refused(f"{parameter.name}: it is needed: {parameter.help or parameter.kind.value}")
    return found


def _alert(writer: LedgerWriter, payload: Mapping[str, Any]) -> Alert | None:
    if payload.get("alert") is None:
        return None
    found = writer.alerts.alert(number(payload, "alert"))
    if found is None:
        raise Refused(f"there is no alert {payload['alert']}")
    return found


def _incident(writer: LedgerWriter, ident: object) -> int | None:
    if ident is None:
        return None
    if type(ident) is not int or not any(each.id == ident for each in writer.incidents.open_incidents()):
        raise Refused(f"there is no open incident {ident}")
    return ident
