"""New burner: a key or a model that never burnt before and burns enough to matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, least, matters, per_minute, share_of
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.rules.history import being_read
from agent.alerts.rules.owners import QUARTER_S, WORDS, Owner, owner_of, planned
from agent.domain.alert import AlertRule, Signal
from agent.domain.money import to_credits
from agent.domain.words import duration, instant
from agent.ledger.rule_store import NOTHING, Newcomer, Sums

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import NewBurner

_YOUNG_S = 86_400  # of a ledger, to which everything is new
_CLEAR_S = 3_600


@dataclass(frozen=True, slots=True)
class Burn:
    """What a newcomer burnt lately, beside the whole organization."""

    newcomer: Newcomer
    owner: Owner
    sums: Sums
    whole_nano: int
    seconds: int  # since it was first seen, at most as far as "lately" goes
    at: int


def judge(context: RuleContext) -> Judged | None:
    """Every key and model that was first seen burning not long ago."""
    settings = context.settings.alerts.rules.new_burner
    if not settings.enabled:
        return Judged(AlertRule.NEW_BURNER, int(context.now), ())
    recent = context.recent
    known_since = context.rules.known_since()
    if recent is None or known_since is None:
        return None
    at = recent.at
    newcomers = [
        each
        for each in context.rules.newcomers(max(at - int(settings.within), known_since + _YOUNG_S))
        if each.first_seen < at
    ]
    patience = Patience(clear_s=_CLEAR_S)
    if not newcomers:
        return Judged(AlertRule.NEW_BURNER, at, (), patience)
    if being_read(context):
        return None
    found = []
    for each in newcomers:
        kind, ident = each.series
        sums = recent.busy(kind).get(ident, NOTHING)
        seconds = max(QUARTER_S, min(recent.seconds, at - each.first_seen))
        if sums.credits_nano >= least(settings, recent.whole_nano(seconds), seconds) // 2:
            owner = owner_of(context, each.series, each.name)
            if planned(context, owner.kind, owner.name, team=owner.team, window_s=recent.seconds):
                continue
            burn = Burn(each, owner, sums, recent.whole_nano(seconds), seconds, at)
            found.append(new_burner_signal(burn, settings))
    return Judged(AlertRule.NEW_BURNER, at, tuple(found), patience)


def new_burner_signal(burn: Burn, settings: NewBurner) -> Signal:
    """A breach where both floors are reached; less only keeps open what is open."""
    kind, ident = burn.newcomer.series
    nano, owner = burn.sums.credits_nano, burn.owner
    rate = per_minute(nano, burn.seconds)
    age = burn.at - burn.newcomer.first_seen
    return Signal(
        fingerprint=f"new_burner:{WORDS[kind]}:{ident}",
        rule=AlertRule.NEW_BURNER,
        tier=settings.tier,
        at=burn.at,
        **owner.fields,
        current_nano=rate,
        expected_nano=0,
        threshold=settings.min_credits_per_hour,
        summary=(
            f"{owner.label} is new and burns {to_credits(rate):,.1f} credits/min, "
            f"{share_of(nano, burn.whole_nano):.0%} of everything; first seen {duration(age)} ago"
        ),
        evidence=_evidence(burn),
        breach=matters(settings, nano, burn.whole_nano, burn.seconds),
    )


def _evidence(burn: Burn) -> Mapping[str, object]:
    return {
        "unit": "credits/min",
        "first_seen": instant(burn.newcomer.first_seen),
        "credits_per_hour": format(Decimal(burn.sums.credits_nano * HOUR_S // burn.seconds).scaleb(-9), "f"),
        "share": format(share_of(burn.sums.credits_nano, burn.whole_nano), "f"),
        "requests": burn.sums.requests,
        "window_s": burn.seconds,
    }
