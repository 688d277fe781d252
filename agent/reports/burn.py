"""The burn report: what burns now, against what is usual, against the caps, and how far it can be trusted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.analytics.baseline import HOUR, WEEK, WEEKS, Expected, Seasonal, step_noise
from agent.analytics.month import Month, month_of
from agent.domain.money import NANO
from agent.ledger.kinds import MINUTE_KINDS, Kind
from agent.reports.alerts import open_alerts
from agent.reports.allocation_burn import burning_at
from agent.reports.budgets import budgets
from agent.reports.burn_report import (
    Budget,
    BurnReport,
    BurnRow,
    CostPerInference,
    Forecast,
    Point,
    Runway,
    Series,
    UnpricedRow,
    Usual,
)
from agent.reports.burn_rows import RowMaker
from agent.reports.cells import Cells, Names, read_cells, read_names
from agent.reports.changes import marked
from agent.reports.conversion import CURRENCY, Conversion
from agent.reports.empty import empty_burn
from agent.reports.figure import Figure, change_of, per_minute, share_of
from agent.reports.forecasts import forecast
from agent.reports.history import first_known, whole_hours
from agent.reports.layers import Truth, truth, truth_of_window
from agent.reports.moment import DAY, MINUTE, Moment, moment
from agent.reports.plots import last_day, last_hour
from agent.reports.rolled import Counts, Rolled, Sums
from agent.reports.status_line import read_status

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

__all__ = [
    "Budget",
    "BurnReport",
    "BurnRow",
    "CostPerInference",
    "Forecast",
    "Point",
    "Runway",
    "Series",
    "UnpricedRow",
    "Usual",
    "burn",
]

MEASURED_S = 5 * MINUTE
"""`now` is the mean of so many seconds: shorter is chance, longer is late."""


def burn(reader: LedgerReader, settings: Settings, now: float, *, at: float | None = None) -> BurnReport:
    """The burn at the end of the newest complete minute, or at an earlier instant `at`."""
    with reader.snapshot():
        when = moment(reader, now, at)
        if when.as_of is None:
            return empty_burn(reader, settings, when)
        settings = settings_now(settings, reader.allocation_changes(), when.now if at is None else when.at)
        return _Burn(reader, settings, when).report()


class _Burn:
    """One report being made: what several of its parts need is read once."""

    def __init__(self, reader: LedgerReader, settings: Settings, when: Moment) -> None:
        self.reader = reader
        self.settings = settings
        self.when = when
        self.at = when.at
        self.month: Month = month_of(max(self.at - 1, 0), settings.organization.time_zone)
        self.names: Names = read_names(reader)
        self.rolled = Rolled(reader, self.names, when.as_of or when.at)
        self.conversion = Conversion(reader, settings)
        self.start = self.at - MEASURED_S
        self.cells: Cells = read_cells(reader, self.names, self.start, self.at)
        by_account = self.names.requests(Kind.ACCOUNT, self.cells.values())
        self.truth_now: Truth = truth_of_window(reader, self.start, self.at, by_account)
        self.truth_day: Truth = truth(reader, self.at - DAY, self.at)
        self.truth_month: Truth = truth(reader, self.month.start, self.at, days=True)
        hours = self.rolled.hours(Kind.TOTAL, (self.at - (WEEKS + 1) * WEEK) // HOUR * HOUR, self.at)
        since = whole_hours(first_known(reader))
        known = {hour: nano for hour, nano in hours.get(0, {}).items() if hour >= since}
        self.seasonal = Seasonal(known, self.at // HOUR * HOUR)
        self._now: dict[Kind, Sums] = {}
        self._used: dict[Kind, Sums] = {}

    def report(self) -> BurnReport:
        nano = self.now_by(Kind.TOTAL).get(0, 0)
        usual = self._expected()
        month_to_date = self.used(Kind.TOTAL).get(0, 0)
        burning = burning_at(self.reader, self.settings, self.when)
        caps, runway = budgets(self.settings.allocations, burning)
        totals = {days: self._total(days) for days in (1, 7, 30)}
        rows = RowMaker(
            reader=self.reader,
            rolled=self.rolled,
            names=self.names,
            cells=self.cells,
            seasonal=self.seasonal,
            at=self.at,
            measured_s=MEASURED_S,
            truth=self.truth_now,
            day_truth=self.truth_day,
        )
        return BurnReport(
            at=self.at,
            now=self.when.now,
            live=self.when.live,
            empty="",
            organization=self.settings.organization.name or self.settings.organization.id,
            currency=CURRENCY,
            measured_over_s=MEASURED_S,
            burn=self.truth_now.rate(nano, MEASURED_S),
            burn_money=self.conversion.per_hour(self.truth_now, self.now_by(Kind.BILLING_GROUP), MEASURED_S),
            usual=self._usual(usual),
            change=None if usual is None else change_of(nano * HOUR, usual.value * MEASURED_S),
            verdict=_verdict(nano * HOUR // MEASURED_S, usual),
            requests=self._requests(),
            hour=self._marked(last_hour(self.rolled, self.seasonal, self.at, self.truth_now)),
            day=self._marked(last_day(self.rolled, self.seasonal, self.at, self.truth_day)),
            total_24h=totals[1][0],
            total_7d=totals[7][0],
            total_30d=totals[30][0],
            money_24h=totals[1][1],
            money_7d=totals[7][1],
            money_30d=totals[30][1],
            month_to_date=self.truth_month.credits(month_to_date),
            month_money=self.conversion.figure(self.truth_month, self.used(Kind.BILLING_GROUP)),
            month_start=self.month.start,
            month_end=self.month.end,
            budgets=caps,
            runway=runway,
            forecast=forecast(
                self.reader, self.rolled, self.settings, self.month, self.at, month_to_date, self.truth_month
            ),
            cost_per_inference=self._cost_per_inference(),
            attributed=self._attributed(),
            teams=rows.rows(Kind.TEAM),
            models=rows.rows(Kind.MODEL),
            alerts=open_alerts(self.reader, self.when.now if self.when.live else self.at),
            unpriced=self._unpriced(),
            status=read_status(self.reader, self.settings, self.when, self.truth_day),
        )

    def _marked(self, series: Series) -> Series:
        return marked(self.reader, series, self.at)

    @property
    def _middle(self) -> float:
        """The middle of the measured stretch: what is usual is asked of that instant."""
        return self.at - MEASURED_S / 2

    def now_by(self, kind: Kind) -> Sums:
        """Nano-credits of the measured stretch, by id."""
        if kind not in self._now:
            self._now[kind] = (
                self.rolled.credits(kind, self.start, self.at)
                if kind in MINUTE_KINDS
                else self.names.credits(kind, self.cells.values())
            )
        return self._now[kind]

    def used(self, kind: Kind) -> Sums:
        """Nano-credits of the month so far, by id."""
        if kind not in self._used:
            self._used[kind] = self.rolled.credits(kind, self.month.start, self.at, days=True)
        return self._used[kind]

    def _requests(self) -> Figure:
        count = sum(cell.requests for cell in self.cells.values())
        return self.truth_now.figure(per_minute(round(count * NANO), MEASURED_S), "requests/min")

    def _expected(self) -> Expected | None:
        minutes = self.rolled.minutes(Kind.TOTAL, self.at - HOUR, self.at).get(0, {})
        single = step_noise([minutes.get(minute, 0) for minute in range(self.at - HOUR, self.at, MINUTE)])
        return self.seasonal.at(self._middle, noise=single / (MEASURED_S / MINUTE) ** 0.5)

    def _usual(self, expected: Expected | None) -> Usual:
        if expected is None:
            unknown = Figure(None, "credits/min")
            return Usual(unknown, unknown, unknown, "none", 0, "no history to compare with")
        return Usual(
            expected=self.truth_now.rate(expected.value, HOUR),
            low=self.truth_now.rate(expected.low, HOUR),
            high=self.truth_now.rate(expected.high, HOUR),
            basis=expected.basis.name,
            samples=len(expected.basis.offsets),
            sentence=expected.basis.sentence,
        )

    def _total(self, days: int) -> tuple[Figure, Figure]:
        """Credits and money of the last days; the edges are cut to the minute."""
        start = self.at - days * DAY
        whole = days > 1
        layers = self.truth_day if days == 1 else truth(self.reader, start, self.at, days=True)
        total = self.rolled.total(start, self.at, days=whole)
        if self.conversion.uniform:
            return layers.credits(total), self.conversion.figure(layers, {0: total})
        groups = self.rolled.credits(Kind.BILLING_GROUP, start, self.at, days=whole)
        return layers.credits(total), self.conversion.figure(layers, groups)

    def _cost_per_inference(self) -> CostPerInference:
        day = self.rolled.counts(Kind.TOTAL, self.at - DAY, self.at).get(0, Counts())
        if not day.completions:
            unknown = Figure(None, "credits/inference", self.truth_day.layer, self.at)
            return CostPerInference(unknown, unknown, 0, DAY)

        def each(nano: int) -> Figure:
            return self.truth_day.figure(per_minute(nano, day.completions * 60), "credits/inference")

        return CostPerInference(
            each(day.credits_nano), each(day.completion_credits_nano), day.completions, DAY
        )

    def _attributed(self) -> Decimal | None:
        """The share of the last day's credits that has a team, or of its requests if nothing has a price."""
        counts = self.rolled.counts(Kind.TEAM, self.at - DAY, self.at)
        teams = {ident: each.credits_nano for ident, each in counts.items()}
        if not any(teams.values()):
            teams = {ident: each.requests for ident, each in counts.items()}
        nobody = self.reader.rows("dim_ids", {"kind": int(Kind.TEAM), "names": [""]})
        unknown = sum(teams.get(row["id"], 0) for row in nobody)
        whole = sum(teams.values())
        return share_of(whole - unknown, whole)

    def _unpriced(self) -> tuple[UnpricedRow, ...]:
        counts = self.rolled.counts(Kind.MODEL, self.at - DAY, self.at)
        found = {ident: each for ident, each in counts.items() if each.unpriced > 0}
        self.names.learn(self.reader, found)
        rows = [
            UnpricedRow(self.names.name(ident), each.unpriced, each.tokens_input, each.tokens_output)
            for ident, each in found.items()
        ]
        return tuple(sorted(rows, key=lambda row: (-row.requests, row.model)))


def _verdict(nano_per_hour: int, usual: Expected | None) -> str:
    if usual is None:
        return "unknown"
    if nano_per_hour > usual.high:
        return "above"
    return "below" if nano_per_hour < usual.low else "usual"
