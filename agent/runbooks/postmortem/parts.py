"""Parts of a postmortem that follow from one thing each: times, alerts, the run."""

from __future__ import annotations

from collections.abc import Sequence

from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import IncidentEntry
from agent.runbooks.postmortem.model import AlertLine, Mark, RunLine, Times
from agent.runbooks.postmortem.record import RunRecord


def times_of(
    entry: IncidentEntry | None,
    alerts: Sequence[AlertEntry],
    rise: int | None,
    end: int,
    mitigated: int | None,
) -> Times:
    """When an incident began, was told of, held and over; what it lasted is by the data, not by the clock."""
    open_ = [each for each in alerts if each.state != "resolved"]
    ends = [each.resolved_at for each in alerts if each.resolved_at is not None]
    closed = None if entry is None else entry.closed_at
    resolved = closed if closed is not None else (None if open_ or not ends else max(ends))
    lasted = end if open_ and closed is None else max(each.last_at for each in alerts)
    return Times(
        began=min(each.started_at for each in alerts),
        rose=rise,
        fired=min((each.fired_at for each in alerts if each.fired_at is not None), default=None),
        acknowledged=min((each.acknowledged_at for each in alerts if each.acknowledged_at), default=None),
        mitigated=mitigated,
        resolved=resolved,
        unusual_until=min(lasted, end),
    )


def alert_line(entry: AlertEntry) -> AlertLine:
    """An alert in a line."""
    return AlertLine(
        id=entry.id,
        rule=entry.rule,
        tier=entry.tier,
        scope=f"{entry.scope_kind}:{entry.scope}" if entry.scope else entry.scope_kind,
        team=entry.team,
        started_at=entry.started_at,
        fired_at=entry.fired_at,
        resolved_at=entry.resolved_at,
        cause=entry.cause,
        summary=entry.summary,
    )


def alert_marks(alerts: Sequence[AlertEntry]) -> list[Mark]:
    """When alerts fired and ended."""
    fired = [Mark(each.fired_at, f"fired, alert {each.id}") for each in alerts if each.fired_at is not None]
    ended = (each for each in alerts if each.resolved_at is not None)
    return fired + [Mark(each.resolved_at or 0, f"resolved, alert {each.id}") for each in ended]


def run_line(record: RunRecord) -> RunLine:
    """A run with what became of each of its steps."""
    run = record.run
    return RunLine(
        id=run.id or 0,
        runbook=run.runbook.id,
        title=run.runbook.title,
        sha256=run.runbook.sha256,
        state=run.state.value,
        started_by=run.started_by,
        started_at=run.started_at,
        holder=run.holder,
        ended_at=run.ended_at,
        ended_by=run.ended_by,
        outcome=run.outcome,
        drill=run.drill,
        steps=tuple(
            (
                step.seq,
                run.runbook.step(step.seq).title,
                step.state.value,
                step.actor,
                step.reason or step.outcome or step.answer,
            )
            for step in run.steps
        ),
    )
