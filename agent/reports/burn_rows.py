"""The tables of the Burn screen: teams and models, now against usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.analytics.baseline import Basis, between_hours, middle
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
    basis: Basis,
    truth: Truth,
    day_truth: Truth,
) -> tuple[BurnRow, ...]:
    """One row a team or model that burnt within a day, the largest burn first."""
    start = at - measured_s
    now = rolled.credits(kind, start, at)
    day = rolled.credits(kind, at - DAY, at)
    usual = usual_rates(rolled, kind, at - measured_s / 2, basis)
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
                usual=truth.rate(expected if basis.offsets else None, HOUR),
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


def usual_rates(rolled: Rolled, kind: Kind, instant: float, basis: Basis) -> Mapping[int, int]:
    """Usual nano-credits an hour by id, at an instant: the median of the hours of the basis."""
    if not basis.offsets:
        return {}
    first = int((instant - HOUR / 2) // HOUR) * HOUR
    hours = sorted({hour - offset for hour in (first, first + HOUR) for offset in basis.offsets})
    known = rolled.hours_at(kind, hours)

    def rate(amounts: Mapping[int, int]) -> int:
        return between_hours(
            instant, lambda hour: middle([amounts.get(hour - offset, 0) for offset in basis.offsets])
        )

    return {ident: rate(amounts) for ident, amounts in known.items()}


def _requests(reader: LedgerReader, kind: Kind, start: int, end: int) -> Mapping[int, int]:
    sums: dict[int, int] = {}
    for row in reader.rows("minutes_of", {"kind": int(kind), "start": start, "end": end}):
        sums[row["id"]] = sums.get(row["id"], 0) + row["requests"]
    return sums
