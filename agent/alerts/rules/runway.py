"""Runway: the time until a hard cap bites at the present burn, and which cap that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.month import Month
from agent.alerts.rules.owners import allocations, ancestors, of_allocation
from agent.analytics.runway import AT_THIS_BURN, Cap, binding
from agent.domain.alert import CRITICAL, WARNING, AlertRule, Signal
from agent.domain.allocation import Allocation
from agent.domain.money import to_credits
from agent.domain.words import duration
from agent.ledger.rule_store import WHOLE
from agent.runways import Standing, standings

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import Runway

_CLEAR_S = 900
_EASED = 1.25  # an open alert ends when the runway is so many times its bound


@dataclass(frozen=True, slots=True)
class Burning:
    """How an allocation stands, as screens have it, beside what confirms it: the burn of the last hour."""

    standing: Standing
    hour_nano: int
    whole_nano: int  # by the whole organization, in the last hour

    @property
    def now(self) -> Cap:
        """Its hard cap: the runway that is told."""
        return self.standing.hard

    @property
    def hourly(self) -> Cap:
        """The same at the burn of the last hour."""
        return self.standing.cap("hard", self.hour_nano)

    @property
    def counted(self) -> Cap:
        """The one of both that lasts longer decides: a burst counts as far as the hour confirms it."""
        return max(self.now, self.hourly, key=_lasts)


def _lasts(cap: Cap) -> float:
    return float("inf") if cap.reach_s is None else cap.reach_s


def judge(context: RuleContext) -> Judged | None:
    """Every allocation whose hard cap is near at the present burn."""
    settings = context.settings.alerts.rules.runway
    if not settings.enabled:
        return Judged(AlertRule.RUNWAY, int(context.now), ())
    if context.at is None:
        return None
    at = context.known_to
    period = Month.at(max(at - 1, 0), context.settings.organization.time_zone).name
    burning = _near(context, settings, at)
    signals: list[Signal] = []
    for allocation in burning:
        around = [burning[each].now for each in ancestors(context, allocation) if each in burning]
        signals += runway_signals(burning[allocation], around, period, settings)
    return Judged(AlertRule.RUNWAY, at, tuple(signals), Patience(clear_s=_CLEAR_S))


def runway_signals(burning: Burning, around: Sequence[Cap], period: str, settings: Runway) -> list[Signal]:
    """The gravest bound that the runway is under as a breach; what is open stays so until it has eased.

    `around` are the hard caps of this allocation and of those around it: the first to be reached binds.
    """
    if not matters(settings, burning.hour_nano, burning.whole_nano, HOUR_S):
        return []
    bounds = {CRITICAL: int(settings.critical), WARNING: int(settings.warning)}
    runway = burning.counted.seconds
    if runway is None:
        return []
    # A cap that is reached is told by its own tier of the budget: what was told of its runway stays open.
    breached = [tier for tier, bound in bounds.items() if 0 < runway < bound]
    binds = binding(around) or burning.now
    return [
        _signal(burning, binds, tier, bound, period, breach=tier == next(iter(breached), ""))
        for tier, bound in bounds.items()
        if runway < bound * _EASED
    ]


def _near(context: RuleContext, settings: Runway, at: int) -> Mapping[Allocation, Burning]:
    """Allocations that may be near their cap, with those around them."""
    rows = allocations(context)
    hours = context.rules.hours(rows.values(), range((at - HOUR_S) // HOUR_S * HOUR_S, at, HOUR_S))
    chosen: set[Allocation] = set()
    for allocation, series in rows.items():
        # A bound from both sides that costs nothing to read: whole hours, and all of the month that is known.
        most = sum(sums.credits_nano for sums in hours[series].values())
        left = allocation.hard_cap_nano - context.used.get(allocation.scope, 0)
        if most and left * HOUR_S < settings.warning * _EASED * most:
            chosen.update(each for each in ancestors(context, allocation) if each in rows)
    if not chosen:
        return {}
    zone = context.settings.organization.time_zone
    stands = standings(context.rules, chosen, at, zone, known_to=at)
    hour = context.rules.burnt({*(rows[each] for each in chosen), WHOLE}, at - HOUR_S, at, known_to=at)
    return {
        each: Burning(stands[each.id], hour[rows[each]], hour[WHOLE])
        for each in context.settings.allocations
        if each in chosen
    }


def _signal(burning: Burning, binds: Cap, tier: str, bound: int, period: str, *, breach: bool) -> Signal:
    own = burning.now
    allocation, at = burning.standing.allocation, own.at
    left = max(own.left_nano, 0)
    rate = own.burn_nano_per_hour // 60
    return Signal(
        fingerprint=f"runway:{allocation.id}:{period}:{tier}",
        rule=AlertRule.RUNWAY,
        tier=tier,
        at=at,
        **of_allocation(allocation),
        current_nano=rate,
        # What would last until the month ends.
        expected_nano=left * 60 // max(own.month_end - at, 60),
        threshold=Decimal(bound),
        period=period,
        summary=(
            f"{own.sentence} {AT_THIS_BURN} ({to_credits(rate):,.1f} credits/min): "
            f"{to_credits(left):,.0f} of {to_credits(own.limit_nano):,.0f} credits are left"
            f"{_confirmed(burning)}{_before(own, binds)}"
        ),
        evidence={
            "unit": "credits/min",
            "runway_s": own.seconds,
            "runway_at_the_last_hours_burn_s": burning.hourly.seconds,
            "bound_s": bound,
            "binding_cap": binds.allocation_id,
            "binding_runway_s": binds.seconds,
            "left_credits": format(to_credits(left), "f"),
            "used_credits": format(to_credits(own.used_nano), "f"),
            "hard_cap_credits": format(to_credits(own.limit_nano), "f"),
            "bites_at": own.bites_at,
        },
        breach=breach,
    )


def _confirmed(burning: Burning) -> str:
    """That this rule asks for more than the runway, where that makes a difference."""
    own, hourly = burning.now, burning.hourly
    if own.over or _lasts(hourly) <= _lasts(own) or hourly.seconds is None:
        return ""
    return f"; judged by the last hour's burn, at which it takes {duration(hourly.seconds)}"


def _before(own: Cap, binds: Cap) -> str:
    """That a cap around it is reached sooner."""
    if binds.allocation_id == own.allocation_id or not binds.seconds:
        return ""
    return f"; {binds.allocation_id} binds before it, in {duration(binds.seconds)}"
