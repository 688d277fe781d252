"""The tables of the Burn screen: teams and models, now against usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.analytics.baseline import Seasonal, between_hours, middle
from agent.ledger.kinds import Kind
from agent.reports.burn_report import BurnRow
from agent.reports.cells import Names
from agent.reports.figure import change_of, per_minute, share_of
from agent.reports.layers import Truth
from agent.reports.moment import DAY, HOUR, MINUTE
from agent.reports.rolled import Rolled

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_SPARK_MINUTES = 60


def burn_rows(
    reader: LedgerReader,
    rolled: Rolled,
    names: Names,
    kind: Kind,
    at: int,
    measured_s: int,
    seasonal: Seasonal,
    truth: Truth,
    day_truth: Truth,
) -> tuple[BurnRow, ...]:
    """One row a team or model that burnt within a day, the largest burn first."""
    start = at - measured_s
    now = rolled.credits(kind, start, at)
    day = rolled.credits(kind, at - DAY, at)
    middle_at = at - measured_s / 2
    compared = bool(seasonal.basis(int(middle_at // HOUR) * HOUR).offsets)
    usual = usual_rates(rolled, kind, middle_at, seasonal)
    minutes = rolled.minutes(kind, at - _SPARK_MINUTES * MINUTE, at)
    requests = _requests(reader, kind, start, at)
    whole = sum(now.values())
    # Where nothing has a price, requests still say who is busy.
    idents = sorted(
        {*now, *day},
        key=lambda ident: (-now.get(ident, 0), -requests.get(ident, 0), -day.get(ident, 0), ident),
    )
    names.learn(reader, idents)
    rows = []
    for ident in idents:
        nano, expected = now.get(ident, 0), usual.get(ident, 0)
        known = minutes.get(ident, {})
        rows.append(
            BurnRow(
                kind=kind,
                name=names.name(ident),
                now=truth.rate(nano, measured_s),
                usual=truth.rate(expected if compared else None, HOUR),
                change=change_of(nano * HOUR, expected * measured_s),
                share=share_of(nano, whole),
                sparkline=tuple(
                    per_minute(known.get(minute, 0), MINUTE)
                    for minute in range(at - _SPARK_MINUTES * MINUTE, at, MINUTE)
                ),
                day=day_truth.credits(day.get(ident, 0)),
                requests=per_minute(requests.get(ident, 0) * 10**9, measured_s),
            )
        )
    return tuple(rows)


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


def _requests(reader: LedgerReader, kind: Kind, start: int, end: int) -> Mapping[int, int]:
    sums: dict[int, int] = {}
    for row in reader.rows("minutes_of", {"kind": int(kind), "start": start, "end": end}):
        sums[row["id"]] = sums.get(row["id"], 0) + row["requests"]
    return sums
