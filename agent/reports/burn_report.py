"""What the Burn screen and `burndeck burn --json` show: plain data, no arithmetic left to do.

Shares and changes are fractions (0.25 is 25 %); instants are UTC epoch seconds; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.analytics.runway import AT_THIS_BURN
from agent.domain.change import PlotMark
from agent.domain.usage import Layer
from agent.ledger.kinds import Kind
from agent.reports.alert_list import AlertEntry
from agent.reports.figure import Figure
from agent.reports.status import Status


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual at this hour, and what that rests on."""

    expected: Figure  # credits/min
    low: Figure  # the band: about nineteen of twenty ordinary hours lie inside
    high: Figure
    basis: str  # hour_of_week | hour_of_day | last_day | none
    samples: int  # hours of history behind it
    sentence: str  # "same hour of the week, 4 weeks"


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a series, in credits per minute."""

    at: int  # start of the step
    value: Decimal | None  # None: not metered yet
    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Series:
    """Burn over time in steps of equal width, oldest first."""

    step_s: int
    points: tuple[Point, ...]
    layer: Layer | None
    marks: tuple[PlotMark, ...] = ()  # what was changed meanwhile, oldest first


@dataclass(frozen=True, slots=True)
class Budget:
    """Month to date of one allocation against its caps."""

    allocation_id: str
    scope: str  # "organization", "billing_group:payments", "team:search", ...
    monthly: Figure  # credits
    used: Figure  # credits, month to date
    share: Decimal  # used / monthly
    soft_cap: Decimal  # as a share of monthly
    hard_cap: Decimal
    state: str  # ok | soft (at or past the soft cap) | hard (at or past the hard cap)
    burn: Figure  # credits/min now, in this scope
    burn_s: int  # `burn` is the mean of so many seconds: both runways rest on them
    soft_runway_s: int | None  # 0: reached; None: not this month at this burn
    hard_runway_s: int | None


@dataclass(frozen=True, slots=True)
class Runway:
    """Time until the cap that bites first, at the present burn."""

    allocation_id: str
    cap: str  # soft | hard
    over: bool  # already past it
    seconds: int | None  # 0 when over; None: not this month at this burn
    at: int | None  # instant at which the cap is reached
    sentence: str  # "team-search reaches its hard cap in 3 h 10 min"

    @property
    def in_full(self) -> str:
        """The sentence with what it rests on, which is not always the burn that is shown beside it."""
        return f"{self.sentence} {AT_THIS_BURN}" if self.seconds else self.sentence


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where this month ends."""

    projected: (
        Figure  # the guide's formula: month to date + average day of the last 14 x days left + releases
    )
    smoothed: Figure  # simple exponential smoothing with weekday shares, plus releases
    low: Figure  # four of five months end between low and high, judged by the spread of some days
    high: Figure
    average_day: Figure  # credits a day behind `projected`
    days_left: int  # whole days after today
    releases: Figure  # credits that planned releases add or save
    history_days: int  # days of which the burn is known
    method: str  # one line that names both methods and their window


@dataclass(frozen=True, slots=True)
class CostPerInference:
    """Credits per completion, both ways of reading the guide."""

    all_credits: Figure  # all credits / completions, as in the guide's SQL
    completion_credits: Figure  # credits of completions / completions
    completions: int
    window_s: int


@dataclass(frozen=True, slots=True)
class BurnRow:
    """One team or model."""

    kind: Kind
    name: str  # '' is unattributed
    now: Figure  # credits/min
    usual: Figure  # credits/min
    change: Decimal | None  # now / usual - 1; None without history
    share: Decimal | None  # of the burn now
    sparkline: tuple[Decimal | None, ...]  # credits/min by minute of the last hour; None: not known by minute
    day: Figure  # credits, last 24 h
    requests: Decimal | None  # requests/min


@dataclass(frozen=True, slots=True)
class UnpricedRow:
    """A model without a rate: counted, never guessed."""

    model: str
    requests: int
    tokens_input: int
    tokens_output: int


@dataclass(frozen=True, slots=True)
class BurnReport:
    """Everything on the Burn screen at one instant."""

    at: int  # end of the newest complete minute shown
    now: int  # the clock when the report was made
    live: bool  # False: time travel, or a ledger whose data ended long ago
    empty: str  # why there is nothing to show, and what to do; '' when there is data
    organization: str
    currency: str
    measured_over_s: int  # "now" is the mean of this many seconds up to `at`
    burn: Figure  # credits/min
    burn_money: Figure  # currency/h, at each billing group's conversion rate
    usual: Usual
    change: Decimal | None  # burn / expected - 1
    verdict: str  # below | usual | above | unknown: the burn against its band
    requests: Figure  # requests/min
    hour: Series  # by minute
    day: Series  # by hour
    total_24h: Figure
    total_7d: Figure
    total_30d: Figure
    money_24h: Figure
    money_7d: Figure
    money_30d: Figure
    month_to_date: Figure
    month_money: Figure
    month_start: int
    month_end: int
    budgets: tuple[Budget, ...]  # the organization's first, then by the share used
    runway: Runway | None  # None: no allocation
    forecast: Forecast
    cost_per_inference: CostPerInference
    attributed: Decimal | None  # share of the last 24 h that has a team, by credits (by requests if unpriced)
    teams: tuple[BurnRow, ...]
    models: tuple[BurnRow, ...]
    alerts: tuple[AlertEntry, ...]  # open ones, worst first
    unpriced: tuple[UnpricedRow, ...]  # of the last 24 h
    status: Status
