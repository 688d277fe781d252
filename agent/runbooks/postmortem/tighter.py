"""Tighter rules on the time before an incident was told of: when they would have told, and of what else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from agent.analytics.month import month_of
from agent.domain.alert import Alert, AlertRule, Signal, tier_rank
from agent.domain.words import duration, instant, plural
from agent.errors import BurndeckError, ConfigError, LedgerError
from agent.reports.moment import HOUR, MINUTE
from agent.runbooks.postmortem.limits import Tighter, tighter
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


@dataclass(frozen=True, slots=True)
class Played:
    """What rules were tried by whole hours, and of each that was not, why."""

    catches: list[Catch] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)


def by_hours(reader: LedgerReader, settings: Settings, told: Told, rules: Collection[AlertRule]) -> Played:
    """Rules that fired, tighter, through the month until the alert: by whole hours, as the agent judges."""
    played = Played()
    for rule in rules:
        made = tighter(settings, rule)
        try:
            if made is None:
                raise ConfigError(f"{rule.value} has no limits that could be tighter")
            played.catches.append(_by_hours(reader, settings, told, rule, made))
        except BurndeckError as error:
            problem = error.message
            played.untried.append(problem if rule.value in problem else f"{rule.value}: {problem}")
    return played


def _by_hours(reader: LedgerReader, settings: Settings, told: Told, rule: AlertRule, made: Tighter) -> Catch:
    """One rule, as it is and tighter. `BurndeckError` where it cannot be replayed on this past."""
    from agent.alerts.replay import replay
    from agent.alerts.replay.judges import BY_MINUTES

    start = month_of(told.fired - 1, settings.organization.time_zone).start
    found = replay(reader, settings, made.settings, rule.value, start, told.fired + HOUR)
    assert found.changed is not None
    base, at = _told_at(found.now.episodes, told), _told_at(found.changed.episodes, told)
    if base is None and at is None and rule in BY_MINUTES:
        raise LedgerError(f"{rule.value} looks at minutes, and by whole hours it is not seen")
    # The replay has all data at once: people were told later than it by what came late.
    late = max(0, told.fired - base) if base is not None else 0
    price = _loudness(found.now.loudness.pages_per_week, found.changed.loudness.pages_per_week)
    return _caught(made.words, made.command, None if at is None else at + late, told, price)


def _told_at(episodes: Sequence[Alert], told: Told) -> int | None:
    """When something of the incident is told of first, as gravely as its first alert or more."""
    least = tier_rank(told.tier)
    heard = (each for each in episodes if tier_rank(each.signal.tier) >= least and told.about(each.signal))
    return min((each.fired_at for each in heard if each.fired_at is not None), default=None)


def _loudness(now: Decimal, then: Decimal) -> str:
    return f"{then} pages a week in place of {now} over that time" if then != now else ""
