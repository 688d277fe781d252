"""The triage report: whose rise it is. A window against the same weekday and hour of recent weeks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.domain.money import NANO
from agent.ledger.kinds import Kind
from agent.reports.baselines import Baseline, Usual, find_baseline, past_cells, usual_by_id, usual_by_kind
from agent.reports.cells import Cell, read_cells, read_names
from agent.reports.figure import Figure, change_of, per_minute, share_of
from agent.reports.layers import Truth, truth_of_window
from agent.reports.moment import MINUTE, NOTHING, Moment, moment
from agent.reports.selection import Within, select
from agent.reports.triage_detail import detail
from agent.reports.triage_report import (
    TRIAGE_KINDS,
    Driver,
    KeyFacts,
    TriageDetail,
    TriageReport,
    TriageRow,
    TriageTable,
)

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

__all__ = [
    "TRIAGE_KINDS",
    "WINDOW_S",
    "Driver",
    "KeyFacts",
    "TriageDetail",
    "TriageReport",
    "TriageRow",
    "TriageTable",
    "detail",
    "triage",
]

WINDOW_S = 15 * MINUTE
_NOTHING_NOW = (0, 0.0, False)


def triage(
    reader: LedgerReader,
    settings: Settings,
    now: float,
    *,
    window_s: int = WINDOW_S,
    at: float | None = None,
    within: Within | None = None,
) -> TriageReport:
    """The window that ends with the newest complete minute, or at an earlier instant `at`.

    `within` keeps one team, project, key, ...: the next level of a drill. `window_s` is rounded up to whole
    minutes.
    """
    window_s = max(MINUTE, -(-window_s // MINUTE) * MINUTE)
    with reader.snapshot():
        when = moment(reader, now, at)
        if when.as_of is None:
            return _empty(when, window_s, within)
        return _Triage(reader, when, window_s, within).report()


class _Triage:
    """One report being made."""

    def __init__(self, reader: LedgerReader, when: Moment, window_s: int, within: Within | None) -> None:
        self.reader = reader
        self.when = when
        self.window_s = window_s
        self.within = within
        self.start, self.end = when.at - window_s, when.at
        self.names = read_names(reader)
        self.labels = read_labels(reader)
        self.selection = select(reader, self.names, [within] if within else [])
        cells = read_cells(reader, self.names, self.start, self.end, self.selection.context_list())
        self.cells: list[Cell] = self.selection.keep(cells.values())
        by_account = self.names.requests(Kind.ACCOUNT, self.cells)
        self.truth: Truth = truth_of_window(reader, self.start, self.end, by_account)
        self._unknown: Figure = self.truth.rate(None, self.window_s)
        self.baseline: Baseline = find_baseline(reader, self.start, self.end)

    def report(self) -> TriageReport:
        cells = self.cells
        usual_of = self._usual()
        nano = sum(cell.credits_nano for cell in cells)
        usual = usual_of(Kind.TOTAL).get(0, (0, 0))[0]
        compared = self.baseline.name != "none"
        return TriageReport(
            at=self.end,
            now=self.when.now,
            live=self.when.live,
            empty="",
            window_s=self.window_s,
            start=self.start,
            within=self.within,
            basis=self.baseline.name,
            baseline=self.baseline.windows,
            basis_sentence=self.baseline.sentence,
            burn=self.truth.rate(nano, self.window_s),
            usual=self.truth.rate(usual if compared else None, self.window_s),
            rise=self.truth.rate(nano - usual if compared else None, self.window_s),
            change=change_of(nano, usual),
            tables=tuple(self._table(kind, cells, usual_of(kind)) for kind in TRIAGE_KINDS),
        )

    def _usual(self) -> Callable[[Kind], Usual]:
        """How an ordinary window is read: from hours for the whole, from cells inside something."""
        if self.selection.everything and (self.baseline.hourly or not self.baseline.windows):
            by_kind = usual_by_kind(self.reader, self.baseline, (Kind.TOTAL, *TRIAGE_KINDS))
            return lambda kind: by_kind[kind]
        contexts = self.selection.context_list()
        windows = [
            self.selection.keep(cells)
            for cells in past_cells(self.reader, self.names, self.baseline, contexts)
        ]
        return lambda kind: usual_by_id(self.names, self.baseline, windows, kind)

    def _table(self, kind: Kind, cells: list[Cell], usual: Usual) -> TriageTable:
        now = self.names.sums(kind, cells)
        idents = {ident for ident, found in now.items() if any(found)}
        idents |= {ident for ident, found in usual.items() if any(found)}
        self.names.learn(self.reader, idents)
        pairs = {ident: (now.get(ident, _NOTHING_NOW), usual.get(ident, (0, 0))) for ident in idents}
        # Where some fall, shares of the net rise would pass 100 %: a share is of all that rose.
        rise = sum(max(each[0] - before[0], 0) for each, before in pairs.values())
        rows = [self._row(kind, ident, *pair, rise) for ident, pair in pairs.items()]
        # Where nothing has a price, requests still say who rose.
        rows.sort(key=lambda row: (-row.rise, row.requests_usual - row.requests, row.value))
        return TriageTable(kind, tuple(rows))

    def _rate(self, nano: int) -> Figure:
        """`Truth.rate`, with what is the same for hundreds of rows worked out once."""
        same = self._unknown
        return Figure(per_minute(nano, self.window_s), same.unit, same.layer, same.as_of, same.mixed)

    def _row(
        self, kind: Kind, ident: int, now: tuple[int, float, bool], usual: tuple[int, float], rise: int
    ) -> TriageRow:
        nano, requests, estimated = now
        value = self.names.name(ident)
        return TriageRow(
            value=value,
            label=self.labels.get((kind, value), value),
            now=self._rate(nano),
            usual=self._rate(usual[0]) if self.baseline.windows else self._unknown,
            rise=per_minute(nano - usual[0], self.window_s),
            change=change_of(nano, usual[0]),
            share_of_rise=share_of(nano - usual[0], rise) if nano > usual[0] else None,
            requests=per_minute(round(requests * NANO), self.window_s),
            requests_usual=per_minute(round(usual[1] * NANO), self.window_s),
            estimated=estimated,
        )


def read_labels(reader: LedgerReader) -> dict[tuple[Kind, str], str]:
    """Names of keys and projects in the provider's directory."""
    return {(Kind(row["kind"]), row["id"]): row["name"] for row in reader.rows("directory_names")}


def _empty(when: Moment, window_s: int, within: Within | None) -> TriageReport:
    unknown = Figure(None, "credits/min")
    return TriageReport(
        at=when.at,
        now=when.now,
        live=False,
        empty=NOTHING,
        window_s=window_s,
        start=when.at - window_s,
        within=within,
        basis="none",
        baseline=(),
        basis_sentence="no history to compare with",
        burn=unknown,
        usual=unknown,
        rise=unknown,
        change=None,
        tables=tuple(TriageTable(kind, ()) for kind in TRIAGE_KINDS),
    )
