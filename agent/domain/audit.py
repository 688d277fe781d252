"""The audit log's chain: every row carries a hash over itself and over the hash of the row before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.domain.canonical import canonical

GENESIS = "0" * 64
"""What stands where the first row would name the one before."""

NOT_OURS = "NOT AS THE AGENT WROTE IT"
"""What is said of rows that the log proves and that read otherwise: none of them is shown as truth."""

ADVICE = (
    "Nobody but the agent's user should be able to write the ledger's file: look at its owner and rights, "
    "and at who was on that machine.",
    "Compare with a backup: `burndeck audit verify --db BACKUP` tells whether it holds, and `burndeck audit "
    "list --db BACKUP` what stood there.",
    "The agent does nothing of a row that it has not written, keeps caps as it has written them last, and "
    "goes on with all else.",
)
"""What to do where something is broken."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One row of the log: who did what to what, and when."""

    seq: int  # from 1, without gaps
    at: int
    actor: str  # a person, or `agent`, or `unverified`
    kind: str
    subject: str
    detail: str  # canonical JSON
    prev_hash: str
    hash: str

    @property
    def head(self) -> ChainHead:
        """The head of a log whose newest row this is."""
        return ChainHead(self.seq, self.hash)

    def digest(self) -> str:
        """What `hash` must be: SHA-256 over all other fields, in hexadecimal."""
        return _digest(self.seq, self.at, self.actor, self.kind, self.subject, self.detail, self.prev_hash)


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest row, as it is kept apart from the rows."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> ChainHead:
        """A head as `burndeck audit verify` prints it; `ValueError` for anything else."""
        seq, _, digest = text.strip().partition(":")
        if not seq.isascii() or not seq.isdigit() or len(digest) != len(GENESIS):
            raise ValueError(f"{text!r} is no head such as 12:5f1c...")
        return cls(int(seq), digest)


EMPTY = ChainHead(0, GENESIS)
"""The head of a log without rows."""


def chained(
    head: ChainHead, seq: int, at: int, actor: str, kind: str, subject: str, detail: Mapping[str, Any]
) -> AuditRecord:
    """The row that follows a head. `ValueError` for a detail with floats or other values without one text."""
    text = canonical(dict(detail))
    digest = _digest(seq, at, actor, kind, subject, text, head.hash)
    return AuditRecord(seq, at, actor, kind, subject, text, head.hash, digest)


def break_between(head: ChainHead, record: AuditRecord) -> str:
    """Why a row does not follow a head, or nothing when it does."""
    if record.seq <= head.seq:
        return "the row was added"
    if record.seq > head.seq + 1:
        return f"row {head.seq + 1} is missing"
    if record.digest() != record.hash:
        return "the row was changed"
    if record.prev_hash != head.hash:
        return "the row before was exchanged"
    return ""


def _digest(seq: int, at: int, actor: str, kind: str, subject: str, detail: str, prev_hash: str) -> str:
    fields = {
        "seq": seq,
        "at": at,
        "actor": actor,
        "kind": kind,
        "subject": subject,
        "detail": detail,
        "prev_hash": prev_hash,
    }
    return hashlib.sha256(canonical(fields).encode()).hexdigest()
