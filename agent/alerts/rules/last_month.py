"""Last month: the month so far beside the same elapsed share of the month before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters
from agent.alerts.lifecycle import Judged
from agent.alerts.rules.history import being_read
from agent.alerts.rules.owners import allocations, of_allocation
from agent.analytics.month import month_of
from agent.domain.alert import AlertRule, Signal, tier_rank
from agent.domain.allocation import Allocation
from agent.domain.money import NANO, to_credits
from agent.domain.words import instant, percent
from agent.ledger.kinds import Series
from agent.ledger.rule_store import NOTHING, WHOLE

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_alerts import Tier
    from agent.settings_rules import LastMonth

DAY_S = 86_400
_EASED = Decimal("0.9")  # an open alert ends when this part of the excess is no longer there


@dataclass(frozen=True, slots=True)
class Stretches:
    """Two stretches that are the same share of their months. Where the ledger begins later, so do both."""

    start: int  # of this month's
    end: int
    before_start: int  # of last month's
    before_end: int
    period: str

    @classmethod
    def of(cls, at: int, known_since: int, time_zone: str, period: str) -> Stretches:
        """What can be compared at an instant, as far as the ledger is known."""
        now = month_of(at, time_zone)
        last = month_of(now.start - 1, time_zone)
        length, last_length = now.end - now.start, last.end - last.start
        before_start = last.start
        if known_since > last.start:
            before_start = -(-known_since // DAY_S) * DAY_S
        start = now.start + (before_start - last.start) * length // last_length // HOUR_S * HOUR_S
        before_end = last.start + (at - now.start) * last_length // length
        return cls(start, at, before_start, max(before_start, before_end), period)

    @property
    def shortest_s(self) -> int:
        """Seconds of the shorter one."""
        return min(self.end - self.start, self.before_end - self.before_start)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an allocation burnt in both stretches."""

    allocation: Allocation
    now_nano: int
    before_nano: int
    whole_nano: int  # by the whole organization, this month


def judge(context: RuleContext) -> Judged | None:
    """Every allocation, for each tier of burndeck.toml that says how far above last month it fires."""
    settings = context.settings.alerts.rules.last_month
    tiers = [tier for tier in context.settings.alerts.tiers if tier.over_last_month is not None]
    if not settings.enabled or not tiers:
        return Judged(AlertRule.LAST_MONTH, int(context.now), ())
    known_since = context.rules.known_since()
    if context.at is None or known_since is None or being_read(context):
        return None
    zone = context.settings.organization.time_zone
    stretches = Stretches.of(min(context.at, int(context.now)), known_since, zone, context.month.name)
    if stretches.start >= stretches.end or stretches.shortest_s < settings.min_days * DAY_S:
        return Judged(AlertRule.LAST_MONTH, context.at, ())
    past = context.store.alerts_of_period(AlertRule.LAST_MONTH, context.month.name, context.month.start)
    signals = [
        signal
        for comparison in _comparisons(context, stretches)
        for signal in last_month_signals(comparison, stretches, tiers, settings)
    ]
    return Judged(
        AlertRule.LAST_MONTH,
        context.at,
        tuple(signals),
        ended={alert.signal.fingerprint: alert for alert in past if not alert.open},
        known=frozenset(alert.signal.fingerprint for alert in past),
    )


def last_month_signals(
    comparison: Comparison, stretches: Stretches, tiers: Sequence[Tier], settings: LastMonth
) -> list[Signal]:
    """The gravest tier that is reached as a breach; milder ones that hold stay open beside it."""
    now, before = comparison.now_nano, comparison.before_nano
    if min(now, before) < settings.min_credits * NANO:
        return []
    seconds = stretches.end - stretches.start
    if not matters(settings, now - before, comparison.whole_nano, seconds):
        return []
    signals: list[Signal] = []
    for tier in sorted(tiers, key=lambda tier: -tier_rank(tier.name)):
        over = tier.over_last_month or Decimal(0)
        if now >= (1 + over * _EASED) * before:
            reached = now >= (1 + over) * before
            breach = reached and not any(signal.breach for signal in signals)
            signals.append(_signal(comparison, stretches, tier.name, over, breach=breach))
    return signals


def _comparisons(context: RuleContext, stretches: Stretches) -> list[Comparison]:
    rows = allocations(context)
    series = {*rows.values(), WHOLE}
    end = (int(context.now) // HOUR_S + 1) * HOUR_S
    now = context.rules.burnt(series, stretches.start, end, days=True)
    before = _burnt_until(context, series, stretches)
    return [Comparison(row, now[each], before[each], now[WHOLE]) for row, each in rows.items()]


def _burnt_until(context: RuleContext, series: set[Series], stretches: Stretches) -> dict[Series, int]:
    """Last month's nano-credits; the hour in which the stretch ends gives its share of time."""
    hour = stretches.before_end // HOUR_S * HOUR_S
    burnt = context.rules.burnt(series, stretches.before_start, hour, days=True)
    cut = context.rules.hours(series, [hour])
    part = stretches.before_end - hour
    return {each: burnt[each] + cut[each].get(hour, NOTHING).credits_nano * part // HOUR_S for each in series}


def _signal(
    comparison: Comparison, stretches: Stretches, tier: str, over: Decimal, *, breach: bool
) -> Signal:
    allocation, now, before = comparison.allocation, comparison.now_nano, comparison.before_nano
    change = Decimal(now) / before - 1
    return Signal(
        fingerprint=f"last_month:{allocation.id}:{stretches.period}:{tier}",
        rule=AlertRule.LAST_MONTH,
        tier=tier,
        at=stretches.end,
        **of_allocation(allocation),
        current_nano=now,
        expected_nano=before,
        threshold=over,
        period=stretches.period,
        summary=(
            f"{allocation.id} has burnt {to_credits(now):,.0f} credits in {stretches.period}, "
            f"{percent(change)} over the {to_credits(before):,.0f} of the same elapsed share of last month"
        ),
        evidence={
            "unit": "credits",
            "burnt_credits": format(to_credits(now), "f"),
            "last_month_credits": format(to_credits(before), "f"),
            "change": format(change.quantize(Decimal("0.0001")), "f"),
            "since": instant(stretches.start),
            "last_month_since": instant(stretches.before_start),
            "last_month_until": instant(stretches.before_end),
            "monthly_credits": format(to_credits(allocation.monthly_nano), "f"),
        },
        breach=breach,
    )
