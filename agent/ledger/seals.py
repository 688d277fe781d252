"""Proof that rows are the agent's own: what it writes of a subject is noted in the audit log's chain.

Anybody who may write the file can write rows of any table. What is acted on therefore counts only while it
reads as the agent has noted it last, in the same transaction. Whoever wants to forge that must write the
chain's end and its head anew; a head that was noted elsewhere brings to light what was written before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.domain.audit import AuditRecord
from agent.domain.canonical import canonical
from agent.errors import LedgerError
from agent.ledger.action_rows import action_columns, step_columns
from agent.ledger.control_store import ControlStore
from agent.ledger.store import Store

if TYPE_CHECKING:
    from agent.domain.action import Action, Approval
    from agent.ledger.allocation_changes import AllocationChange

ACTION, ALLOCATION = "action.kept", "allocation.kept"
"""Kinds of the audit records that hold a proof; they tell people nothing, and lists leave them out."""

_LOOSE = ("effect", "preview")  # told to people, and never acted on
FIXED = ("action", "seq", "gateway", "target_kind", "target", "want", "before", "version")
SAID = ("digest", "person", "role", "verdict", "at", "void")
"""Columns of steps and of approvals that a proof is about."""


class NotOurOwnError(LedgerError):
    """A row was written by somebody else than the agent."""


class Seals(Store):
    """What the agent has noted of its rows."""

    def seal(self, kind: str, subject: str, proof: str, at: int) -> None:
        """Notes how a subject reads now, unless it is noted so already."""
        if not self.holds(kind, subject, proof):
            ControlStore(self._conn, self._lock, self._transaction).audit(
                at, "agent", kind, subject, {"proof": proof}
            )

    def holds(self, kind: str, subject: str, proof: str) -> bool:
        """Whether a subject reads as it was noted last."""
        rows = self._all("newest_seal", {"kind": kind, "subject": subject})
        if not rows:
            return False
        seq, at, *texts, following, head = rows[0]
        if type(seq) is not int or type(at) is not int:
            return False
        try:
            record = AuditRecord(seq, at, *(text.decode() for text in texts))
        except UnicodeDecodeError:
            return False
        linked = (head if following is None else following) == record.hash.encode()
        return linked and record.detail == canonical({"proof": proof}) and record.digest() == record.hash


def action_text(action: Action, approvals: Sequence[Approval]) -> str:
    """How an action reads: all that is acted on, with what was said of it. Steps come and go in states."""
    assert action.id is not None
    row = action_columns(action)
    steps = [step_columns(action.id, step) for step in action.steps]
    said = [
        [each.digest, each.person, each.role, each.verdict.value, each.at, each.void] for each in approvals
    ]
    kept = {name: value for name, value in row.items() if name not in _LOOSE}
    return canonical([kept, [[step[name] for name in FIXED] for step in steps], said])


def digest_of(text: str) -> str:
    """The proof of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def action_proof(action: Action, approvals: Sequence[Approval]) -> str:
    """The proof of how an action reads."""
    return digest_of(action_text(action, approvals))


def change_proof(change: AllocationChange, undone_at: int | None) -> str:
    """How a change of an allocation reads."""
    row = [change.action, change.allocation, dict(change.change), change.starts_at, change.ends_at]
    return digest_of(canonical([row, undone_at]))


def action_time(action: Action, approvals: Sequence[Approval]) -> int:
    """The newest time that an action tells of."""
    told = (action.requested_at, action.begun_at, action.accepted_at, action.confirmed_at, action.ended_at)
    return max(each for each in (*told, *(said.at for said in approvals)) if each is not None)
