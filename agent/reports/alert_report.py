"""What the detail of an alert and `burndeck alerts show` show: plain data, no arithmetic left to do.

Instants are UTC epoch seconds, durations are seconds, shares are fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.change import PlotMark
from agent.reports.alert_list import AlertEntry
from agent.reports.burn_report import Budget, Runway, Series
from agent.reports.figure import Figure


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen when the rule last held, in words."""

    name: str  # "deviations"
    value: str  # "25.06", "16 %", "12 min"


@dataclass(frozen=True, slots=True)
class TierLine:
    """A step of the budget alert as an amount."""

    name: str  # warning
    share: Decimal  # of the month's credits
    credits: Decimal
    reached: bool


@dataclass(frozen=True, slots=True)
class DayPoint:
    """Burn of the month up to the end of one UTC day."""

    at: int  # end of the day, or of the data within it
    used: Decimal | None  # credits; None: still to come


@dataclass(frozen=True, slots=True)
class MonthSeries:
    """The month's burn added up day by day, beside the tiers that it is judged by."""

    start: int
    end: int
    points: tuple[DayPoint, ...]
    monthly: Decimal  # credits
    tiers: tuple[TierLine, ...]
    marks: tuple[PlotMark, ...] = ()  # releases meanwhile, oldest first


@dataclass(frozen=True, slots=True)
class IncidentEntry:
    """Alerts that belong together."""

    id: int
    title: str
    group: str  # what its alerts share: "team:search"
    tier: str  # the gravest so far
    cause: str  # of the alert that began it
    opened_at: int
    closed_at: int | None
    above: Decimal  # credits above what is expected, so far
    alerts: int


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """What happened in an incident."""

    at: int
    kind: str  # fired | raised | acknowledged | silenced | escalated | told | resolved | ...
    actor: str
    text: str
    alert: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one destination."""

    kind: str  # fired | repeated | escalated | ...
    channel: str
    target: str
    state: str  # waiting | sent | failed | gone
    attempts: int
    created_at: int
    next_at: int
    sent_at: int | None
    receipt: str  # what the receiver calls it
    error: str


@dataclass(frozen=True, slots=True)
class SilenceEntry:
    """A silence in force, or one that ended lately."""

    id: int
    state: str  # active | ended
    author: str
    reason: str
    matchers: Mapping[str, str]
    starts_at: int
    ends_at: int
    ended_at: int | None
    ended_why: str  # time | credits | lifted
    burnt: Decimal  # credits, by what it mutes
    limit: Decimal  # credits at which it ends
    mutes: int  # alerts that it mutes now


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What would save credits: a lever of the scorecard, with amounts a month."""

    lever: str
    text: str
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run, and what it is for."""

    text: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """One alert at an instant, with everything around it."""

    at: int  # end of the newest complete minute that it was judged by
    now: int
    entry: AlertEntry
    sentence: str  # why, in one sentence
    current: Figure  # with the layer and age of when the rule last held
    expected: Figure
    above: Figure  # credits above what is expected, since it started
    evidence: tuple[Evidence, ...]
    series: Series | None  # of a burn rate, around the moment; None: a budget, or nothing that burns
    month: MonthSeries | None  # of a budget
    incident: IncidentEntry | None
    others: tuple[AlertEntry, ...]  # of the same incident
    timeline: tuple[TimelineLine, ...]
    deliveries: tuple[Delivery, ...]  # newest last
    silence: SilenceEntry | None  # that mutes it
    budgets: tuple[Budget, ...]  # that count this burn, widest first
    runway: Runway | None  # of the binding cap among them
    suggestions: tuple[Suggestion, ...]
    commands: tuple[Command, ...]  # the one to run first comes first
    key: str = ""  # the key that it is about, as people call it
