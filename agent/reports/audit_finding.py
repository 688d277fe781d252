"""What audits of keys and caps find: each with its amount, who it is about, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.ledger.kinds import Kind
from agent.reports.cells import Names, read_names
from agent.reports.figure import Figure, share_of
from agent.reports.layers import Truth, truth
from agent.reports.moment import DAY, NOTHING, moment
from agent.reports.rolled import Counts, Rolled

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing to mend. Amounts of findings may overlap: the same traffic can lack several things."""

    kind: str  # untagged | no_allocation | unpriced_model | ...
    subject: str  # `team:search`, `api_key:key_abc`, `model:gpt-5`, or nothing
    what: str
    fix: str
    amount: Figure | None = None  # what burnt so; None where it is not about burn
    share: Decimal | None = None  # of everything that burnt
    requests: int | None = None
    keys: tuple[str, ...] = ()  # that it is about, the one that burnt most first
    at_most: bool = False  # the amount is that of whole keys, of which only a part burnt so


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All findings of an audit, and the stretch of time that it looked at: whole UTC days and today."""

    start: int
    end: int
    whole: Figure  # everything that burnt in it
    findings: tuple[AuditFinding, ...]
    keys: int = 0  # that were looked at
    empty: str = ""  # what to do where the ledger has no usage


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days of an audit and what burnt in them, by any dimension, billed where it is billed."""

    at: int
    start: int
    names: Names
    rolled: Rolled
    truth: Truth
    unbilled: Truth  # of the same days without their bills
    reader: LedgerReader
    whole_nano: int

    @property
    def end(self) -> int:
        """End of the UTC day that is under way."""
        return -(-self.at // DAY) * DAY

    def counts(self, kind: Kind, *, billed: bool = True) -> dict[str, Counts]:
        """Everything by name; a bill names no endpoint, so those are counted without bills."""
        end = self.end if billed else self.at
        found = self.rolled.counts(kind, self.start, end, days=billed)
        self.names.learn(self.reader, found)
        return {self.names.name(ident): counts for ident, counts in found.items()}

    def share(self, nano: int) -> Decimal | None:
        """A part of everything."""
        return share_of(nano, self.whole_nano)

    @property
    def days(self) -> int:
        """How many UTC days it touches."""
        return (self.end - self.start) // DAY

    def figure(self, nano: int, *, billed: bool = True) -> Figure:
        """Credits with the layer and age of the stretch."""
        return (self.truth if billed else self.unbilled).credits(nano)


def stretch_of(reader: LedgerReader, now: float, since_s: int) -> Stretch | None:
    """The last so many seconds, from the beginning of a UTC day on; None for an empty ledger."""
    when = moment(reader, now)
    if when.as_of is None:
        return None
    names = read_names(reader)
    start = (when.at - since_s) // DAY * DAY
    rolled = Rolled(reader, names, when.as_of)
    end = -(-when.at // DAY) * DAY
    whole = rolled.total(start, end, days=True)
    return Stretch(
        at=when.at,
        start=start,
        names=names,
        rolled=rolled,
        truth=truth(reader, start, when.at, days=True),
        unbilled=truth(reader, start, when.at),
        reader=reader,
        whole_nano=whole,
    )


def report_of(stretch: Stretch, findings: Iterable[AuditFinding], *, keys: int = 0) -> AuditReport:
    """The findings, the dearest first, then those that are not about burn."""
    ordered = sorted(findings, key=lambda each: -_size(each))
    whole = stretch.figure(stretch.whole_nano)
    return AuditReport(stretch.start, stretch.at, whole, tuple(ordered), keys)


def empty_report(now: float, findings: Iterable[AuditFinding] = ()) -> AuditReport:
    """The report on a ledger without usage."""
    return AuditReport(int(now), int(now), Figure(None, "credits"), tuple(findings), empty=NOTHING)


def named(keys: Iterable[str]) -> str:
    """The first few names and how many more there are."""
    listed = list(keys)
    more = len(listed) - MOST_NAMED
    return ", ".join(listed[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _size(finding: AuditFinding) -> Decimal:
    if finding.amount is None or finding.amount.value is None:
        return Decimal(-1)
    return finding.amount.value
