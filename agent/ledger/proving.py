"""The whole proof: the audit log's chain, and every row that it proves, in parts that hold nobody up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.audit import EMPTY, ChainHead
from agent.ledger.chain import Verdict, follow
from agent.ledger.own_rows import ForeignRow, OwnRows

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_PART = 2_000  # rows of the log that are followed at once


@dataclass(frozen=True, slots=True)
class Proof:
    """What a whole proof has found."""

    chain: Verdict
    foreign: tuple[ForeignRow, ...] = ()

    @property
    def intact(self) -> bool:
        return self.chain.intact and not self.foreign


def prove(reader: LedgerReader, *, noted: ChainHead | None = None) -> Proof:
    """Follows the chain and proves every row that it has a proof of. See `chain.LIMITS`."""
    for part in proving(reader, noted=noted):
        if part is not None:
            return part
    raise AssertionError("the last part is the proof")


def proving(reader: LedgerReader, *, noted: ChainHead | None = None) -> Iterator[Proof | None]:
    """The same in parts of some milliseconds each: None until the last, which is what was found."""
    at, verdict = EMPTY, None
    while verdict is None:
        progress = follow(reader, at, most=_PART, noted=noted)
        at, verdict = progress.at, progress.verdict
        yield None
    found: list[ForeignRow] = []
    for rows in OwnRows(reader).every():
        found += rows
        yield None
    yield Proof(verdict, tuple(found))
