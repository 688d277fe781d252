"""One row of triage taken apart: whose it is, which cap binds, what drives its rise, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.analytics.cause import MODEL_DAYS, Features, known_age, told_cause
from agent.domain.allocation import Allocation
from agent.domain.cause import Cause
from agent.domain.words import percent
from agent.ledger.kinds import SCOPE_KINDS, Kind
from agent.reports.allocation_burn import burning_at
from agent.reports.baselines import Baseline, ordinary_cells, past_cells
from agent.reports.budgets import budgets
from agent.reports.burn_report import Budget
from agent.reports.cells import Cell, Names, read_cells, read_names
from agent.reports.drivers import Kinds, by_kind, drivers
from agent.reports.figure import change_of, share_of
from agent.reports.history import first_known
from agent.reports.layers import truth_of_window
from agent.reports.moment import DAY, moment
from agent.reports.selection import select
from agent.reports.triage_report import KeyFacts, TriageDetail, TriageReport

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_OWNED = (
    Kind.OWNER,
    Kind.TEAM,
    Kind.PROJECT,
    Kind.ENVIRONMENT,
    Kind.COST_CENTER,
    Kind.BILLING_GROUP,
    Kind.DEPARTMENT,
)


def detail(
    reader: LedgerReader, settings: Settings, report: TriageReport, kind: Kind, value: str
) -> TriageDetail:
    """One value of a dimension, in the window and against the baseline of `report`."""
    with reader.snapshot():
        settings = settings_now(settings, reader.action_store(), report.now if report.live else report.at)
        return _Detail(reader, settings, report, kind, value).detail()


class _Detail:
    """One detail being made."""

    def __init__(
        self, reader: LedgerReader, settings: Settings, report: TriageReport, kind: Kind, value: str
    ) -> None:
        self.reader = reader
        self.settings = settings
        self.report = report
        self.kind = kind
        self.value = value
        self.names: Names = read_names(reader)
        wanted = [(kind, value)] + ([report.within] if report.within else [])
        self.selection = selection = select(reader, self.names, wanted)
        contexts = selection.context_list()
        whole = read_cells(reader, self.names, report.start, report.at)
        self.cells: list[Cell] = selection.keep(whole.values())
        baseline = Baseline.of_report(report)
        self.past = [selection.keep(cells) for cells in past_cells(reader, self.names, baseline, contexts)]
        self.usual: list[Cell] = ordinary_cells(baseline, self.past)
        by_account = self.names.requests(Kind.ACCOUNT, self.cells)
        self.truth = truth_of_window(reader, report.start, report.at, by_account)

    def detail(self) -> TriageDetail:
        now = by_kind(self.reader, self.names, self.cells)
        usual = by_kind(self.reader, self.names, self.usual)
        nano, expected = now.credits_nano, usual.credits_nano
        owned = {kind: self._largest(kind) for kind in _OWNED}
        chain, binding = self._chain()
        first_seen = self._first_seen()
        cause, sentence = self._cause(now, usual, owned[Kind.ENVIRONMENT], first_seen)
        requests, errors = int(now.total("requests")), int(now.total("errors"))
        timed = sum(cell.latency_count for cell in self.cells)
        usual_at = self.report.baseline[0][0] if self.report.baseline else self.report.start
        return TriageDetail(
            kind=self.kind,
            value=self.value,
            label=self._label(),
            window_s=self.report.window_s,
            now=self.truth.credits(nano),
            usual=self.truth.credits(expected),
            rise=self.truth.credits(nano - expected),
            owner=owned[Kind.OWNER],
            team=owned[Kind.TEAM],
            project=owned[Kind.PROJECT],
            environment=owned[Kind.ENVIRONMENT],
            cost_center=owned[Kind.COST_CENTER],
            billing_group=owned[Kind.BILLING_GROUP],
            department=owned[Kind.DEPARTMENT],
            requests=requests,
            errors=errors,
            error_share=share_of(errors, requests) if timed or errors else None,
            latency_ms=_mean(sum(cell.latency_ms for cell in self.cells), timed),
            first_seen=first_seen,
            key=self._key() if self.kind is Kind.API_KEY else None,
            budgets=chain,
            binding=binding,
            drivers=drivers(
                self.reader, now, usual, self.report.window_s, at=self.report.at, usual_at=usual_at
            ),
            cause=cause,
            sentence=sentence,
        )

    def _label(self) -> str:
        if self.kind not in (Kind.API_KEY, Kind.PROJECT):
            return self.value
        for row in self.reader.rows("directory_names"):
            if row["kind"] == self.kind and row["id"] == self.value:
                return str(row["name"])
        return self.value

    def _largest(self, kind: Kind) -> str:
        """The value of a dimension that burns most in the row, now or else usually."""
        for cells in (self.cells, self.usual):
            sums = self.names.sums(kind, cells)
            if sums:
                ident = max(sums, key=lambda each: (*sums[each][:2], -each))
                self.names.learn(self.reader, [ident])
                return self.names.name(ident)
        return ""

    def _chain(self) -> tuple[tuple[Budget, ...], Budget | None]:
        """The allocations that the row burns against, widest first, and the one whose cap bites first."""
        mine = [allocation for allocation in self.settings.allocations if self._counts_for(allocation)]
        mine.sort(key=lambda allocation: allocation.scope.kind.depth)
        when = replace(moment(self.reader, self.report.now), at=self.report.at)
        rows, runway = budgets(mine, burning_at(self.reader, self.settings, when, mine))
        by_id = {row.allocation_id: row for row in rows}
        binding = None if runway is None else by_id[runway.allocation_id]
        return tuple(by_id[allocation.id] for allocation in mine), binding

    def _counts_for(self, allocation: Allocation) -> bool:
        """Whether anything in the row burns, now or usually, against an allocation."""
        kind = SCOPE_KINDS[allocation.scope.kind]
        if kind is self.kind:
            return allocation.scope.value == self.value
        return kind is Kind.TOTAL or allocation.scope.value in self._burning(kind)

    def _burning(self, kind: Kind) -> set[str]:
        """The values of a dimension that burn in the row."""
        sums = self.names.sums(kind, [*self.cells, *self.usual])
        idents = [ident for ident, found in sums.items() if any(found[:2])]
        self.names.learn(self.reader, idents)
        return {self.names.name(ident) for ident in idents}

    def _first_seen(self) -> int | None:
        if self.kind not in (Kind.API_KEY, Kind.MODEL):
            return None
        row = self.reader.one("first_seen_of", {"kind": int(self.kind), "value": self.value})
        return None if row is None else int(row["at"])

    def _key(self) -> KeyFacts | None:
        row = self.reader.one("directory_key_of", {"id": self.value})
        if row is None:
            return None
        created = row["created_at"]
        return KeyFacts(
            name=row["name"],
            redacted=row["redacted"],
            owner=row["owner_name"] or row["owner_id"],
            owner_type=row["owner_type"],
            created_at=created,
            age_s=None if created is None else max(0, self.report.at - created),
            last_used_at=row["last_used_at"],
            removed_at=row["removed_at"],
        )

    def _models_before(self) -> frozenset[str]:
        """Models that the row called in the compared windows, or at the same hours of the last days."""
        called = self._models(cell for cells in self.past for cell in cells)
        # Only a model that looks new is worth reading more of the past for.
        if not self._models(self.cells) <= called:
            days = (day * DAY for day in range(1, MODEL_DAYS + 1))
            windows = tuple((self.report.start - back, self.report.at - back) for back in days)
            lately = replace(Baseline.of_report(self.report), windows=windows, hourly=True)
            contexts = self.selection.context_list()
            for cells in past_cells(self.reader, self.names, lately, contexts):
                called |= self._models(self.selection.keep(cells))
        return called

    def _models(self, cells: Iterable[Cell]) -> frozenset[str]:
        return frozenset(self.names.service_name(self.reader, Kind.MODEL, cell) for cell in cells)

    def _cause(
        self, now: Kinds, usual: Kinds, environment: str, first_seen: int | None
    ) -> tuple[Cause | None, str]:
        """The likely cause, and a sentence that says what happened and what shows it."""
        nano, expected = now.credits_nano, usual.credits_nano
        change = change_of(nano, expected)
        if not self.report.baseline:
            return None, f"{self._label()} has no history to compare with"
        of_key = self.kind is Kind.API_KEY
        features = Features(
            now=now.for_cause(),
            usual=usual.for_cause(),
            environment=environment,
            age_s=known_age(first_seen, first_known(self.reader), self.report.at) if of_key else None,
            models_before=self._models_before(),
        )
        cause, seen = told_cause(features)
        if cause is None and nano <= expected:
            return None, f"{self._label()} {seen}"
        size = "burns, where nothing is usual" if change is None else f"burns {percent(change)} against usual"
        return cause, f"{self._label() or 'unattributed'} {size}: {seen}"


def _mean(total: int, count: int) -> Decimal | None:
    return (Decimal(total) / count).quantize(Decimal("0.1")) if count else None
