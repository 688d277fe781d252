"""Proof that rows are the agent's own: what it writes of a subject is noted in the audit log's chain.

Anybody who may write the file can write rows of any table. What is acted on therefore counts only while it
reads as the agent has noted it last, in the same transaction. Whoever wants to forge that must write the
chain's end and its head anew; a head that was noted elsewhere brings to light what was written before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
_STEPS_APART = 64
"""So many steps are noted one by one; of more it is only said that one of them was changed."""
_SHORT = 16  # hexadecimal digits of what only tells which row it is: the whole proof says whether


class NotOurOwnError(LedgerError):
    """A row was written by somebody else than the agent."""


class Seals(Store):
    """What the agent has noted of its rows."""

    def seal(self, kind: str, subject: str, proof: str, at: int, **beside: Any) -> None:
        """Notes how a subject reads now, unless it is noted so already; `beside` tells what changed later."""
        if not self.holds(kind, subject, proof):
            ControlStore(self._conn, self._lock, self._transaction).audit(
                at, "agent", kind, subject, {"proof": proof, **beside}
            )

    def holds(self, kind: str, subject: str, proof: str) -> bool:
        """Whether a subject reads as it was noted last."""
        return self.noted(kind, subject).get("proof") == proof

    def noted(self, kind: str, subject: str) -> Mapping[str, Any]:
        """What was noted of a subject last; nothing where nothing was, or somebody has changed it."""
        record = ControlStore(self._conn, self._lock, self._transaction).newest(kind, subject)
        try:
            found = json.loads(record.detail) if record is not None else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class ActionText:
    """How an action reads: all that is acted on, with what was said of it. Steps come and go in states."""

    row: str
    steps: tuple[str, ...]
    said: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what people wrote beside: told, and never acted on

    def __str__(self) -> str:
        return f"[{self.row},[{','.join(self.steps)}],[{','.join(self.said)}]]"

    @property
    def proof(self) -> str:
        """What proves it."""
        return digest_of(str(self))

    @property
    def parts(self) -> Mapping[str, Any]:
        """What tells which of its rows was changed, where one was."""
        few = len(self.steps) <= _STEPS_APART
        steps = [digest_of(each)[:_SHORT] for each in self.steps]
        return {
            "row": digest_of(self.row)[:_SHORT],
            "steps": steps if few else digest_of("".join(steps))[:_SHORT],
            "said": [digest_of(said + note) for said, note in zip(self.said, self.notes, strict=True)],
        }


def action_text(action: Action, approvals: Sequence[Approval]) -> ActionText:
    """How an action reads, with everybody's word on it."""
    assert action.id is not None
    row = action_columns(action)
    steps = [step_columns(action.id, step) for step in action.steps]
    return ActionText(
        canonical({name: value for name, value in row.items() if name not in _LOOSE}),
        tuple(canonical([step[name] for name in FIXED]) for step in steps),
        tuple(
            canonical([each.digest, each.person, each.role, each.verdict.value, each.at, each.void])
            for each in approvals
        ),
        tuple(each.note for each in approvals),
    )


def digest_of(text: str) -> str:
    """The proof of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def action_proof(action: Action, approvals: Sequence[Approval]) -> str:
    """The proof of how an action reads."""
    return action_text(action, approvals).proof


def change_row(change: AllocationChange, undone_at: int | None) -> list[Any]:
    """A change of an allocation as the audit log keeps it: enough to go on with where its row is changed."""
    row = [change.action, change.allocation, dict(change.change), change.starts_at, change.ends_at]
    return [row, undone_at]


def change_proof(change: AllocationChange, undone_at: int | None) -> str:
    """How a change of an allocation reads."""
    return digest_of(canonical(change_row(change, undone_at)))


def action_time(action: Action, approvals: Sequence[Approval]) -> int:
    """The newest time that an action tells of."""
    told = (action.requested_at, action.begun_at, action.accepted_at, action.confirmed_at, action.ended_at)
    return max(each for each in (*told, *(said.at for said in approvals)) if each is not None)
