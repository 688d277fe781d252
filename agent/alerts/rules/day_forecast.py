"""Day forecast: the local day's burn beside its forecast, once a day, with the pace of the day so far."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters
from agent.alerts.lifecycle import Judged
from agent.alerts.rules.owners import allocations, of_allocation
from agent.analytics.day import DayPart, by_now, within
from agent.analytics.forecast import expected_day
from agent.analytics.month import day_number, day_start
from agent.domain.alert import AlertRule, Signal
from agent.domain.allocation import Allocation
from agent.domain.money import to_credits
from agent.ledger.kinds import Series
from agent.ledger.rule_store import WHOLE

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_alerts import Tier
    from agent.settings_rules import DayForecast

DAY_S = 86_400
_HISTORY_D = 56
_RHYTHM_D = 14


@dataclass(frozen=True, slots=True)
class Day:
    """The local day so far."""

    number: int
    start: int
    at: int
    period: str  # 2026-11-18


@dataclass(frozen=True, slots=True)
class Progress:
    """An allocation's day: burnt so far, its forecast, and what the day's rhythm would have burnt by now."""

    allocation: Allocation
    burnt_nano: int
    forecast_nano: int
    by_now_nano: int | None  # None: the rhythm of its days is not known
    whole_nano: int  # by the whole organization, today


def judge(context: RuleContext) -> Judged | None:
    """Every allocation, for each tier that is of the day's forecast; each tells once a day."""
    settings = context.settings.alerts.rules.day_forecast
    tiers = [tier for tier in context.settings.alerts.tiers if tier.of == "day_forecast"]
    if not settings.enabled or not tiers:
        return Judged(AlertRule.DAY_FORECAST, int(context.now), ())
    if context.at is None:
        return None
    day = _today(context)
    past = context.store.alerts_of_period(AlertRule.DAY_FORECAST, day.period, day.start - HOUR_S)
    told = {alert.signal.fingerprint: alert.signal for alert in past}
    rows = allocations(context)
    end = (int(context.now) // HOUR_S + 1) * HOUR_S
    burnt = context.rules.burnt({*rows.values(), WHOLE}, day.start, end)
    waiting = {
        allocation: [tier for tier in tiers if _fingerprint(allocation, tier, day) not in told]
        for allocation, series in rows.items()
        if matters(settings, burnt[series], burnt[WHOLE], max(day.at - day.start, HOUR_S))
    }
    forecasts = _forecasts(context, {rows[row] for row, left in waiting.items() if left}, day, settings)
    signals: list[Signal] = []
    for allocation, left in waiting.items():
        series = rows[allocation]
        signals += _reached(context, allocation, series, day, left, burnt, forecasts.get(series))
    signals += [_kept(signal, day) for signal in told.values()]
    ended = {alert.signal.fingerprint: alert for alert in past if not alert.open}
    return Judged(AlertRule.DAY_FORECAST, day.at, tuple(signals), ended=ended)


def day_signal(progress: Progress, day: Day, tier: Tier) -> Signal | None:
    """The signal of a tier whose share of the forecast is reached; None below it."""
    if progress.forecast_nano <= 0 or progress.burnt_nano < tier.at * progress.forecast_nano:
        return None
    allocation, burnt, forecast = progress.allocation, progress.burnt_nano, progress.forecast_nano
    share = Decimal(burnt) / forecast
    return Signal(
        fingerprint=_fingerprint(allocation, tier, day),
        rule=AlertRule.DAY_FORECAST,
        tier=tier.name,
        at=day.at,
        **of_allocation(allocation),
        current_nano=burnt,
        expected_nano=forecast,
        threshold=tier.at,
        period=day.period,
        summary=(
            f"{allocation.id} has burnt {share:.0%} of the {to_credits(forecast):,.0f} credits "
            f"forecast for {day.period}: {_pace(progress)}"
        ),
        evidence={
            "unit": "credits",
            "burnt_credits": format(to_credits(burnt), "f"),
            "forecast_credits": format(to_credits(forecast), "f"),
            "expected_by_now_credits": (
                None if progress.by_now_nano is None else format(to_credits(progress.by_now_nano), "f")
            ),
            "share": format(share.quantize(Decimal("0.0001")), "f"),
            "tier_at": format(tier.at, "f"),
        },
    )


def _today(context: RuleContext) -> Day:
    assert context.at is not None
    calendar = context.calendar
    local = datetime.date.fromordinal(calendar.today).isoformat()
    return Day(calendar.today, calendar.today_start, max(context.at, calendar.today_start), local)


def _fingerprint(allocation: Allocation, tier: Tier, day: Day) -> str:
    return f"day_forecast:{allocation.id}:{day.period}:{tier.name}"


def _kept(signal: Signal, day: Day) -> Signal:
    """What was told stays open until the day is over, as it was told."""
    return replace(signal, at=day.at, breach=False)


def _pace(progress: Progress) -> str:
    if not progress.by_now_nano:
        return f"{to_credits(progress.burnt_nano):,.0f} credits so far"
    change = Decimal(progress.burnt_nano) / progress.by_now_nano - 1
    side = "more" if change >= 0 else "less"
    return (
        f"{to_credits(progress.burnt_nano):,.0f} credits so far, {abs(change):.0%} {side} than "
        f"the {to_credits(progress.by_now_nano):,.0f} expected by this hour"
    )


def _reached(
    context: RuleContext,
    allocation: Allocation,
    series: Series,
    day: Day,
    tiers: Sequence[Tier],
    burnt: Mapping[Series, int],
    forecast: int | None,
) -> list[Signal]:
    if forecast is None or not any(burnt[series] >= tier.at * forecast for tier in tiers):
        return []
    expected = by_now(_rhythm(context, series, day), day.number, forecast)
    progress = Progress(allocation, burnt[series], forecast, expected, burnt[WHOLE])
    return [signal for tier in tiers if (signal := day_signal(progress, day, tier))]


def _forecasts(
    context: RuleContext, series: set[Series], day: Day, settings: DayForecast
) -> dict[Series, int | None]:
    """The day's forecasts from whole days; noon decides which local day a UTC day counts as."""
    if not series:
        return {}
    zone = context.settings.organization.time_zone
    first = (day.start - _HISTORY_D * DAY_S) // DAY_S * DAY_S
    utc_days = range(first, day.start - DAY_S // 2, DAY_S)
    numbers = {each: day_number(each + DAY_S // 2, zone) for each in utc_days}
    forecasts: dict[Series, int | None] = {}
    for each, burnt in context.rules.days(series, utc_days).items():
        # The first day began somewhere inside; days without burn since then are days too.
        since = min(burnt, default=day.start)
        days = {numbers[utc]: burnt.get(utc, 0) for utc in utc_days if utc > since}
        forecasts[each] = expected_day(days, day.number) if len(days) >= settings.min_days else None
    return forecasts


def _rhythm(context: RuleContext, series: Series, day: Day) -> list[DayPart]:
    """The recent local days, each up to the present time of day and as a whole."""
    zone = context.settings.organization.time_zone
    numbers = range(day.number - _RHYTHM_D, day.number)
    first = day_start(numbers[0], zone) // HOUR_S * HOUR_S
    read = context.rules.hours([series], range(first, day.start, HOUR_S))[series]
    found = []
    for number in numbers:
        start, end = day_start(number, zone), day_start(number + 1, zone)
        own = range(start // HOUR_S * HOUR_S, end, HOUR_S)
        hours = {hour: read[hour].credits_nano for hour in own if hour in read}
        so_far = within(hours, start, start + day.at - day.start)
        found.append(DayPart(number, so_far, within(hours, start, end)))
    return found
