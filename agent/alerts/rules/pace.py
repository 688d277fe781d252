"""Pace: an allocation that burns faster than its month lasts, over a long and a short window at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters, per_minute
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.rules.owners import allocations, of_allocation, planned
from agent.analytics.pace import MonthPace, PaceStep, projected
from agent.domain.alert import WARNING, AlertRule, Signal, tier_rank
from agent.domain.allocation import Allocation
from agent.domain.money import to_credits
from agent.domain.words import duration
from agent.ledger.kinds import Series
from agent.ledger.rule_store import WHOLE

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import Pace

_CLEAR_S = 600
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Standing:
    """An allocation in its month."""

    allocation: Allocation
    used_nano: int
    period: str
    at: int
    month_start: int
    month_end: int

    @property
    def pace(self) -> MonthPace:
        """What it has for how long."""
        return MonthPace(self.allocation.monthly_nano, self.month_end - self.month_start)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was burnt in the two windows of a step; before the month began nothing counts."""

    tier: str
    step: PaceStep
    long_nano: int
    short_nano: int
    whole_nano: int  # by the whole organization, in the long window


def judge(context: RuleContext) -> Judged | None:
    """Every allocation against every pace of burndeck.toml."""
    settings = context.settings.alerts.rules.pace
    if not settings.enabled:
        return Judged(AlertRule.PACE, int(context.now), ())
    if context.at is None:
        return None
    suspects = _suspects(context, settings)
    readings: dict[Allocation, list[Reading]] = {}
    for tier, step in settings.steps():
        held_by = {standing: series for standing, series, possible in suspects if (tier, step) in possible}
        for standing, reading in _readings(context, tier, step, held_by):
            readings.setdefault(standing.allocation, []).append(reading)
    signals = chain.from_iterable(
        pace_signals(standing, readings.get(standing.allocation, ()), settings) for standing, *_ in suspects
    )
    return Judged(AlertRule.PACE, context.at, tuple(signals), Patience(clear_s=_CLEAR_S))


def pace_signals(standing: Standing, readings: Iterable[Reading], settings: Pace) -> list[Signal]:
    """The gravest pace that holds as a breach; milder ones stay open beside it, but do not begin.

    A ticket stays open as long as its long window says so: a quiet night does not mend a month.
    """
    held: dict[str, Reading] = {}
    lasting: dict[str, Reading] = {}
    for reading in readings:
        if reading.tier not in held and _holds(standing, reading, settings):
            held[reading.tier] = reading
        elif reading.tier == WARNING and _holds(standing, reading, settings, lasting=True):
            lasting.setdefault(reading.tier, reading)
    if not held:
        return [_signal(standing, reading, tier, breach=False) for tier, reading in lasting.items()]
    gravest = max(held, key=tier_rank)
    milder = {tier for tier, _ in settings.steps() if tier_rank(tier) < tier_rank(gravest)}
    return [
        _signal(standing, held[gravest], gravest, breach=True),
        *(_signal(standing, held[gravest], tier, breach=False) for tier in sorted(milder)),
    ]


def _holds(standing: Standing, reading: Reading, settings: Pace, *, lasting: bool = False) -> bool:
    step, pace = reading.step, standing.pace
    if not matters(settings, reading.long_nano, reading.whole_nano, step.long_s):
        return False
    if not pace.reached(step.times, reading.long_nano, step.long_s):
        return False
    if not lasting and not pace.reached(step.times, reading.short_nano, step.short_s):
        return False
    return reading.tier != WARNING or _end(standing, reading) > standing.allocation.monthly_nano


def _end(standing: Standing, reading: Reading) -> int:
    """Nano-credits at the end of the month if the long window's pace holds."""
    left = standing.month_end - standing.at
    return projected(standing.used_nano, reading.long_nano, reading.step.long_s, left)


def _suspects(
    context: RuleContext, settings: Pace
) -> list[tuple[Standing, Series, list[tuple[str, PaceStep]]]]:
    """Allocations with the paces that they may hold, going by whole hours: never too few."""
    assert context.at is not None
    at, calendar = context.at, context.calendar
    rows = allocations(context)
    steps = settings.steps()
    longest = max((step.long_s for _, step in steps), default=0)
    first = max(at - longest, calendar.start) // HOUR_S * HOUR_S
    hours = context.rules.hours(set(rows.values()), range(first, at, HOUR_S))
    found = []
    for allocation, series in rows.items():
        used = context.used.get(allocation.scope, 0)
        standing = Standing(allocation, used, context.month.name, at, calendar.start, calendar.end)

        def most(seconds: int, standing: Standing = standing, series: Series = series) -> int:
            start = max(standing.at - seconds, standing.month_start) // HOUR_S * HOUR_S
            return sum(sums.credits_nano for hour, sums in hours[series].items() if hour >= start)

        # Everybody's burn is at least that of the scope: no share is refused before it is known.
        possible = [
            (tier, step)
            for tier, step in steps
            if _holds(
                standing,
                Reading(tier, step, most(step.long_s), most(step.short_s), 0),
                settings,
                lasting=tier == WARNING,
            )
            and not _expected(context, allocation, tier)
        ]
        if possible:
            found.append((standing, series, possible))
    return found


def _expected(context: RuleContext, allocation: Allocation, tier: str) -> bool:
    """Planned activity explains hours; it is no excuse for a month that ends above its credits."""
    return tier != WARNING and planned(context, allocation.scope.kind.value, allocation.scope.value)


def _readings(
    context: RuleContext, tier: str, step: PaceStep, held_by: Mapping[Standing, Series]
) -> Iterable[tuple[Standing, Reading]]:
    """Both windows of a step to the minute, of every allocation that may hold it."""
    if not held_by:
        return
    at, month_start = next((standing.at, standing.month_start) for standing in held_by)
    long_start, short_start = max(at - step.long_s, month_start), max(at - step.short_s, month_start)
    if long_start >= at:
        return  # the data has not reached this month
    burnt = context.rules.burnt({*held_by.values(), WHOLE}, long_start, at)
    short = context.rules.burnt(set(held_by.values()), short_start, at)
    for standing, series in held_by.items():
        yield standing, Reading(tier, step, burnt[series], short[series], burnt[WHOLE])


def _signal(standing: Standing, reading: Reading, tier: str, *, breach: bool) -> Signal:
    allocation, step, pace = standing.allocation, reading.step, standing.pace
    times = pace.multiple(reading.long_nano, step.long_s)
    short_times = pace.multiple(reading.short_nano, step.short_s)
    end = _end(standing, reading)
    rate, stretch = per_minute(reading.long_nano, step.long_s), duration(step.long_s)
    monthly = to_credits(allocation.monthly_nano)
    return Signal(
        fingerprint=f"pace:{allocation.id}:{standing.period}:{tier}",
        rule=AlertRule.PACE,
        tier=tier,
        at=standing.at,
        **of_allocation(allocation),
        current_nano=rate,
        expected_nano=per_minute(pace.even_nano(step.long_s), step.long_s),
        threshold=step.times,
        period=standing.period,
        summary=(
            f"{allocation.id} burns {times:.1f}x the even pace of its month over {stretch}, "
            f"{short_times:.1f}x over {duration(step.short_s)}: at the burn of the last {stretch} "
            f"({to_credits(rate):,.1f} credits/min) {standing.period} ends at "
            f"{to_credits(end):,.0f} of {monthly:,.0f} credits"
        ),
        evidence={
            "unit": "credits/min",
            "pace": str(step),
            "long_credits": format(to_credits(reading.long_nano), "f"),
            "short_credits": format(to_credits(reading.short_nano), "f"),
            "times": format(times.quantize(_CENT), "f"),
            "times_short": format(short_times.quantize(_CENT), "f"),
            "used_credits": format(to_credits(standing.used_nano), "f"),
            "monthly_credits": format(monthly, "f"),
            "month_end_credits": format(to_credits(end), "f"),
        },
        breach=breach,
    )
