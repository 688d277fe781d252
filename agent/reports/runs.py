"""Runs of runbooks in lists, and what they add to the timeline of an incident: without reading a runbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.reports.alert_report import TimelineLine

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

RECENT_S = 7 * 86_400
_TOLD_ALREADY = frozenset({"started", "held", "ended", "closed"})
"""Events that the incident's own timeline has, too."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list."""

    id: int
    runbook: str
    title: str
    state: str
    step: int  # that it is at; 0: none any more
    step_state: str
    over: int  # steps behind it
    steps: int
    holder: str
    started_by: str
    started_at: int
    ended_at: int | None
    outcome: str
    alert: int | None
    incident: int | None
    drill: bool


def runs(reader: LedgerReader, now: float, since_s: int = RECENT_S) -> tuple[RunLine, ...]:
    """Runs that are open, then those begun in the last `since_s` seconds; the newest first."""
    return tuple(
        RunLine(
            id=row["id"],
            runbook=row["runbook"],
            title=row["title"],
            state=row["state"],
            step=row["at_step"],
            step_state=row["step_state"] or "",
            over=row["over"],
            steps=row["steps"],
            holder=row["holder"],
            started_by=row["started_by"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            outcome=row["outcome"],
            alert=row["alert"],
            incident=row["incident"],
            drill=bool(row["drill"]),
        )
        for row in reader.rows("runs_listed", {"since": int(now) - since_s})
    )


def run_timeline(reader: LedgerReader, incident: int) -> tuple[TimelineLine, ...]:
    """What happened in the runs of an incident, oldest first, but for what its own timeline says anyway."""
    store = reader.run_store()
    found = [
        TimelineLine(event.at, event.kind, event.actor, f"run {ident}, step {event.step}: {event.text}", None)
        for ident in store.of_incident(incident)
        for event in store.events(ident)
        if event.kind not in _TOLD_ALREADY and event.step is not None
    ]
    return tuple(sorted(found, key=lambda line: line.at))
