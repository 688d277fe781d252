"""Errors: calls that fail or are sent again, where they make a large share of all calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters, per_minute, share_of
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.rules.owners import WORDS, Owner, held, owner_of, planned
from agent.domain.alert import AlertRule, Signal
from agent.domain.cause import Cause
from agent.domain.words import duration
from agent.ledger.kinds import Kind, Series
from agent.ledger.rule_store import NOTHING, WHOLE, Sums

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import Errors

DAY_S = 86_400
_CLEAR_S = 900
_DAY_H = 24
_OTHER_DAYS = 7
_STORM = 1.8  # times the usual calls, while they fail: they are sent again and again
_MOST = Decimal("0.5")  # of the failures: who makes them is the one to tell of


@dataclass(frozen=True, slots=True)
class Failing:
    """A series whose calls fail; `usual_requests` are those of the same hours of other days."""

    series: Series
    owner: Owner
    sums: Sums
    usual_requests: float | None
    peak_nano: int  # of its dearest hour of the last day: a service that is down burns nothing
    whole_peak_nano: int  # of the whole organization's dearest hour


def judge(context: RuleContext) -> Judged | None:
    """Keys, teams and the whole; of one outage only the narrowest of them that makes most failures."""
    settings = context.settings.alerts.rules.errors
    if not settings.enabled:
        return Judged(AlertRule.ERRORS, int(context.now), ())
    recent = context.recent
    if recent is None:
        return None
    patience = Patience(int(settings.hold), _CLEAR_S)
    keys = _above(recent.busy(Kind.API_KEY), settings)
    teams = _above(recent.busy(Kind.TEAM), settings)
    whole = _above({0: recent.whole}, settings)
    signals: list[Signal] = []
    if keys or teams or whole:
        chosen = _narrowest(context, keys, teams, whole)
        signals = [
            errors_signal(failing, recent.at, recent.seconds, settings)
            for failing in _failing(context, chosen)
            if matters(settings, failing.peak_nano, failing.whole_peak_nano, HOUR_S)
            and not _was_planned(context, failing.owner, recent.seconds)
            and not held(context, failing.owner, recent.seconds)
        ]
    return Judged(AlertRule.ERRORS, recent.at, tuple(signals), patience)


def errors_signal(failing: Failing, at: int, seconds: int, settings: Errors) -> Signal:
    """The signal of a series whose calls fail, with the signature of a retry storm where it shows."""
    kind, ident = failing.series
    sums, owner, usual = failing.sums, failing.owner, failing.usual_requests
    share = share_of(sums.errors, max(sums.requests, sums.errors))
    times = sums.requests / usual if usual else None
    storm = times is not None and times >= _STORM
    again = f"; {times:.1f}x the usual calls: they are sent again and again" if storm else ""
    return Signal(
        fingerprint=f"errors:{WORDS[kind]}:{ident}",
        rule=AlertRule.ERRORS,
        tier=settings.tier,
        at=at,
        **owner.fields,
        current_nano=per_minute(sums.credits_nano, seconds),
        expected_nano=per_minute(failing.peak_nano, HOUR_S),
        threshold=settings.above,
        cause=Cause.RETRY_STORM.value if storm else "",
        summary=(
            f"{share:.0%} of the calls of {owner.label} fail: {sums.errors:,} of {sums.requests:,} "
            f"in {duration(seconds)}{again}"
        ),
        evidence={
            "unit": "credits/min",
            "errors": sums.errors,
            "requests": sums.requests,
            "share": format(share, "f"),
            "usual_requests": None if usual is None else round(usual, 1),
            "window_s": seconds,
        },
    )


def _was_planned(context: RuleContext, owner: Owner, window_s: int) -> bool:
    return planned(context, owner.kind, owner.name, team=owner.team, window_s=window_s)


def _above(rows: Mapping[int, Sums], settings: Errors) -> dict[int, Sums]:
    return {
        ident: sums
        for ident, sums in rows.items()
        if sums.errors >= settings.min_requests and sums.errors >= settings.above * sums.requests
    }


def _narrowest(
    context: RuleContext, keys: Mapping[int, Sums], teams: Mapping[int, Sums], whole: Mapping[int, Sums]
) -> dict[Series, Sums]:
    """The whole where nobody makes most failures; else teams, and keys that make most of their team's."""
    if whole and not _maker(whole[0], teams) and not _maker(whole[0], keys):
        return {WHOLE: whole[0]}
    team_of = {
        whose.api_key_id: whose.team_id
        for whose in context.store.contexts().values()
        if whose.api_key_id in keys
    }
    chosen: dict[Series, Sums] = {}
    for ident, sums in teams.items():
        own = {key: failed for key, failed in keys.items() if team_of.get(key) == ident}
        if not _maker(sums, own):
            chosen[Kind.TEAM, ident] = sums
    quiet = {ident for kind, ident in chosen if kind is Kind.TEAM}
    for key, sums in keys.items():
        if team_of.get(key) not in quiet:
            chosen[Kind.API_KEY, key] = sums
    return chosen


def _maker(sums: Sums, parts: Mapping[int, Sums]) -> bool:
    return any(part.errors >= _MOST * sums.errors for part in parts.values())


def _failing(context: RuleContext, chosen: Mapping[Series, Sums]) -> list[Failing]:
    assert context.recent is not None
    recent, store = context.recent, context.rules
    names = store.names([ident for _, ident in chosen])
    hour = recent.at // HOUR_S * HOUR_S
    day = store.hours({*chosen, WHOLE}, range(hour - _DAY_H * HOUR_S, hour + HOUR_S, HOUR_S))
    whole_peak = max((sums.credits_nano for sums in day[WHOLE].values()), default=0)
    usual = _usual_requests(context, chosen)
    return [
        Failing(
            series,
            owner_of(context, series, names.get(series[1], "")),
            sums,
            usual(series),
            max((each.credits_nano for each in day[series].values()), default=0),
            whole_peak,
        )
        for series, sums in chosen.items()
    ]


def _usual_requests(context: RuleContext, chosen: Mapping[Series, Sums]) -> Callable[[Series], float | None]:
    """Requests of the same stretch of the busiest of other days; None where no other day is known."""
    assert context.recent is not None
    recent = context.recent
    known_since = context.rules.known_since() or recent.start
    backs = [day * DAY_S for day in range(1, _OTHER_DAYS + 1) if recent.start - day * DAY_S >= known_since]
    shifted = {hour - back: back for back in backs for hour in recent.hours}
    read = context.rules.hours(chosen, shifted)

    def requests(series: Series) -> float | None:
        if not backs:
            return None
        # The hour that runs is not over: of the same hour of another day only so much counts.
        part = {hour: min(recent.at - hour, HOUR_S) / HOUR_S for hour in recent.hours}
        by_day = [
            sum(read[series].get(hour - back, NOTHING).requests * share for hour, share in part.items())
            for back in backs
        ]
        return max(by_day)

    return requests
