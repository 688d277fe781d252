"""The `[alerts.rules]` part of burndeck.toml: leading signals, each with its floors."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from agent.analytics.pace import PaceStep
from agent.domain.alert import CRITICAL, WARNING
from agent.domain.duration import Duration
from agent.settings_section import Section, not_negative, positive, says, share

_Enabled = Annotated[bool, says("false turns it off.")]
_Tier = Annotated[str, says("The tier of its alerts.")]
_PerHour = Annotated[Decimal, says("Less than this many credits an hour never alerts.")]
_Share = Annotated[Decimal, says("Nor does less than this share of the organization's burn.")]


class Floored(Section, frozen=True):
    """A rule that leaves tiny amounts alone."""

    enabled: _Enabled = True
    min_credits_per_hour: _PerHour = Decimal(100)
    min_share: _Share = Decimal("0.01")

    def __post_init__(self) -> None:
        not_negative("min_credits_per_hour", self.min_credits_per_hour)
        share("min_share", self.min_share)


class Pace(Floored, frozen=True):
    """Burn beside the even pace of an allocation's month, over a long and a short window at once."""

    pages: Annotated[tuple[str, ...], says("Paces that are critical, fastest first.")] = (
        "14.4x over 1h and 5m",
        "6x over 6h and 30m",
    )
    tickets: Annotated[tuple[str, ...], says("Paces that warn, if the month would end above it.")] = (
        "1x over 3d and 6h",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("pages", "tickets"):
            try:
                _ = [PaceStep.parse(text) for text in getattr(self, key)]
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None

    def steps(self) -> tuple[tuple[str, PaceStep], ...]:
        """Each pace with its tier, gravest first."""
        pages = [(CRITICAL, PaceStep.parse(text)) for text in self.pages]
        return (*pages, *((WARNING, PaceStep.parse(text)) for text in self.tickets))


class Runway(Floored, frozen=True):
    """Time until a hard cap bites at the present burn."""

    critical: Annotated[Duration, says("Less than this is critical.")] = Duration(4 * 3_600)
    warning: Annotated[Duration, says("Less than this warns.")] = Duration(24 * 3_600)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warning < self.critical:
            raise ValueError("warning: must not be shorter than critical")


class LastMonth(Floored, frozen=True):
    """The month so far beside the same elapsed share of the month before; tiers say how far above."""

    min_credits_per_hour: _PerHour = Decimal(10)
    min_credits: Annotated[Decimal, says("Both months must have burnt this much.")] = Decimal(1_000)
    min_days: Annotated[int, says("So many days of both months must have passed.")] = 7

    def __post_init__(self) -> None:
        super().__post_init__()
        not_negative("min_credits", self.min_credits)
        not_negative("min_days", self.min_days)


class DayForecast(Floored, frozen=True):
    """The day's burn beside its forecast; tiers with `of = "day_forecast"` say at which share."""

    min_credits_per_hour: _PerHour = Decimal(10)
    min_days: Annotated[int, says("Days of history without which there is no forecast.")] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        not_negative("min_days", self.min_days)


class RateOfChange(Floored, frozen=True):
    """Burn of a quarter of an hour beside those of the hour before it, and beside other days."""

    tier: _Tier = WARNING
    factor: Annotated[Decimal, says("A rise by this factor alerts.")] = Decimal(2)
    min_share: _Share = Decimal("0.05")
    hold: Annotated[Duration, says("It must last this long.")] = Duration(120)
    clear: Annotated[Duration, says("It ends when it has been gone for this long.")] = Duration(900)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.factor.is_finite() and self.factor > 1):
            raise ValueError("factor: must be more than one")


class NewBurner(Floored, frozen=True):
    """A key or a model that never burnt before."""

    tier: _Tier = WARNING
    min_share: _Share = Decimal("0.02")
    within: Annotated[Duration, says("New is what was first seen no longer ago.")] = Duration(86_400)


class Untagged(Floored, frozen=True):
    """Burn that has no team."""

    tier: _Tier = WARNING
    above: Annotated[Decimal, says("Share of the last hour's burn that alerts.")] = Decimal("0.10")
    hold: Annotated[Duration, says("It must last this long.")] = Duration(600)

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("above", self.above)


class Errors(Floored, frozen=True):
    """Calls that fail or are sent again, by key and team. Its floors are of what usually burns there."""

    tier: _Tier = WARNING
    above: Annotated[Decimal, says("Share of failed calls from which on it alerts.")] = Decimal("0.10")
    min_requests: Annotated[int, says("Fewer failed calls never alert.")] = 50
    hold: Annotated[Duration, says("It must last this long.")] = Duration(120)

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("above", self.above)
        not_negative("min_requests", self.min_requests)


class Cache(Floored, frozen=True):
    """The cached share of input, far below its usual. Its floors are of what that costs."""

    tier: _Tier = WARNING
    drop: Annotated[Decimal, says("Part of its usual cached share that must be lost.")] = Decimal("0.5")
    min_credits_per_hour: _PerHour = Decimal(50)
    hold: Annotated[Duration, says("It must last this long.")] = Duration(300)

    def __post_init__(self) -> None:
        super().__post_init__()
        share("drop", self.drop)


class Drift(Floored, frozen=True):
    """What the truth layers of an account say of the same closed days."""

    tier: _Tier = WARNING
    above: Annotated[Decimal, says("Difference that alerts, as a share of the lower layer.")] = Decimal(
        "0.05"
    )
    days: Annotated[int, says("Closed days that are compared.")] = 3
    min_credits_per_hour: _PerHour = Decimal(5)

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("above", self.above)
        positive("days", self.days)


class SilentData(Floored, frozen=True):
    """Usage that stops arriving. Its floors are of what usually burns unseen."""

    tier: _Tier = CRITICAL
    after: Annotated[Duration, says("Blind for this long alerts.")] = Duration(1_800)
    hold: Annotated[Duration, says("So long may a source that was away catch up first.")] = Duration(300)
    min_credits_per_hour: _PerHour = Decimal(10)

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("after", self.after)


class Rules(Section, frozen=True):
    """Leading signals beside budgets and spikes."""

    pace: Pace = Pace()
    runway: Runway = Runway()
    last_month: LastMonth = LastMonth()
    day_forecast: DayForecast = DayForecast()
    rate_of_change: RateOfChange = RateOfChange()
    new_burner: NewBurner = NewBurner()
    untagged: Untagged = Untagged()
    errors: Errors = Errors()
    cache: Cache = Cache()
    drift: Drift = Drift()
    silent_data: SilentData = SilentData()
