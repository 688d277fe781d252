"""The agent proves the ledger by itself: new rows at each look, all of them now and then, in small parts."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from agent.alerts.post import Post
from agent.domain.alert import CRITICAL
from agent.domain.audit import EMPTY, ChainHead
from agent.domain.notice import Notice, NoticeKind
from agent.domain.person import AGENT
from agent.ledger.chain import Verdict, follow
from agent.ledger.own_rows import ForeignRow, OwnRows
from agent.ledger.proving import FINDING, PART, Finding, proving

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

LOOK_S = 2.0
"""Real seconds between two looks."""
BUDGET_S = 0.02
"""So long a look works on what was proved before; it waits for nobody, and nobody for it."""
REST_S = 30.0
"""Between two proofs of everything."""
FORGED = "ledger.forged"
WHO = ("ops_on_call", "admins")
_MOST_AGAIN = 20  # of what is known to be broken, at each look: it may have been mended
_MOST_NAMED = 3
_log = logging.getLogger(__name__)


class Prover:
    """Goes on with the proof at each look. It reads on a connection of its own, and holds up no writer."""

    def __init__(self, reader: LedgerReader, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._monotonic = monotonic
        self._own = OwnRows(reader)
        self._pass: Iterator[Verdict | list[ForeignRow]] | None = proving(reader)
        self._whole = False  # everything was proved once
        self._rest_until = 0.0
        self._at = _head(reader)  # new rows are followed from here
        self._chain: Verdict | None = None  # as of the last proof of everything
        self._tail: Verdict | None = None  # of the rows that are new since
        self._foreign: dict[ForeignRow, None] = {}

    def look(self) -> Finding | None:
        """Goes on; what is broken by now, None while nothing is and not all was looked at yet."""
        for row in list(self._foreign)[:_MOST_AGAIN]:
            del self._foreign[row]
            self._keep(self._own.again(row))
        self._follow_new()
        self._go_on()
        broken = next((each for each in (self._chain, self._tail) if each and not each.intact), None)
        found = Finding.of(broken, self._foreign)
        return found if self._whole or not found.intact else None

    def _follow_new(self) -> None:
        before = self._at.seq
        progress = follow(self._reader, self._at, most=PART)
        self._at, self._tail = progress.at, progress.verdict
        bound = {"after": min(before, self._at.seq), "upto": self._at.seq}
        for row in self._reader.rows("seals_between", bound):
            self._keep(self._own.foreign(row["kind"], row["subject"]))

    def _go_on(self) -> None:
        began = self._monotonic()
        if self._pass is None and began >= self._rest_until:
            self._pass = proving(self._reader)
        while self._pass is not None and self._monotonic() - began < BUDGET_S:
            part = next(self._pass, None)
            if isinstance(part, Verdict):
                self._chain = part
            elif part is not None:
                self._keep(part)
            else:
                self._pass, self._whole = None, True
                self._rest_until = self._monotonic() + REST_S

    def _keep(self, rows: list[ForeignRow]) -> None:
        self._foreign.update(dict.fromkeys(rows))


def tell(writer: LedgerWriter, settings: Settings, found: Finding, now: int) -> bool:
    """Keeps what was found for console and doctor; whether people are told, once of each broken row."""
    with writer.transaction():
        writer.save_cursor(*FINDING, found.text())
        news = {
            subject: text
            for subject, text in _subjects(found).items()
            if not writer.actions.noted(FORGED, subject)
        }
        for subject, text in news.items():
            writer.control.audit(now, AGENT, FORGED, subject, {"text": text})
            _log.error("the ledger was changed by somebody else than the agent: %s", text)
        if news:
            Post(writer, settings).put(_notice(list(news.values()), now), WHO)
    if found.intact:
        _log.info("the ledger reads as the agent wrote it")
    return bool(news)


def _subjects(found: Finding) -> dict[str, str]:
    """What is broken, by its place, which stays while the words for a break may change."""
    broken = {f"ledger:audit/{found.broken_at}": found.parts[0]} if found.problem else {}
    rows = {f"ledger:{hashlib.sha256(each.encode()).hexdigest()[:16]}": each for each in found.rows}
    return broken | rows


def _notice(news: list[str], now: int) -> Notice:
    more = f"; and {len(news) - _MOST_NAMED} more" if len(news) > _MOST_NAMED else ""
    text = f"the ledger was changed by somebody else than the agent: {'; '.join(news[:_MOST_NAMED])}{more}"
    return Notice(
        id=hashlib.sha256(f"{FORGED}/{now}/{text}".encode()).hexdigest()[:32],
        kind=NoticeKind.ACTION,
        why="somebody has written into the ledger's file, and this is for whoever answers for it",
        at=now,
        rule="ledger",
        tier=CRITICAL,
        severity="critical",
        state="failed",
        dedup_key=f"{FORGED}/{now}",
        summary=text,
        next_command="burndeck audit verify",
    )


def _head(reader: LedgerReader) -> ChainHead:
    """Where the log ends now: what stands before is for the proof of everything."""
    seq, digest, _ = tuple(reader.rows("audit_head")[0])
    return ChainHead(seq, digest.decode("utf-8", "replace")) if seq else EMPTY
