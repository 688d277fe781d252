"""What a run tells people: notifications of its steps, and lines in the incident's timeline."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING

from agent.alerts.post import Post
from agent.domain.alert import INFO, tier_rank
from agent.domain.incident import TimelineEntry
from agent.domain.notice import Notice, NoticeKind
from agent.domain.run import NOBODY
from agent.runbooks.about import scope_of_run, values_of
from agent.runbooks.filling import fill

if TYPE_CHECKING:
    from agent.domain.run import Run
    from agent.domain.runbook import Step
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_SEVERITIES = ("info", "warning", "error", "critical")  # of the tiers, mildest first


def notify(writer: LedgerWriter, settings: Settings, run: Run, step: Step, now: int) -> str:
    """Puts a step's message into the outbox, in the transaction under way; returns who is told, in words."""
    found = None if run.alert is None else writer.alerts.alert(run.alert)
    signal = None if found is None else found.signal
    tier = signal.tier if signal is not None else INFO
    scope = scope_of_run(run)
    attempt = run.step(step.seq).attempt
    values = values_of(run)
    notice = Notice(
        id=hashlib.sha256(f"run/{run.id}/{step.seq}/{attempt}".encode()).hexdigest()[:32],
        kind=NoticeKind.DRILL if run.drill else NoticeKind.RUNBOOK,
        why=f"step {step.seq} of the runbook {run.runbook.title} tells whoever should know",
        at=now,
        rule="runbook",
        tier=tier,
        severity=_SEVERITIES[min(tier_rank(tier), 3)],
        state=run.state.value,
        dedup_key=f"run/{run.id}/{step.seq}/{attempt}",
        summary=fill(step.text, values),
        alert=run.alert,
        incident=run.incident,
        scope_kind=scope.kind.value if scope else "",
        scope=scope.value if scope else "",
        allocation_id=signal.allocation_id if signal is not None else "",
        team=signal.team if signal is not None else "",
        next_command=f"burndeck runbook resume {run.id}",
    )
    to = [fill(each, values) for each in step.to]
    return _told_words(Post(writer, settings).put(notice, to), to)


def to_incident(writer: LedgerWriter, run: Run, now: int, kind: str, actor: str, text: str) -> None:
    """A line in the timeline of the incident that a run is about, where it is about one."""
    if run.incident is not None:
        drill = "drill: " if run.drill else ""
        entry = TimelineEntry(run.incident, now, kind, actor, f"{drill}run {run.id}: {text}", run.alert)
        writer.incidents.add_timeline([entry])


def _told_words(told: Collection[str], to: Collection[str]) -> str:
    """`told #finance, ada@example.org`; a message that reaches nobody must not read like one that did."""
    if told:
        return f"told {', '.join(told)}"
    return f"{NOBODY}: no route of burndeck.toml leads to {' or '.join(to) or 'anybody'}"
