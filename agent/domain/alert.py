"""Alerts: a signal says that a rule holds now, an alert is the episode that grows out of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


class AlertRule(enum.StrEnum):
    """What was judged."""

    BUDGET = "budget"  # burn of the month against an allocation
    BURN_SPIKE = "burn_spike"  # burn against what is usual


class AlertState(enum.StrEnum):
    """Where an episode stands; everything but `resolved` is open."""

    PENDING = "pending"  # seen, but not yet for long enough to trouble anybody
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


WARNING = "warning"
CRITICAL = "critical"
"""Tiers of a spike; those of a budget have the names that burndeck.toml gives them."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule that holds at an instant, before anything is made of it.

    `breach` is the condition for a new alert; a signal without it only keeps an open one from ending
    (hysteresis). Amounts are nano-credits of the period (budget) or per minute (spike).
    """

    fingerprint: str  # what it is about: one open alert a fingerprint
    rule: AlertRule
    tier: str
    at: int  # the data's time, not the clock's: without new data nothing begins and nothing ends
    scope_kind: str
    scope: str
    current_nano: int
    expected_nano: int
    threshold: Decimal
    score: Decimal = Decimal(0)  # 0..1; spikes breach from 0.5 on
    allocation_id: str = ""
    period: str = ""
    api_key: str = ""
    team: str = ""
    cause: str = ""
    summary: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    breach: bool = True


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert and episode, as the ledger keeps it. Times are UTC epoch seconds."""

    signal: Signal  # the newest one that held
    state: AlertState
    started_at: int  # data time of the first signal
    fired_at: int | None = None
    resolved_at: int | None = None
    id: int | None = None  # None: not in the ledger yet

    @property
    def open(self) -> bool:
        return self.state is not AlertState.RESOLVED

    @property
    def last_at(self) -> int:
        """Data time at which the rule last held."""
        return self.signal.at
