"""The audit log's chain followed: does every row still follow the one before?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.audit import EMPTY, AuditRecord, ChainHead, break_between

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

LIMITS = (
    "Proves that rows were not changed, removed, added or reordered one by one. Somebody who may write the "
    "whole file can write another chain with another head: note the head elsewhere, and pass it with --noted."
)
"""What a verification can and cannot say."""

_PAGE = 2_000
_LEAST = -(1 << 63)
_TIME_END = 1 << 37  # the year 6325: what is later is no time


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found."""

    rows: int  # that follow one another, from the first on
    head: ChainHead | None  # as it is kept beside the rows; None where it is lost
    broken_at: int | None = None  # number of the first row that does not follow
    problem: str = ""

    @property
    def intact(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a verification has come that is done in parts."""

    at: ChainHead  # the last row that follows
    upto: int  # the row that the log led to when it was looked at
    verdict: Verdict | None  # None: there are more rows to follow


def verify(reader: LedgerReader, *, noted: ChainHead | None = None) -> Verdict:
    """Follows the chain from the first row to its head.

    With `noted`, a head that somebody wrote down earlier, it must also lead through that. See `LIMITS`.
    """
    verdict = follow(reader, noted=noted).verdict
    assert verdict is not None
    return verdict


def follow(
    reader: LedgerReader, at: ChainHead = EMPTY, *, most: int | None = None, noted: ChainHead | None = None
) -> Progress:
    """Follows the chain from a row that was followed to before, for `most` rows at most.

    What changes in rows that were followed before shows only when it begins anew from the first one.
    """
    seq, digest, newest = tuple(reader.rows("audit_head")[0])
    upto = max(seq or 0, newest or 0)
    if seq is None and newest is not None:
        return Progress(EMPTY, upto, Verdict(0, None, newest, "the head of the log is lost"))
    head = EMPTY if seq is None else ChainHead(seq, digest.decode("utf-8", "replace"))
    if at.seq > min(head.seq, newest or 0):
        at = EMPTY  # the log is shorter than it was
    pages = _pages(reader, at.seq if at.seq else _LEAST, upto, min(most or _PAGE, _PAGE))
    for count, row in enumerate(pages, start=1):
        problem, record = _follows(at, row, head, noted)
        if record is None:
            return Progress(at, upto, Verdict(at.seq, head, min(at.seq + 1, row["seq"]), problem))
        at = record.head
        if count == most and at.seq < upto:
            return Progress(at, upto, None)
    return Progress(at, upto, _ended(at, head, noted))


def _ended(at: ChainHead, head: ChainHead, noted: ChainHead | None) -> Verdict:
    """What there is to say where no row is left."""
    if at != head:
        return Verdict(at.seq, head, at.seq + 1, f"the log ends before its head, row {head.seq}")
    if noted and noted.seq > at.seq:
        return Verdict(at.seq, head, at.seq + 1, f"the log ends before row {noted.seq}, which was noted")
    return Verdict(at.seq, head)


def _follows(
    at: ChainHead, row: Row, head: ChainHead, noted: ChainHead | None
) -> tuple[str, AuditRecord | None]:
    """The record that follows `at`, or why the row is none."""
    record = record_of(row)
    if record is None:
        return "the row was changed", None
    problem = break_between(at, record)
    if not problem and record.seq > head.seq:
        problem = "the row was added behind the head"
    if not problem and noted and noted.seq == record.seq and noted.hash != record.hash:
        problem = "the row is not the one that was noted"
    return problem, None if problem else record


def _pages(reader: LedgerReader, after: int, upto: int, most: int) -> Iterator[Row]:
    """Every row in order, a page a read, so that no long read holds up the agent's checkpoints."""
    while rows := reader.rows("audit_after", {"after": after, "upto": upto, "most": most}):
        yield from rows
        after = rows[-1]["seq"]


def record_of(row: Row, *, errors: str = "strict") -> AuditRecord | None:
    """A row as a record; None where its columns hold what the agent never writes."""
    texts = [row[name] for name in ("actor", "kind", "subject", "detail", "prev_hash", "hash")]
    if not isinstance(row["at"], int) or not 0 <= row["at"] < _TIME_END:
        return None
    try:
        return AuditRecord(row["seq"], row["at"], *(text.decode("utf-8", errors) for text in texts))
    except UnicodeDecodeError:
        return None
