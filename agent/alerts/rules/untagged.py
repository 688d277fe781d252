"""Untagged: burn of the last hour that has no team, so that nobody can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters, per_minute, share_of
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.rules.owners import planned
from agent.domain.alert import AlertRule, Signal
from agent.domain.money import to_credits
from agent.ledger.kinds import Kind
from agent.ledger.rule_store import WHOLE

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import Untagged

_CLEAR_S = 1_800
_EASED = Decimal("0.8")  # an open alert ends below this part of the bound
_MOST_KEYS = 5


@dataclass(frozen=True, slots=True)
class Hour:
    """What the last hour burnt without a team and as a whole, and the keys that burn so, dearest first."""

    untagged_nano: int
    whole_nano: int
    keys: tuple[str, ...]
    at: int


def judge(context: RuleContext) -> Judged | None:
    """The share of the last hour's burn that has no team, where teams are known at all."""
    settings = context.settings.alerts.rules.untagged
    if not settings.enabled:
        return Judged(AlertRule.UNTAGGED, int(context.now), ())
    if context.at is None:
        return None
    patience = Patience(int(settings.hold), _CLEAR_S)
    nobody = context.rules.find(Kind.TEAM, "")
    # Without a single team nobody has begun to say who owns what: doctor tells that, not an alert.
    teams = any(whose.team for whose in context.store.contexts().values())
    if nobody is None or not teams or planned(context, "organization", "", window_s=HOUR_S):
        return Judged(AlertRule.UNTAGGED, context.at, (), patience)
    burnt = context.rules.burnt([nobody, WHOLE], context.at - HOUR_S, context.at)
    signals: tuple[Signal, ...] = ()
    if _holds(burnt[nobody], burnt[WHOLE], settings):
        hour = Hour(burnt[nobody], burnt[WHOLE], _keys(context), context.at)
        signals = (untagged_signal(hour, settings),)
    return Judged(AlertRule.UNTAGGED, context.at, signals, patience)


def untagged_signal(hour: Hour, settings: Untagged) -> Signal:
    """A breach at or above the bound; less only keeps open what is open."""
    rate = per_minute(hour.untagged_nano, HOUR_S)
    keys = f"; most of it by {', '.join(hour.keys)}" if hour.keys else ""
    return Signal(
        fingerprint="untagged:team",
        rule=AlertRule.UNTAGGED,
        tier=settings.tier,
        at=hour.at,
        scope_kind="organization",
        scope="",
        current_nano=rate,
        expected_nano=per_minute(int(settings.above * hour.whole_nano), HOUR_S),
        threshold=settings.above,
        summary=(
            f"{share_of(hour.untagged_nano, hour.whole_nano):.0%} of the last hour's burn has no team, "
            f"{to_credits(rate):,.1f} credits/min{keys}"
        ),
        evidence={
            "unit": "credits/min",
            "untagged_credits": format(to_credits(hour.untagged_nano), "f"),
            "whole_credits": format(to_credits(hour.whole_nano), "f"),
            "share": format(share_of(hour.untagged_nano, hour.whole_nano), "f"),
            "keys": list(hour.keys),
        },
        breach=hour.untagged_nano >= settings.above * hour.whole_nano,
    )


def _holds(untagged_nano: int, whole_nano: int, settings: Untagged) -> bool:
    return untagged_nano >= settings.above * _EASED * whole_nano and matters(
        settings, untagged_nano, whole_nano, HOUR_S
    )


def _keys(context: RuleContext) -> tuple[str, ...]:
    """Names of the dearest keys that have no team."""
    assert context.recent is not None
    busy = context.recent.busy(Kind.API_KEY)
    without = {
        whose.api_key_id: whose.api_key
        for whose in context.store.contexts().values()
        if not whose.team and whose.api_key and whose.api_key_id in busy
    }
    dearest = sorted(without, key=lambda ident: -busy[ident].credits_nano)[:_MOST_KEYS]
    return tuple(context.store.key_name(without[ident]) for ident in dearest)
