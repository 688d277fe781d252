"""What every report on allocations shares: how they stand at a moment, and how far that is to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.analytics.month import month_of
from agent.analytics.runway import BURN_S
from agent.reports.budgets import Burning
from agent.reports.layers import Truth, truth
from agent.runways import Standing, standings

if TYPE_CHECKING:
    from collections.abc import Collection

    from agent.domain.allocation import Allocation
    from agent.ledger.reader import LedgerReader
    from agent.reports.moment import Moment
    from agent.settings import Settings

_NO_TRUTH = Truth(None, {}, ())


def burning_at(
    reader: LedgerReader, settings: Settings, when: Moment, allocations: Collection[Allocation] | None = None
) -> Burning:
    """What allocations (by default all) are judged by at a moment; nothing burns in an empty ledger."""
    zone, at = settings.organization.time_zone, when.at
    asked = settings.allocations if allocations is None else allocations
    month = month_of(max(at - 1, 0), zone)
    if when.as_of is None:
        nothing = {each.id: Standing(each, 0, 0, at, month.end) for each in asked}
        return Burning(nothing, _NO_TRUTH, _NO_TRUTH)
    return Burning(
        standings(reader.allocation_changes().burn, asked, at, zone, known_to=when.as_of),
        used_truth=truth(reader, month.start, at, days=True),
        burn_truth=truth(reader, at - BURN_S, at),
    )
