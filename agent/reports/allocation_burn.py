"""What every report on allocations shares: the month so far, and the burn of the last quarter of an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.analytics.month import month_of
from agent.ledger.kinds import Kind
from agent.reports.budgets import Burning
from agent.reports.cells import read_cells, read_names
from agent.reports.layers import Truth, truth
from agent.reports.moment import MINUTE, Moment
from agent.reports.rolled import Rolled

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

MEASURED_S = 15 * MINUTE
"""The burn that runways rest on is the mean of so many seconds."""
_NO_TRUTH = Truth(None, {}, ())


def burning_at(reader: LedgerReader, settings: Settings, when: Moment) -> Burning:
    """What allocations are judged by at a moment; nothing burns in an empty ledger."""
    at = when.at
    month = month_of(max(at - 1, 0), settings.organization.time_zone)
    if when.as_of is None:
        return Burning(_nothing, _nothing, MEASURED_S, _NO_TRUTH, _NO_TRUTH, month.end, at)
    names, start = read_names(reader), at - MEASURED_S
    rolled = Rolled(reader, names, when.as_of)
    cells = read_cells(reader, names, start, at)
    return Burning(
        used=lambda kind: rolled.credits(kind, month.start, at, days=True),
        burn=lambda kind: names.credits(kind, cells.values()),
        burn_s=MEASURED_S,
        used_truth=truth(reader, month.start, at, days=True),
        burn_truth=truth(reader, start, at),
        month_end=month.end,
        at=at,
    )


def _nothing(kind: Kind) -> dict[int, int]:
    return {}
