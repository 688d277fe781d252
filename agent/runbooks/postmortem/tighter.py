"""Tighter rules on the time before an incident was told of: when they would have told, and of what else."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from agent.analytics.month import month_of
from agent.domain.alert import CRITICAL, WARNING, Alert, AlertRule, Signal, tier_rank
from agent.domain.words import duration, instant, plural
from agent.errors import BurndeckError
from agent.reports.moment import HOUR, MINUTE
from agent.runbooks.postmortem.model import Catch

if TYPE_CHECKING:
    from agent.analytics.spike import Limits
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from agent.settings_alerts import Spike

_LOOKS = range(4, 17)  # between the rise and the alert, as many as a second or so allows
_CONTEXTS = 16_000  # that are looked at altogether, at one look or several
_MARGIN_S = 5 * MINUTE
_SENSITIVITIES = (2, 4)
_SHARE = Decimal("0.10")
_LOWERED = (WARNING, CRITICAL)  # a cap is what was agreed on: what leads to it may be told of sooner


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be caught: whose it is, when it rose, when a rule saw it and when people were told."""

    labels: frozenset[str]  # team:search
    teams: frozenset[str]
    rose: int
    seen: int
    fired: int
    tier: str  # of the first alert: what is milder tells of less

    def about(self, signal: Signal) -> bool:
        """Whether a signal is of this incident."""
        label = f"{signal.scope_kind}:{signal.scope}" if signal.scope else signal.scope_kind
        return label in self.labels or (signal.team != "" and signal.team in self.teams)


def spikes(reader: LedgerReader, settings: Settings, told: Told) -> Iterator[Catch]:
    """`burn_spike` as it is and more sensitive, minute by minute through what the ledger has today."""
    from agent.alerts.spike import limits_of

    now = settings.alerts.spike
    tried = [(factor, _more_sensitive(now, factor)) for factor in _SENSITIVITIES]
    limits = {0: limits_of(now)} | {factor: limits_of(each) for factor, each in tried}
    seen = _looks(reader, limits, told)
    first = {factor: _first(seen[factor], told, int(now.hold)) for factor in limits}
    # Usage arrives late: whatever is seen in it earlier is told of as much later as this was.
    late = told.fired - (first[0] or told.seen)
    for factor, section in tried:
        at = first[factor]
        yield _caught(
            f"burn_spike {'twice' if factor == 2 else f'{factor} times'} as sensitive",
            f"burndeck alerts test burn_spike --set alerts.spike.sensitivity={section.sensitivity:f} "
            f"--set alerts.spike.min_credits_per_hour={section.min_credits_per_hour:f}",
            None if at is None else at + late,
            told,
            _price(seen[factor], seen[0], told),
        )


def _more_sensitive(now: Spike, factor: int) -> Spike:
    floor = now.min_credits_per_hour if factor == 2 else now.min_credits_per_hour / factor
    return msgspec.structs.replace(now, sensitivity=now.sensitivity * factor, min_credits_per_hour=floor)


Seen = Sequence[tuple[int, tuple[Signal, ...]]]


def _looks(reader: LedgerReader, limits: Mapping[int, Limits], told: Told) -> Mapping[int, Seen]:
    """By limits what the rule says at some instants of the day before, and from the rise to the alert."""
    from agent.alerts.memory import BurnMemory
    from agent.alerts.scene import view
    from agent.alerts.spike import spike_signals

    start, end = (told.rose - _MARGIN_S) // MINUTE * MINUTE, -(-told.seen // MINUTE) * MINUTE + MINUTE
    store, memory, widest = reader.alert_store(), BurnMemory(), limits[max(limits)]
    many = min(max(_CONTEXTS // max(len(store.contexts()), 1), _LOOKS[0]), _LOOKS[-1])
    step = max(MINUTE, -(-(end - start) // many // MINUTE) * MINUTE)
    day_before = range(start - 24 * HOUR, start - HOUR, 24 * HOUR * 3 // many)
    found: dict[int, list[tuple[int, tuple[Signal, ...]]]] = {each: [] for each in limits}
    for at in (*day_before, *range(start, end + step, step)):
        scene = view(store, memory, at, widest)
        for name, each in limits.items():
            signals = spike_signals(store, memory, scene, each, ()) or ()
            found[name].append((at, tuple(signal for signal in signals if signal.breach)))
    return found


def _first(seen: Seen, told: Told, hold_s: int) -> int | None:
    """When it is told of: at once where it is beyond doubt, else when it has lasted."""
    since: int | None = None
    for at, signals in seen:
        if at < told.rose - _MARGIN_S:
            continue
        mine = [signal for signal in signals if told.about(signal)]
        if any(signal.sure for signal in mine):
            return at
        since = (at if since is None else since) if mine else None
        if since is not None and at - since >= hold_s:
            return at
    return None


def _price(seen: Seen, as_it_is: Seen, told: Told) -> str:
    """What else it would have told of on the day before."""
    before = [(at, signals) for at, signals in seen if at < told.rose - HOUR]
    known = {signal.fingerprint for _, signals in as_it_is for signal in signals}
    others = {each.fingerprint for _, signals in before for each in signals if each.fingerprint not in known}
    if not before:
        return ""
    looks = f"of {plural(len(before), 'look')} at the day before"
    if not others:
        return f"{looks} it tells of nothing else"
    return f"{looks} it tells of {plural(len(others), 'other rise')} too"


def _caught(policy: str, setting: str, at: int | None, told: Told, price: str) -> Catch:
    earlier = None if at is None or at >= told.fired else told.fired - at
    if at is None:
        sentence = f"{policy} would not have told of it before {instant(told.fired)} either."
    elif earlier is None:
        sentence = f"{policy} would not have told of it any earlier."
    else:
        sentence = f"{policy} would have told of it at {instant(at)}, {duration(earlier)} earlier."
    return Catch(policy, setting, at, earlier, None, price, sentence)


def by_hours(
    reader: LedgerReader, settings: Settings, told: Told, rules: Collection[AlertRule]
) -> Iterator[Catch]:
    """Other rules that fired, tighter, through the month until the alert by whole hours."""
    from agent.alerts.replay import replay

    zone = settings.organization.time_zone
    for rule in rules:
        made = _tighter(settings, rule)
        if made is None:
            continue
        changed, policy, setting = made
        start, end = month_of(told.fired - 1, zone).start, told.fired + HOUR
        try:
            found = replay(reader, settings, changed, rule.value, start, end)
        except BurndeckError:
            continue  # nothing is known of that time
        assert found.changed is not None
        base, at = _told_at(found.now.episodes, told), _told_at(found.changed.episodes, told)
        # The replay has all data at once: people were told later than it by what came late.
        late = max(0, told.fired - base) if base is not None else 0
        price = _loudness(found.now.loudness.pages_per_week, found.changed.loudness.pages_per_week)
        yield _caught(policy, setting, None if at is None else at + late, told, price)


def _told_at(episodes: Sequence[Alert], told: Told) -> int | None:
    """When something of the incident is told of first, as gravely as its first alert or more."""
    least = tier_rank(told.tier)
    heard = (each for each in episodes if tier_rank(each.signal.tier) >= least and told.about(each.signal))
    return min((each.fired_at for each in heard if each.fired_at is not None), default=None)


def _loudness(now: Decimal, then: Decimal) -> str:
    return f"{then} pages a week in place of {now} over that time" if then != now else ""


def _tighter(settings: Settings, rule: AlertRule) -> tuple[Settings, str, str] | None:
    """The settings with one rule that tells earlier, in words and as the command that tries it.

    None of a rule that has no such limits.
    """
    alerts = settings.alerts
    if rule is AlertRule.BUDGET:
        tiers = tuple(
            msgspec.structs.replace(each, at=each.at - _SHARE) if each.name in _LOWERED else each
            for each in alerts.tiers
        )
        changed = msgspec.structs.replace(alerts, tiers=tiers)
        words = "budget tiers of warning and critical at a tenth of the month's credits less"
        sets = [f"alerts.tiers.{each.name}.at={each.at:f}" for each in tiers if each.name in _LOWERED]
    elif rule is AlertRule.RUNWAY:
        limits = alerts.rules.runway
        double = msgspec.structs.replace(
            limits,
            warning=type(limits.warning)(limits.warning * 2),
            critical=type(limits.critical)(limits.critical * 2),
        )
        changed = msgspec.structs.replace(alerts, rules=msgspec.structs.replace(alerts.rules, runway=double))
        words = "runway with twice the time"
        runway = "alerts.rules.runway"
        sets = [f"{runway}.critical={double.critical}", f"{runway}.warning={double.warning}"]
    else:
        return None
    tried = " ".join(f"--set {each}" for each in sets)
    return dataclasses.replace(settings, alerts=changed), words, f"burndeck alerts test {rule} {tried}"
