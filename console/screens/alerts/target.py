"""Where Triage looks for an alert: drilled to its team or model, at its row, at the time it fired. Pure."""

from __future__ import annotations

from agent.ledger.kinds import Kind
from agent.reports.alert_list import AlertEntry
from console.screens.triage.drill import Drill, Step

AFTER_S = 300
"""The window ends so long after the alert fired: the rise fills a good part of it then."""

_KINDS = {
    "team": Kind.TEAM,
    "project": Kind.PROJECT,
    "model": Kind.MODEL,
    "environment": Kind.ENVIRONMENT,
    "endpoint": Kind.ENDPOINT,
}


def drill_of(entry: AlertEntry) -> tuple[Drill, str | None]:
    """The drill, and the row in it that the alert is about."""
    if entry.api_key:
        steps = (Step(Kind.TEAM, entry.team, entry.team),) if entry.team else ()
        return Drill(Kind.API_KEY, steps), entry.api_key
    kind = _KINDS.get(entry.scope_kind)
    value = entry.scope if kind is not None else entry.team
    if kind is None and not entry.team:
        return Drill(), None
    step = Step(kind or Kind.TEAM, value, value)
    return Drill().into(step) or Drill(), None


def instant_of(entry: AlertEntry, newest: int, window_s: int) -> int | None:
    """The instant to look at; None where the newest window still holds the moment at which it fired."""
    if entry.unit == "credits":
        return None  # a month or a day added up: the newest data tells most
    fired = entry.fired_at or entry.started_at
    at = (fired + AFTER_S) // 60 * 60
    return None if at >= newest or (entry.live and newest - fired <= window_s) else at
