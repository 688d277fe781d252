"""Rate of change: a team, model or key whose burn has just doubled. Needs no history, but respects it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, least, matters, per_minute
from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.rules.owners import QUARTER_S, WORDS, Owner, owner_of, planned
from agent.analytics.rate_of_change import Change, Quarter, above_other_days
from agent.domain.alert import AlertRule, Signal
from agent.domain.money import to_credits
from agent.ledger.kinds import Kind, Series
from agent.ledger.rule_store import NOTHING, WHOLE, Sums

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import RateOfChange

DAY_S = 86_400
_QUARTERS = 5  # the last one, and those of the hour before it
_OTHER_DAYS = 7
_MOST = Decimal("0.5")  # of a rise: a key or team that makes it is the one to tell of


@dataclass(frozen=True, slots=True)
class Riser:
    """A series whose burn multiplied."""

    series: Series
    owner: Owner
    change: Change


def judge(context: RuleContext) -> Judged | None:
    """Teams, models and keys against the quarters of the hour before, and other days."""
    settings = context.settings.alerts.rules.rate_of_change
    if not settings.enabled:
        return Judged(AlertRule.RATE_OF_CHANGE, int(context.now), ())
    known_since = context.rules.known_since()
    if context.at is None or known_since is None:
        return None
    at = context.at
    patience = Patience(int(settings.hold), int(settings.clear))
    start = at - _QUARTERS * QUARTER_S
    whole = _change(context.rules.quarters(Kind.TOTAL, start, at).get(0, {}))
    # An hour that nobody has read, or of which no minutes are known, would make everything a rise.
    if known_since + HOUR_S > start or not all(quarter.nano for quarter in whole.earlier):
        return Judged(AlertRule.RATE_OF_CHANGE, at, (), patience)
    changes: dict[Series, Change] = {}
    for kind in (Kind.TEAM, Kind.MODEL):
        for ident, slots in context.rules.quarters(kind, start, at).items():
            changes[kind, ident] = _change(slots)
    changes |= _keys(context, settings, whole)
    rising = {each: change for each, change in changes.items() if _rises(change, whole, settings)}
    teams = [each for each in rising if each[0] is Kind.TEAM]
    detailed = _in_detail(context, _quarters(context, teams, 0), settings)
    rising = _unusual(context, {each: rising[each] for each in rising if each not in teams} | detailed)
    risers = _told_elsewhere(context, _narrowest(_named(context, rising)))
    signals = tuple(_signal(riser, whole, at, settings) for riser in risers)
    return Judged(AlertRule.RATE_OF_CHANGE, at, signals, patience)


def _change(slots: Mapping[int, Sums]) -> Change:
    """Quarters of the last 75 minutes."""
    now, *earlier = (_quarter(slots.get(slot, NOTHING)) for slot in range(_QUARTERS - 1, -1, -1))
    return Change(now, tuple(earlier))


def _quarter(sums: Sums) -> Quarter:
    return Quarter.of([(sums.credits_nano, sums.requests)])


def _rises(change: Change, whole: Change, settings: RateOfChange) -> bool:
    return matters(settings, change.rise_nano, whole.now.nano, QUARTER_S) and change.multiplied(
        settings.factor
    )


def _keys(context: RuleContext, settings: RateOfChange, whole: Change) -> dict[Series, Change]:
    """Keys that burn enough now; minutes of keys are sought one by one, so only of these."""
    assert context.recent is not None
    floor = least(settings, whole.now.nano, QUARTER_S)
    series = [
        (Kind.API_KEY, ident)
        for ident, sums in context.recent.busy(Kind.API_KEY).items()
        if sums.credits_nano >= floor
    ]
    now = _quarters(context, series, 0)
    return _in_detail(context, {each: now[each] for each in now if now[each].nano >= floor}, settings)


def _in_detail(
    context: RuleContext, now: Mapping[Series, Quarter], settings: RateOfChange
) -> dict[Series, Change]:
    """Changes by kind of traffic, of those that are still multiplied with every quarter looked at."""
    changes = {each: Change(quarter, ()) for each, quarter in now.items()}
    for back in range(1, _QUARTERS):
        before = _quarters(context, list(changes), back)
        longer = {
            each: Change(change.now, (*change.earlier, before.get(each, Quarter())))
            for each, change in changes.items()
        }
        changes = {each: change for each, change in longer.items() if change.multiplied(settings.factor)}
    return changes


def _quarters(context: RuleContext, series: Sequence[Series], back: int) -> dict[Series, Quarter]:
    """What each key burnt in the quarter of an hour that ended so many quarters ago."""
    assert context.at is not None
    if not series:
        return {}
    end = context.at - back * QUARTER_S
    cells = context.rules.cells(series, end - QUARTER_S, end)
    return {
        each: Quarter.of((sums.credits_nano, sums.requests) for sums in by_service.values())
        for each, by_service in cells.items()
    }


def _unusual(context: RuleContext, rising: Mapping[Series, Change]) -> dict[Series, Change]:
    """Those that no other day burnt at about this time, as far as the ledger knows: mornings rise too."""
    assert context.at is not None
    if not rising:
        return {}
    known_since = context.rules.known_since() or 0
    others: dict[Series, list[int]] = {each: [] for each in rising}
    for back in range(DAY_S, (_OTHER_DAYS + 1) * DAY_S, DAY_S):
        for shift in (-QUARTER_S, 0, QUARTER_S):
            end = context.at - back + shift
            if end - QUARTER_S < known_since:
                continue
            burnt = context.rules.burnt({*rising, WHOLE}, end - QUARTER_S, end)
            if burnt[WHOLE]:
                for each in rising:
                    others[each].append(burnt[each])
    return {
        each: change for each, change in rising.items() if above_other_days(change.now.nano, others[each])
    }


def _named(context: RuleContext, rising: Mapping[Series, Change]) -> list[Riser]:
    names = context.rules.names([ident for _, ident in rising])
    return [
        Riser(series, owner_of(context, series, names[series[1]]), change)
        for series, change in rising.items()
        if names[series[1]] or series[0] is Kind.TEAM
    ]


def _told_elsewhere(context: RuleContext, risers: Sequence[Riser]) -> list[Riser]:
    """Without what was planned, and what a burn spike tells of already with its cause."""
    spikes = [alert.signal for alert in context.known if alert.signal.rule is AlertRule.BURN_SPIKE]
    return [
        riser
        for riser in risers
        if not any(_same(spike, riser) for spike in spikes)
        and not planned(context, riser.owner.kind, riser.owner.name, team=riser.owner.team)
    ]


def _same(spike: Signal, riser: Riser) -> bool:
    owner = riser.owner
    if spike.scope_kind == "organization" or (spike.scope_kind, spike.scope) == (owner.kind, owner.name):
        return True
    if owner.kind == "model":
        return any(cell.get("model") == owner.name for cell in spike.evidence.get("now", ()))
    return bool(owner.team) and spike.team == owner.team


def _narrowest(risers: Sequence[Riser]) -> list[Riser]:
    """Keys; teams whose rise no key of theirs makes; models whose rise neither a key nor a team makes."""
    chosen: list[Riser] = []
    for kind in (Kind.API_KEY, Kind.TEAM, Kind.MODEL):
        fresh = [riser for riser in risers if riser.series[0] is kind and not _made_by(riser, chosen)]
        chosen += fresh
    return chosen


def _made_by(riser: Riser, others: Iterable[Riser]) -> bool:
    return any(
        other.change.rise_nano >= _MOST * riser.change.rise_nano
        and (riser.owner.kind == "model" or other.owner.team == riser.owner.team)
        for other in others
        if other.owner.kind != riser.owner.kind
    )


def _signal(riser: Riser, whole: Change, at: int, settings: RateOfChange) -> Signal:
    kind, ident = riser.series
    change, owner = riser.change, riser.owner
    now, before = per_minute(change.now.nano, QUARTER_S), per_minute(change.reference.nano, QUARTER_S)
    times = (
        f"{Decimal(now) / before:.1f}x the {to_credits(before):,.1f} of before" if before else "from nothing"
    )
    return Signal(
        fingerprint=f"rate_of_change:{WORDS[kind]}:{ident}",
        rule=AlertRule.RATE_OF_CHANGE,
        tier=settings.tier,
        at=at,
        **owner.fields,
        current_nano=now,
        expected_nano=before,
        threshold=settings.factor,
        summary=(
            f"{owner.label} went up within a quarter of an hour: {to_credits(now):,.1f} credits/min, {times}"
        ),
        evidence={
            "unit": "credits/min",
            "quarter_credits": format(to_credits(change.now.nano), "f"),
            "quarters_before_credits": [format(to_credits(each.nano), "f") for each in change.earlier],
            "requests": change.now.requests,
            "organization_quarter_credits": format(to_credits(whole.now.nano), "f"),
        },
    )
