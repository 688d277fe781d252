"""What cannot be done although it should be is said once, and remembered in the audit log."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agent.alerts.post import Post
from agent.domain.alert import HARD_CAP
from agent.domain.incident import TimelineEntry
from agent.domain.notice import Notice, NoticeKind
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.control.proposal import Proposal
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

WHO = ("ops_on_call", "central_finance")
NOT_ENFORCED = "cap.not_enforced"


def say_of_cap(writer: LedgerWriter, settings: Settings, proposal: Proposal, text: str, now: int) -> None:
    """Once for an alert, a kind of action and a kind of trouble: record, timeline, and a message."""
    spec, kind = proposal.spec, proposal.tells or NOT_ENFORCED
    subject = f"alert:{proposal.alert}:{spec.kind.value}"
    with writer.transaction():
        if writer.actions.noted(kind, subject):
            return
        writer.control.audit(now, AGENT, kind, subject, {"text": text, "scope": str(spec.scope)})
        if proposal.incident is not None:
            entry = TimelineEntry(proposal.incident, now, "not_enforced", AGENT, text, proposal.alert)
            writer.incidents.add_timeline([entry])
        command = f"burndeck alerts show {proposal.alert}"
        _post(writer, settings, f"{kind}/{subject}", text, now, command, proposal)


def say_failing(writer: LedgerWriter, settings: Settings, why: str, now: int) -> None:
    """The agent itself cannot decide what caps call for."""
    text = f"caps are not enforced: {why}; it is tried again at every look"
    with writer.transaction():
        writer.control.audit(now, AGENT, "cap.failing", "agent", {"text": text})
        _post(writer, settings, "cap.failing/agent", text, now, "burndeck agent status")


def _post(
    writer: LedgerWriter,
    settings: Settings,
    key: str,
    text: str,
    now: int,
    command: str,
    proposal: Proposal | None = None,
) -> None:
    scope = proposal.spec.scope if proposal is not None else None
    notice = Notice(
        id=hashlib.sha256(f"{key}/{now}/{text}".encode()).hexdigest()[:32],
        kind=NoticeKind.ACTION,
        why="a hard cap does not hold by itself, and this is for whoever answers for it",
        at=now,
        rule="action",
        tier=HARD_CAP,
        severity="critical",
        state="failed",
        dedup_key=key,
        summary=text,
        alert=proposal.alert if proposal is not None else None,
        incident=proposal.incident if proposal is not None else None,
        scope_kind=scope.kind.value if scope is not None else "",
        scope=scope.value if scope is not None else "",
        next_command=command,
    )
    Post(writer, settings).put(notice, WHO)
