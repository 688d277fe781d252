"""Cache: a cached share of input far below its usual, and the credits that this loses every hour."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters, per_minute
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.rules.owners import QUARTER_S, Owner, owner_of, planned
from agent.analytics.cache_share import Input, collapsed, lost_nano, lost_tokens, usual_share
from agent.domain.alert import AlertRule, Signal
from agent.domain.cause import Cause
from agent.domain.model_name import listed_name
from agent.domain.money import to_credits
from agent.ledger.history_store import ListedRate
from agent.ledger.kinds import Kind, Series
from agent.ledger.rule_store import NOTHING, Sums

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.alerts.recent import Recent
    from agent.settings_rules import Cache

DAY_S = 86_400
_CLEAR_S = 1_800
_EASED = Decimal("0.7")  # an open alert ends when less than this part of the drop is left
_OTHER_DAYS = 14
_GLANCE = (6, 7, 8)  # days back


@dataclass(frozen=True, slots=True)
class Fall:
    """A series whose cached share fell."""

    series: Series
    owner: Owner
    model: str  # of a team's series; empty: several
    now: Input
    usual: float
    lost_tokens: int
    lost_nano: int | None  # None: nobody knows the price of a cached token


def judge(context: RuleContext) -> Judged | None:
    """Keys, and teams by model, against the same hours of the last two weeks."""
    settings = context.settings.alerts.rules.cache
    if not settings.enabled:
        return Judged(AlertRule.CACHE, int(context.now), ())
    recent = context.recent
    if recent is None:
        return None
    patience = Patience(int(settings.hold), _CLEAR_S)
    fallen = _fallen(context, recent, settings)
    signals: tuple[Signal, ...] = ()
    if fallen:
        falls = _priced(context, recent, _named(context, fallen))
        falls = [fall for fall in falls if _troubles(fall, recent, settings)]
        falls = [fall for fall in falls if not _was_planned(context, fall)]
        signals = tuple(cache_signal(fall, recent.at, recent.seconds, settings) for fall in _narrowest(falls))
    return Judged(AlertRule.CACHE, recent.at, signals, patience)


def cache_signal(fall: Fall, at: int, seconds: int, settings: Cache) -> Signal:
    """A breach where the drop is reached; less of it only keeps open what is open."""
    owner, an_hour = fall.owner, fall.lost_tokens * HOUR_S // seconds
    if fall.lost_nano is None:
        lost = f"{an_hour:,} tokens an hour are no longer cached"
    else:
        lost = f"that loses {to_credits(fall.lost_nano * HOUR_S // seconds):,.0f} credits an hour"
    what = f"{owner.label} on {fall.model}" if fall.model else owner.label
    return Signal(
        fingerprint=f"cache:{owner.kind}:{fall.series[1]}",
        rule=AlertRule.CACHE,
        tier=settings.tier,
        at=at,
        **owner.fields,
        current_nano=per_minute(fall.lost_nano or 0, seconds),
        expected_nano=0,
        threshold=settings.drop,
        cause=Cause.LOST_CACHE.value,
        summary=f"the cached share of {what} fell from {fall.usual:.0%} to {fall.now.share:.0%}: {lost}",
        evidence={
            "unit": "credits/min",
            "model": fall.model,
            "cached_share": round(fall.now.share, 4),
            "usual_share": round(fall.usual, 4),
            "tokens_input": fall.now.tokens,
            "lost_tokens_per_hour": an_hour,
            "lost_credits_per_hour": (
                None
                if fall.lost_nano is None
                else format(to_credits(fall.lost_nano * HOUR_S // seconds), "f")
            ),
            "window_s": seconds,
        },
        breach=collapsed(fall.now, fall.usual, settings.drop),
    )


def _fallen(context: RuleContext, recent: Recent, settings: Cache) -> dict[Series, tuple[Input, float]]:
    """Present input and usual share of every busy series that lost some of it."""
    drop = settings.drop * _EASED
    now = {
        (kind, ident): Input(sums.tokens_input, sums.tokens_cached)
        for kind in (Kind.API_KEY, Kind.TEAM_MODEL)
        for ident, sums in recent.busy(kind).items()
        # What is lost is a part of what burns.
        if matters(settings, sums.credits_nano, recent.whole.credits_nano, recent.seconds)
    }
    # A few days say of most series that nothing fell; the others are looked at closely.
    glance = _days(context, recent, {each for each in now if collapsed(now[each], 1.0, drop)}, _GLANCE)
    suspects = {
        series
        for series, days in glance.items()
        if any(collapsed(now[series], day.share, drop) for day in days.values())
    }
    fallen = {}
    for series, days in _days(context, recent, suspects, range(1, _OTHER_DAYS + 1)).items():
        usual = usual_share(now[series], days)
        if usual is not None and collapsed(now[series], usual, drop):
            fallen[series] = (now[series], usual)
    return fallen


def _days(
    context: RuleContext, recent: Recent, series: Collection[Series], backs: Sequence[int]
) -> dict[Series, dict[int, Input]]:
    """Input of each series at the same hours of other days, by how many days back."""
    if not series:
        return {}
    read = context.rules.hours(series, [hour - back * DAY_S for back in backs for hour in recent.hours])
    return {each: {back: _day(read[each], recent, back) for back in backs} for each in series}


def _day(hours: Mapping[int, Sums], recent: Recent, back: int) -> Input:
    sums = sum((hours.get(hour - back * DAY_S, NOTHING) for hour in recent.hours), NOTHING)
    return Input(sums.tokens_input, sums.tokens_cached)


def _named(context: RuleContext, fallen: Mapping[Series, tuple[Input, float]]) -> list[Fall]:
    pairs = context.rules.team_models(ident for kind, ident in fallen if kind is Kind.TEAM_MODEL)
    names = context.rules.names(ident for kind, ident in fallen if kind is Kind.API_KEY)
    falls = []
    for (kind, ident), (now, usual) in fallen.items():
        lost = lost_tokens(now, usual)
        if kind is Kind.TEAM_MODEL:
            team, model = pairs[ident]
            owner = Owner("team", team, f"team {team or '(unattributed)'}", team)
            falls.append(Fall((kind, ident), owner, model, now, usual, lost, None))
        elif names[ident]:
            owner = owner_of(context, (kind, ident), names[ident])
            falls.append(Fall((kind, ident), owner, "", now, usual, lost, None))
    return falls


def _priced(context: RuleContext, recent: Recent, falls: Iterable[Fall]) -> list[Fall]:
    """With what they lose, by the rates of their models."""
    falls = list(falls)
    rates = context.rules.rates(recent.at)
    keys = [fall.series for fall in falls if fall.series[0] is Kind.API_KEY]
    mixes = context.rules.cells(keys, recent.at - QUARTER_S, recent.at) if keys else {}
    services = context.store.services()
    found = []
    for fall in falls:
        if fall.model:
            weights = {fall.model: 1}
        else:
            weights = {}
            for service, sums in mixes.get(fall.series, {}).items():
                called = services.get(service)
                if called is not None:
                    weights[called.model] = weights.get(called.model, 0) + sums.tokens_input
        found.append(replace(fall, lost_nano=_lost(fall.lost_tokens, weights, rates)))
    return found


def _lost(tokens: int, weights: Mapping[str, int], rates: Mapping[str, ListedRate]) -> int | None:
    """What lost tokens cost, shared out over models as these use input; None where no price is known."""
    whole = sum(weights.values())
    total: int | None = None
    for model, weight in weights.items():
        name = listed_name(model, rates)
        rate = rates[name] if name is not None else None
        if rate is None or rate.input is None or rate.cached is None or not weight:
            continue
        total = (total or 0) + lost_nano(tokens * weight // whole, rate.input, rate.cached)
    return total


def _troubles(fall: Fall, recent: Recent, settings: Cache) -> bool:
    """Whether the loss reaches the floors; where it has no price, whether the burn of the series does."""
    nano = fall.lost_nano
    if nano is None:
        kind, ident = fall.series
        nano = recent.busy(kind).get(ident, NOTHING).credits_nano
    return matters(settings, nano, recent.whole.credits_nano, recent.seconds)


def _was_planned(context: RuleContext, fall: Fall) -> bool:
    return planned(context, fall.owner.kind, fall.owner.name, team=fall.owner.team) or (
        bool(fall.model) and planned(context, "model", fall.model)
    )


def _narrowest(falls: Iterable[Fall]) -> list[Fall]:
    """Keys, and of teams those none of whose keys is among them."""
    falls = list(falls)
    teams = {fall.owner.team for fall in falls if fall.owner.kind == "api_key"}
    return [fall for fall in falls if fall.owner.kind == "api_key" or fall.owner.name not in teams]
