"""The whole proof: the audit log's chain, and every row that it proves, in parts that hold nobody up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from agent.domain.audit import EMPTY, ChainHead
from agent.domain.words import plural
from agent.ledger.chain import Verdict, follow
from agent.ledger.own_rows import ForeignRow, OwnRows

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

FINDING = ("(the agent)", "proof")
"""Source and name of the cursor in which the agent keeps what it found last."""
PART = 500  # rows of the log that are followed at once
_MOST_KEPT = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What is broken: where the chain breaks, and rows that are not as the agent wrote them."""

    broken_at: int | None = None
    problem: str = ""
    rows: tuple[str, ...] = ()  # in words, the first ones
    count: int = 0  # of such rows

    @property
    def intact(self) -> bool:
        return not self.problem and not self.count

    @classmethod
    def of(cls, chain: Verdict | None, foreign: Iterable[ForeignRow]) -> Finding:
        """The finding of a chain, where one was followed to its end, and of rows."""
        words = sorted(row.words for row in foreign)
        at, problem = (chain.broken_at, chain.problem) if chain is not None else (None, "")
        return cls(at, problem, tuple(words[:_MOST_KEPT]), len(words))

    @property
    def parts(self) -> list[str]:
        """Everything that is broken, one sentence each."""
        chain = [f"the audit log is broken at row {self.broken_at}: {self.problem}"] if self.problem else []
        more = self.count - len(self.rows)
        return [*chain, *self.rows, *([f"and {plural(more, 'more row')}"] if more else [])]

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self))


def kept_finding(reader: LedgerReader) -> Finding:
    """What the agent has found last; intact where none has looked yet."""
    row = reader.one("proof_finding")
    try:
        found = json.loads(row[0]) if row is not None else {}
        return Finding(**{**found, "rows": tuple(map(str, found.get("rows", ())))})
    except (ValueError, TypeError, AttributeError):
        return Finding(problem="what the agent found last cannot be read")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a whole proof has found."""

    chain: Verdict
    foreign: tuple[ForeignRow, ...] = ()

    @property
    def intact(self) -> bool:
        return self.chain.intact and not self.foreign

    @property
    def finding(self) -> Finding:
        """The same as the agent keeps it."""
        return Finding.of(self.chain, self.foreign)


def prove(reader: LedgerReader, *, noted: ChainHead | None = None) -> Proof:
    """Follows the chain and proves every row that it has a proof of. See `chain.LIMITS`."""
    chain: Verdict | None = None
    foreign: list[ForeignRow] = []
    for part in proving(reader, noted=noted):
        if isinstance(part, Verdict):
            chain = part
        else:
            foreign += part
    assert chain is not None
    return Proof(chain, tuple(foreign))


def proving(reader: LedgerReader, *, noted: ChainHead | None = None) -> Iterator[Verdict | list[ForeignRow]]:
    """The same in parts of some milliseconds each, and what each has found."""
    at, verdict = EMPTY, None
    while verdict is None:
        progress = follow(reader, at, most=PART, noted=noted)
        at, verdict = progress.at, progress.verdict
        yield verdict if verdict is not None else []
    yield from OwnRows(reader).every()
