"""Alerts as people read them: what `burndeck alerts` and the alert rows of screens show."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """One alert and episode."""

    id: int
    rule: str  # budget | burn_spike | ...
    tier: str  # info | warning | critical | hard_cap
    state: str  # pending | firing | acknowledged | resolved
    scope_kind: str
    scope: str
    allocation_id: str
    started_at: int
    fired_at: int | None
    resolved_at: int | None
    last_at: int
    current: Decimal  # credits (budget) or credits/min (spike)
    expected: Decimal
    threshold: str  # exact decimal
    api_key: str
    team: str
    cause: str
    summary: str
