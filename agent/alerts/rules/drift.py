"""Drift: truth layers of an account that say too different things of the same closed days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import matters
from agent.alerts.lifecycle import Judged
from agent.domain.alert import AlertRule, Signal
from agent.domain.money import to_credits
from agent.domain.usage import Layer
from agent.domain.words import plural
from agent.ledger.rule_store import WHOLE
from agent.ledger.sources_seen import LayerDay

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import Drift

DAY_S = 86_400
_SETTLED_S = DAY_S  # a bill is revised for about a day
_BEFORE_D = 14  # closed days that say whether events ever were complete
Days = dict[int, dict[int, LayerDay]]
"""What each layer says, by UTC day and layer."""
Pair = tuple[Layer, Layer]
_PAIRS: tuple[Pair, ...] = ((Layer.ESTIMATED, Layer.METERED), (Layer.METERED, Layer.BILLED))


@dataclass(frozen=True, slots=True)
class Apart:
    """What two layers of an account say of the same days."""

    account: str
    lower: Layer
    higher: Layer
    lower_nano: int
    higher_nano: int
    days: tuple[int, ...]
    whole_nano: int  # of the whole organization in these days

    @property
    def difference(self) -> Decimal:
        """As a share of the lower layer."""
        return Decimal(self.higher_nano - self.lower_nano) / self.lower_nano


def judge(context: RuleContext) -> Judged | None:
    """Every account, over the last days that both layers know as a whole."""
    settings = context.settings.alerts.rules.drift
    now = int(context.now)
    if not settings.enabled:
        return Judged(AlertRule.DRIFT, now, ())
    last = (now - _SETTLED_S) // DAY_S * DAY_S
    first = last - (settings.days + _BEFORE_D) * DAY_S
    by_account: dict[int, Days] = {}
    for row in context.rules.layer_days(first, last):
        by_account.setdefault(row.account, {}).setdefault(row.day, {})[row.layer] = row
    whole = context.rules.days([WHOLE], range(first, last, DAY_S))[WHOLE]
    signals = []
    for account in context.rules.accounts():
        for pair in _PAIRS:
            days = _comparable(context, account.id, by_account.get(account.id, {}), pair)
            recent = tuple(day for day in days if day >= last - settings.days * DAY_S)
            if recent and _fair(days, recent, pair, settings.above):
                apart = _apart(account.name, days, recent, pair, sum(whole.get(day, 0) for day in recent))
                signals += [drift_signal(apart, now, settings)] if is_apart(apart, settings) else []
    return Judged(AlertRule.DRIFT, now, tuple(signals))


def is_apart(apart: Apart, settings: Drift) -> bool:
    """Whether the layers differ by the bound or more, and by an amount that matters."""
    gap = abs(apart.higher_nano - apart.lower_nano)
    if apart.lower_nano <= 0 or gap < settings.above * apart.lower_nano:
        return False
    return matters(settings, gap, apart.whole_nano, len(apart.days) * DAY_S)


def drift_signal(apart: Apart, now: int, settings: Drift) -> Signal:
    """The signal of two layers that are apart."""
    lower, higher = to_credits(apart.lower_nano), to_credits(apart.higher_nano)
    side = "above" if apart.difference >= 0 else "below"
    return Signal(
        fingerprint=f"drift:{apart.account}:{apart.lower.word}:{apart.higher.word}",
        rule=AlertRule.DRIFT,
        tier=settings.tier,
        at=now,
        scope_kind="account",
        scope=apart.account,
        current_nano=apart.higher_nano,
        expected_nano=apart.lower_nano,
        threshold=settings.above,
        summary=(
            f"{apart.account}: {apart.higher.word} is {abs(apart.difference):.1%} {side} "
            f"{apart.lower.word} over {plural(len(apart.days), 'closed day')}: "
            f"{higher:,.0f} against {lower:,.0f} credits"
        ),
        evidence={
            "unit": "credits",
            f"{apart.lower.word}_credits": format(lower, "f"),
            f"{apart.higher.word}_credits": format(higher, "f"),
            "difference": format(apart.difference.quantize(Decimal("0.0001")), "f"),
            "first_day": apart.days[0],
            "days": len(apart.days),
        },
    )


def _comparable(context: RuleContext, account: int, known: Days, pair: Pair) -> Days:
    """Days of which both layers have something and the higher one covers all."""
    lower, higher = pair
    return {
        day: layers
        for day, layers in known.items()
        if lower in layers and higher in layers and context.rules.covers(account, higher, day, day + DAY_S)
    }


def _fair(days: Days, recent: Sequence[int], pair: Pair, bound: Decimal) -> bool:
    """Events that never saw all of the traffic are no measure; ones that did and no longer do are."""
    if pair[0] is not Layer.ESTIMATED or _complete(days, recent, bound):
        return True
    return _complete(days, [day for day in days if day < min(recent)], bound)


def _complete(days: Days, chosen: Sequence[int], bound: Decimal) -> bool:
    """Whether events saw about as many requests as the provider metered."""
    events = sum(days[day][Layer.ESTIMATED].requests for day in chosen)
    metered = sum(days[day][Layer.METERED].requests for day in chosen)
    return metered > 0 and abs(events - metered) <= bound * metered


def _apart(account: str, days: Days, recent: tuple[int, ...], pair: Pair, whole_nano: int) -> Apart:
    lower, higher = (sum(days[day][layer].credits_nano for day in recent) for layer in pair)
    return Apart(account, *pair, lower, higher, tuple(sorted(recent)), whole_nano)
