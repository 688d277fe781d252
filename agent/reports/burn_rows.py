"""The tables of the Burn screen: teams and models, now against usual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.analytics.baseline import Seasonal, between_hours, middle
from agent.domain.money import NANO
from agent.ledger.kinds import Kind
from agent.reports.burn_report import BurnRow
from agent.reports.cells import Cells, Names
from agent.reports.figure import change_of, per_minute, share_of
from agent.reports.layers import Truth
from agent.reports.moment import DAY, HOUR, MINUTE
from agent.reports.rolled import Rolled

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_SPARK_MINUTES = 60


@dataclass(frozen=True, slots=True)
class RowMaker:
    """Makes the rows of one report. `cells` are those of the measured stretch, which ends at `at`."""

    reader: LedgerReader
    rolled: Rolled
    names: Names
    cells: Cells
    seasonal: Seasonal
    at: int
    measured_s: int
    truth: Truth
    day_truth: Truth

    def rows(self, kind: Kind) -> tuple[BurnRow, ...]:
        """One row a team or model that burnt within a day, the largest burn first."""
        now = self.rolled.credits(kind, self.at - self.measured_s, self.at)
        day = self.rolled.credits(kind, self.at - DAY, self.at)
        requests = self.names.requests(kind, self.cells.values())
        # Where nothing has a price, requests still say who is busy.
        idents = sorted(
            {*now, *day},
            key=lambda ident: (-now.get(ident, 0), -requests.get(ident, 0), -day.get(ident, 0), ident),
        )
        self.names.learn(self.reader, idents)
        middle_at = self.at - self.measured_s / 2
        compared = bool(self.seasonal.basis(int(middle_at // HOUR) * HOUR).offsets)
        usual = usual_rates(self.rolled, kind, middle_at, self.seasonal)
        sparklines = self._sparklines(kind, idents)
        whole = sum(now.values())
        rows = []
        for ident in idents:
            nano, expected = now.get(ident, 0), usual.get(ident, 0)
            rows.append(
                BurnRow(
                    kind=kind,
                    name=self.names.name(ident),
                    now=self.truth.rate(nano, self.measured_s),
                    usual=self.truth.rate(expected if compared else None, HOUR),
                    change=change_of(nano * HOUR, expected * self.measured_s),
                    share=share_of(nano, whole),
                    sparkline=sparklines[ident],
                    day=self.day_truth.credits(day.get(ident, 0)),
                    requests=per_minute(round(requests.get(ident, 0) * NANO), self.measured_s),
                )
            )
        return tuple(rows)

    def _sparklines(self, kind: Kind, idents: Iterable[int]) -> dict[int, tuple[Decimal | None, ...]]:
        """Credits a minute of the last hour; None where nobody knows how an hour spread over its minutes."""
        start = self.at - _SPARK_MINUTES * MINUTE
        known = self.rolled.minutes(kind, start, self.at)
        first = min((minute for minutes in known.values() for minute in minutes), default=self.at)

        def line(minutes: Mapping[int, int]) -> tuple[Decimal | None, ...]:
            return tuple(
                per_minute(minutes.get(minute, 0), MINUTE) if minute >= first else None
                for minute in range(start, self.at, MINUTE)
            )

        return {ident: line(known.get(ident, {})) for ident in idents}


def usual_rates(rolled: Rolled, kind: Kind, instant: float, seasonal: Seasonal) -> Mapping[int, int]:
    """Usual nano-credits an hour by id, at an instant: of the hours that the whole is compared with."""
    first = int((instant - HOUR / 2) // HOUR) * HOUR
    compared = {
        hour: [hour - offset for offset in seasonal.basis(hour).offsets] for hour in (first, first + HOUR)
    }
    known = rolled.hours_at(kind, sorted({past for hours in compared.values() for past in hours}))

    def rate(amounts: Mapping[int, int]) -> int:
        def hourly(hour: int) -> int | None:
            past = compared[hour]
            return middle([amounts.get(each, 0) for each in past]) if past else None

        return between_hours(instant, hourly)

    return {ident: rate(amounts) for ident, amounts in known.items()}
