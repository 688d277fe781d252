"""The audit log read and proved: does every row still follow the one before?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.audit import AuditRecord
from agent.ledger.chain import LIMITS, Progress, Verdict, follow, record_of, verify

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

__all__ = ["LIMITS", "Progress", "Verdict", "first_from", "follow", "listed", "seals", "verify"]


def listed(reader: LedgerReader, since: int, *, most: int = 1_000) -> list[AuditRecord]:
    """Records since a time, newest first; what is not readable any more shows as such."""
    rows = reader.rows("audit_since", {"since": since, "most": most})
    return [record_of(row, errors="replace") or _unreadable(row) for row in rows]


def first_from(reader: LedgerReader, seq: int) -> AuditRecord | None:
    """The row of a number, or the first one after it; of the last place the newest row there is."""
    for bound in ({"after": seq - 1, "upto": (1 << 62) - 1}, {"after": seq - 2, "upto": seq}):
        rows = reader.rows("audit_after", {**bound, "most": 1})
        if rows:
            return record_of(rows[0], errors="replace") or _unreadable(rows[0])
    return None


def seals(reader: LedgerReader, since: int) -> int:
    """How many rows since a time are proofs of other rows, which `listed` leaves out."""
    return int(reader.rows("audit_seals_since", {"since": since})[0]["seals"])


def _unreadable(row: Row) -> AuditRecord:
    return AuditRecord(row["seq"], 0, "?", "unreadable", "", "{}", "", "")
