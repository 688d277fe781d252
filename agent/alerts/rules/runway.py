"""Runway: the time until a hard cap bites at the present burn, and which cap that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.rules.owners import QUARTER_S, allocations, ancestors, of_allocation
from agent.analytics.runway import Cap, binding
from agent.domain.alert import CRITICAL, WARNING, AlertRule, Signal
from agent.domain.allocation import Allocation
from agent.domain.money import to_credits
from agent.domain.words import duration
from agent.ledger.rule_store import WHOLE

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import Runway

_CLEAR_S = 900
_EASED = 1.25  # an open alert ends when the runway is so many times its bound


@dataclass(frozen=True, slots=True)
class Burning:
    """An allocation, what it has used of its month, and what it burnt lately."""

    allocation: Allocation
    used_nano: int
    quarter_nano: int  # in the last quarter of an hour
    hour_nano: int  # in the last hour
    whole_nano: int  # by the whole organization, in the last hour

    @property
    def now(self) -> Cap:
        """Its hard cap at the burn of the last quarter of an hour."""
        return self._cap(self.quarter_nano * (HOUR_S // QUARTER_S))

    @property
    def hourly(self) -> Cap:
        """Its hard cap at the burn of the last hour."""
        return self._cap(self.hour_nano)

    @property
    def window(self) -> str:
        """The stretch whose burn counts."""
        return "the last hour" if self.counted == self.hourly else "the last quarter of an hour"

    @property
    def counted(self) -> Cap:
        """The one of both that lasts longer: a burst counts as far as the hour confirms it."""
        return max(
            self.now, self.hourly, key=lambda cap: float("inf") if cap.seconds is None else cap.seconds
        )

    def _cap(self, burn_nano_per_hour: int) -> Cap:
        row = self.allocation
        return Cap(row.id, "hard", row.hard_cap_nano, self.used_nano, burn_nano_per_hour)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a runway is asked for, and when allocations begin anew."""

    at: int
    period: str
    month_end: int


def judge(context: RuleContext) -> Judged | None:
    """Every allocation whose hard cap is near at the present burn."""
    settings = context.settings.alerts.rules.runway
    if not settings.enabled:
        return Judged(AlertRule.RUNWAY, int(context.now), ())
    if context.at is None:
        return None
    moment = Moment(context.at, context.month.name, context.calendar.end)
    burning = _near(context, settings)
    signals: list[Signal] = []
    for allocation in burning:
        around = [burning[each].counted for each in ancestors(context, allocation) if each in burning]
        signals += runway_signals(burning[allocation], around, moment, settings)
    return Judged(AlertRule.RUNWAY, context.at, tuple(signals), Patience(clear_s=_CLEAR_S))


def runway_signals(burning: Burning, around: Sequence[Cap], moment: Moment, settings: Runway) -> list[Signal]:
    """The gravest bound that the runway is under as a breach; what is open stays so until it has eased.

    `around` are the hard caps of this allocation and of those around it: the first to bite binds.
    """
    if not matters(settings, burning.hour_nano, burning.whole_nano, HOUR_S):
        return []
    bounds = {CRITICAL: int(settings.critical), WARNING: int(settings.warning)}
    runway = burning.counted.seconds
    if runway is None or (runway and moment.at + runway >= moment.month_end):
        return []
    # A cap that is reached is told by its own tier of the budget: what was told of its runway stays open.
    breached = [tier for tier, bound in bounds.items() if 0 < runway < bound]
    signals = []
    for tier, bound in bounds.items():
        if runway < bound * _EASED:
            breach = tier == next(iter(breached), "")
            signals.append(
                _signal(burning, binding(around) or burning.counted, tier, bound, moment, breach=breach)
            )
    return signals


def _near(context: RuleContext, settings: Runway) -> Mapping[Allocation, Burning]:
    """Allocations that may be near their cap, with those around them."""
    assert context.at is not None
    at = context.at
    rows = allocations(context)
    hours = context.rules.hours(rows.values(), range((at - HOUR_S) // HOUR_S * HOUR_S, at, HOUR_S))
    chosen: set[Allocation] = set()
    for allocation, series in rows.items():
        most = sum(sums.credits_nano for sums in hours[series].values())
        used = context.used.get(allocation.scope, 0)
        soonest = Cap(allocation.id, "hard", allocation.hard_cap_nano, used, most).seconds
        if soonest is not None and soonest < settings.warning * _EASED:
            chosen.update(each for each in ancestors(context, allocation) if each in rows)
    if not chosen:
        return {}
    burners = {rows[each] for each in chosen}
    quarter = context.rules.burnt(burners, at - QUARTER_S, at)
    hour = context.rules.burnt({*burners, WHOLE}, at - HOUR_S, at)
    return {
        each: Burning(
            each, context.used.get(each.scope, 0), quarter[rows[each]], hour[rows[each]], hour[WHOLE]
        )
        for each in context.settings.allocations
        if each in chosen
    }


def _signal(burning: Burning, cap: Cap, tier: str, bound: int, moment: Moment, *, breach: bool) -> Signal:
    allocation, own = burning.allocation, burning.counted
    left = max(allocation.hard_cap_nano - burning.used_nano, 0)
    rate = own.burn_nano_per_hour // 60
    first = ""
    if cap.allocation_id != allocation.id and cap.seconds is not None:
        first = f"; {cap.allocation_id} binds before it, in {duration(cap.seconds)}"
    return Signal(
        fingerprint=f"runway:{allocation.id}:{moment.period}:{tier}",
        rule=AlertRule.RUNWAY,
        tier=tier,
        at=moment.at,
        **of_allocation(allocation),
        current_nano=rate,
        # What would last until the month ends.
        expected_nano=left * 60 // max(moment.month_end - moment.at, 60),
        threshold=Decimal(bound),
        period=moment.period,
        summary=(
            f"{allocation.id} reaches its hard cap in {duration(own.seconds or 0)} at the burn of "
            f"{burning.window} ({to_credits(rate):,.1f} credits/min): {to_credits(left):,.0f} of "
            f"{to_credits(allocation.hard_cap_nano):,.0f} credits are left{first}"
        ),
        evidence={
            "unit": "credits/min",
            "runway_s": own.seconds,
            "runway_at_the_last_quarters_burn_s": burning.now.seconds,
            "bound_s": bound,
            "binding_cap": cap.allocation_id,
            "binding_runway_s": cap.seconds,
            "left_credits": format(to_credits(left), "f"),
            "used_credits": format(to_credits(burning.used_nano), "f"),
            "hard_cap_credits": format(to_credits(allocation.hard_cap_nano), "f"),
            "bites_at": moment.at + (own.seconds or 0),
        },
        breach=breach,
    )
