"""What the Audit screen asks the ledger: the newest records, and the next part of the proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.audit import EMPTY, AuditRecord, ChainHead
from console.live import Question
from console.questions import read_status_now

if TYPE_CHECKING:
    from agent.control.audit import Progress
    from agent.ledger.proving import Finding
    from agent.ledger.reader import LedgerReader
    from agent.reports.status import Status
    from agent.settings import Settings

AUDIT, PROOF = "audit", "audit/proof"
RECENT_S = 30 * 86_400
MOST = 1_000
"""So many records are listed."""
STEP = 2_000
"""So many rows are followed at once: other questions are answered in between."""


@dataclass(frozen=True, slots=True)
class AuditBoard:
    """The newest records."""

    records: tuple[AuditRecord, ...]
    seals: int  # proofs of rows in the same time, which tell people nothing
    status: Status
    finding: Finding  # what the agent has found of rows by another hand
    broken: AuditRecord | None = None  # the first row that does not follow, or the one after where it is gone


def audit_question(broken_at: int | None = None) -> Question:
    """The newest records, newest first, and the row at which the chain breaks, however old it is."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> AuditBoard:
        from agent.control.audit import first_from, listed, seals
        from agent.ledger.proving import kept_finding

        with reader.snapshot():
            since = int(now) - RECENT_S
            found = tuple(listed(reader, since, most=MOST))
            status = read_status_now(reader, settings, now)
            broken = first_from(reader, broken_at) if broken_at is not None else None
            if broken is not None and broken.seq not in {record.seq for record in found}:
                found = (*found, broken)
            return AuditBoard(found, seals(reader, since), status, kept_finding(reader), broken)

    return Question(AUDIT, ask, (broken_at,))


def proof_question(at: ChainHead = EMPTY) -> Question:
    """The next rows of the chain, from one that was followed before."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Progress:
        from agent.control.audit import follow

        return follow(reader, at, most=STEP)

    return Question(PROOF, ask, (at,))
