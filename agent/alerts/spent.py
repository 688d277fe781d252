"""What the scopes of allocations have burnt in a month, exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agent.alerts.month import Month
from agent.domain.allocation import Allocation, Scope
from agent.ledger.kinds import SCOPE_KINDS

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore


def burnt_by_scope(store: AlertStore, allocations: Sequence[Allocation], month: Month) -> Mapping[Scope, int]:
    """Nano-credits of the month so far by scope."""
    kinds = {SCOPE_KINDS[allocation.scope.kind] for allocation in allocations}
    if not kinds:
        return {}
    burnt = Counter(store.burnt_days(month.days, kinds))
    burnt.update(store.burnt_hours(month.hours, kinds))
    start, end = month.part
    if start < end:
        burnt.update(store.burnt_part(start, end, kinds))
    return {
        allocation.scope: burnt[int(SCOPE_KINDS[allocation.scope.kind]), allocation.scope.value]
        for allocation in allocations
    }
