"""The audit log read and proved: does every row still follow the one before?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.audit import AuditRecord
from agent.ledger.chain import ADVICE, LIMITS, Progress, Verdict, follow, record_of, verify

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

__all__ = ["ADVICE", "LIMITS", "Progress", "Verdict", "follow", "listed", "seals", "verify"]


def listed(reader: LedgerReader, since: int, *, most: int = 1_000) -> list[AuditRecord]:
    """Records since a time, newest first; what is not readable any more shows as such."""
    rows = reader.rows("audit_since", {"since": since, "most": most})
    return [record_of(row, errors="replace") or _unreadable(row) for row in rows]


def seals(reader: LedgerReader, since: int) -> int:
    """How many rows since a time are proofs of other rows, which `listed` leaves out."""
    return int(reader.rows("audit_seals_since", {"since": since})[0]["seals"])


def _unreadable(row: Row) -> AuditRecord:
    return AuditRecord(row["seq"], 0, "?", "unreadable", "", "{}", "", "")
