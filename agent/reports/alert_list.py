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
    environment: str = ""
    unit: str = "credits/min"  # of current and expected
    severity: str = "warning"  # info | warning | error | critical
    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    acknowledge_by: int | None = None  # when it escalates unless somebody takes it
    escalated_at: int | None = None
    muted_by: str = ""  # silence:3 | alert:17
    told_at: int | None = None
    told: int = 0  # how often people were told of it
    above: Decimal = Decimal(0)  # credits above what is expected, since it started
    incident: int | None = None

    @property
    def live(self) -> bool:
        """It fires, whether or not somebody has taken it."""
        return self.state in ("firing", "acknowledged")
