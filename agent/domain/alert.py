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
    DAY_FORECAST = "day_forecast"  # burn of the day against its forecast
    LAST_MONTH = "last_month"  # burn of the month against the same elapsed share of the month before
    BURN_SPIKE = "burn_spike"  # burn against what is usual, of a key, team, model or the whole
    RATE_OF_CHANGE = "rate_of_change"  # burn against the stretch just before
    PACE = "pace"  # burn against the pace at which an allocation lasts its month
    RUNWAY = "runway"  # time until a cap bites
    NEW_BURNER = "new_burner"  # a key or model that never burnt before
    UNTAGGED = "untagged"  # burn that nobody owns
    ERRORS = "errors"  # share of calls that fail or are sent again
    CACHE = "cache"  # cached share of input collapses
    DRIFT = "drift"  # truth layers are too far apart
    SILENT_DATA = "silent_data"  # usage stops arriving


class AlertState(enum.StrEnum):
    """Where an episode stands; everything but `resolved` is open."""

    PENDING = "pending"  # seen, but not yet for long enough to trouble anybody
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


INFO = "info"
WARNING = "warning"
CRITICAL = "critical"
HARD_CAP = "hard_cap"
"""The shipped tiers, mildest first; burndeck.toml may name others for budgets."""

TIERS = (INFO, WARNING, CRITICAL, HARD_CAP)


def tier_rank(tier: str) -> int:
    """How grave a tier is; one that burndeck.toml made up ranks as a warning."""
    return TIERS.index(tier) if tier in TIERS else TIERS.index(WARNING)


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
    environment: str = ""  # of what burns; empty: several, or nobody knows
    cause: str = ""
    summary: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    breach: bool = True
    sure: bool = False  # beyond doubt: it fires without waiting whether it lasts


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert and episode, as the ledger keeps it. Times are UTC epoch seconds."""

    signal: Signal  # the newest one that held
    state: AlertState
    started_at: int  # data time of the first signal
    fired_at: int | None = None
    resolved_at: int | None = None
    id: int | None = None  # None: not in the ledger yet
    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    escalated_at: int | None = None  # when nobody had acknowledged in time
    muted_by: str = ""  # `silence:3` or `alert:17`: whatever keeps it from being told
    told_at: int | None = None  # when people were last told of it
    asked_at: int | None = None  # since when somebody has been asked to acknowledge it
    told: int = 0  # how often they were
    above_nano: int = 0  # nano-credits burnt above what is expected, since it started
    incident: int | None = None

    @property
    def open(self) -> bool:
        return self.state is not AlertState.RESOLVED

    @property
    def live(self) -> bool:
        """It fires, whether or not somebody has acknowledged it."""
        return self.state in (AlertState.FIRING, AlertState.ACKNOWLEDGED)

    @property
    def last_at(self) -> int:
        """Data time at which the rule last held."""
        return self.signal.at
