"""Intents and the audit log in the ledger, on the connection of its writer: the agent's side."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.domain.allocation import Scope
from agent.domain.audit import EMPTY, AuditRecord, ChainHead, chained
from agent.domain.intent import LARGEST_BYTES, Intent, IntentState
from agent.ledger.sql import statement
from agent.ledger.store import Store

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter


@dataclass(frozen=True, slots=True)
class IntentRow:
    """A row as it was found; nothing in it is trusted."""

    id: int
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class KnownIntent:
    """A row with what became of it, as the row says: for words to people, never for a decision."""

    row: IntentRow
    state: IntentState
    reason: str
    handled_at: int | None


def known_intent(ident: int, found: Sequence[Any]) -> KnownIntent:
    """What a row of the query `intent_row` says."""
    body, signature, state, reason, handled_at = found
    at = handled_at if type(handled_at) is int else None
    said = (reason or b"").decode("utf-8", "replace")
    return KnownIntent(IntentRow(ident, body, signature), IntentState(state), said, at)


@dataclass(frozen=True, slots=True)
class IntentHandler:
    """What carries one kind of intents out.

    Both functions run inside the transaction that also marks the row and writes the audit record. They may
    raise `Refused`; what `apply` had written until then is undone. They must not write usage: the writer
    remembers names that were undone.
    """

    scopes: Callable[[LedgerWriter, Intent], Collection[Scope]]
    """Every scope that the intent's subject lies in: its own, and those around it where they are known."""
    apply: Callable[[LedgerWriter, Intent, int], None]
    """Writer, intent, and the time at which it is done."""


class ControlStore(Store):
    """What intents and audit need of the ledger, on the connection of its writer."""

    def audit(self, at: int, actor: str, kind: str, subject: str, detail: Mapping[str, Any]) -> int:
        """Append a record in the transaction under way, or in one of its own; returns its number.

        `detail` is JSON without floats: amounts are integers or text. ValueError for anything else.
        """
        with self._transaction() as conn:
            seq, digest, newest = conn.execute(statement("audit_head")).fetchone()
            head = EMPTY if seq is None else ChainHead(seq, digest.decode("utf-8", "replace"))
            # Rows that somebody else put behind the head stay, for `verify` to find; the log goes on after.
            record = chained(head, max(head.seq, newest or 0) + 1, at, actor, kind, subject, detail)
            row = (record.seq, at, actor, kind, subject, record.detail, record.prev_hash, record.hash)
            conn.execute(statement("add_audit"), row)
            conn.execute(statement("put_audit_head"), (record.seq, record.hash))
        return record.seq

    def newest(self, kind: str, subject: str) -> AuditRecord | None:
        """The newest record of a kind on a subject; None where there is none that hangs in the chain."""
        rows = self._all("newest_seal", {"kind": kind, "subject": subject})
        if not rows or type(rows[0][0]) is not int or type(rows[0][1]) is not int:
            return None
        seq, at, *texts, following, head = rows[0]
        try:
            record = AuditRecord(seq, at, *(text.decode() for text in texts))
        except UnicodeDecodeError:
            return None
        linked = (head if following is None else following) == record.hash.encode()
        return record if linked and record.digest() == record.hash else None

    def ledger_name(self) -> str:
        """The id that intents for this ledger carry; empty where somebody took it away."""
        rows = self._all("ledger_name")
        return str(rows[0][0]) if rows else ""

    def new_intents(self, most: int) -> list[int]:
        """Ids of the oldest intents that wait."""
        return [row[0] for row in self._all("intents_new", (most,))]

    def new_intent(self, ident: int) -> IntentRow | None:
        """An intent that waits, cut where it is too long to be one; None when it does not wait any more."""
        rows = self._all("intent_new_row", {"id": ident, "most": LARGEST_BYTES + 1})
        return IntentRow(ident, *rows[0]) if rows else None

    def known_intent(self, ident: int) -> KnownIntent | None:
        """An intent with what became of it, whatever that is; None when there is none."""
        rows = self._all("intent_row", {"id": ident, "most": LARGEST_BYTES + 1})
        return known_intent(ident, rows[0]) if rows else None

    def settle_intent(self, ident: int, state: IntentState, reason: str, at: int) -> None:
        """Mark what became of an intent."""
        with self._transaction() as conn:
            bound = {"id": ident, "state": state.value, "reason": reason, "at": at}
            conn.execute(statement("settle_intent"), bound)

    def saw_intent(self, nonce: str, ident: int) -> bool:
        """Remember a verified intent; False when its nonce was seen before."""
        with self._transaction() as conn:
            return conn.execute(statement("saw_intent"), (nonce, ident)).rowcount == 1

    def newest_seen_intent(self) -> int:
        """The highest place of a verified intent so far; 0 before the first."""
        ((place,),) = self._all("newest_seen_intent")
        return int(place or 0)

    @contextlib.contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: when what is tried here fails, it alone is undone."""
        with self._lock:
            self._conn.execute("SAVEPOINT attempt")
            try:
                yield
            except BaseException:
                if self._conn.in_transaction:
                    self._conn.execute("ROLLBACK TO attempt")
                    self._conn.execute("RELEASE attempt")
                raise
            self._conn.execute("RELEASE attempt")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is under way; SQLite itself ends one where the disk fails."""
        return self._conn.in_transaction
