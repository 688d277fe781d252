"""Burn spikes as signals: who makes the rise, since when it is unusual, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.alerts.memory import BurnMemory
from agent.alerts.onsets import KeyOnset, onsets
from agent.alerts.reason import Reason, reason_of
from agent.alerts.scene import Scene
from agent.analytics.detector import DAY_H, HOUR_S, known_days
from agent.analytics.onset import Sign
from agent.analytics.spike import KEY, TOTAL, WINDOWS, Limits, Rise, culprits
from agent.analytics.spike_creep import Days, crept, deviations, jumped, last_days
from agent.domain.alert import CRITICAL, WARNING, Alert, AlertRule, Signal
from agent.domain.cause import Cause
from agent.domain.severity import PRODUCTION
from agent.ledger.alert_store import AlertStore
from agent.ledger.burn_store import Series
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.settings_alerts import Spike

_NANO = 10**9
_MIN_DAYS = 3  # of the same hour, before anything can be called unusual
_WORD = {Kind.TOTAL: "organization", Kind.TEAM: "team", Kind.MODEL: "model", Kind.API_KEY: "api_key"}
_THRESHOLD = Decimal("0.5")
_FULL = 0.5  # of the rate of the newest minutes: a window that shows as much is mostly of the rise
_LIKE_LOST_CACHE = (Cause.MORE_REQUESTS, Cause.LONGER_PROMPTS, Cause.PRICE_CHANGE)
"""What a cache that is lost may look like while only a part of the requests has lost it."""

_STEADY = 1  # the window that says whether a rise is still there: 15 minutes


@dataclass(frozen=True, slots=True)
class _Finding:
    """A culprit with the figures that speak against it. Credits are of the window."""

    series: int
    window: str
    seconds: int
    credits: float
    expected: float
    deviations: float
    sure: bool = False  # beyond doubt: nobody need wait whether it lasts
    sign: Sign | None = None  # what the newest minutes told it from

    @property
    def rate(self) -> float:
        """Credits a minute."""
        return self.credits * 60 / self.seconds


def limits_of(settings: Spike) -> Limits:
    """The limits that burndeck.toml sets."""
    return Limits(
        sensitivity=float(settings.sensitivity),
        min_credits_per_hour=float(settings.min_credits_per_hour),
        min_share=float(settings.min_share),
    )


def spike_signals(
    store: AlertStore, memory: BurnMemory, scene: Scene, limits: Limits, open_now: Iterable[Alert]
) -> tuple[Signal, ...] | None:
    """What burns unusually now; `open_now` are open alerts of this rule, which end later than they begin.

    Without three days of history only keys that have just begun to burn much more are found; None when too
    little is known even for that.
    """
    opened = {alert.signal.fingerprint: alert for alert in open_now}
    begun = onsets(store, memory, scene, limits)
    if known_days(scene.hours, scene.at) < _MIN_DAYS:
        found = [_of_onset(each) for each in begun]
        signals = [_breach(store, memory, scene, None, finding, limits) for finding in found]
        told = {signal.fingerprint for signal in signals}
        lasting = [alert for fingerprint, alert in opened.items() if fingerprint not in told]
        return (*signals, *_lasting_young(scene, limits, lasting)) if scene.ids else None
    days = last_days(scene.hours)
    rises = culprits(scene.judged, scene.traffic, scene.levels, limits, [each.series for each in begun])
    shown = {rise.series: _of_window(scene, rise) for rise in rises}
    found = [_fuller(_of_onset(each), shown.pop(each.series, None)) for each in begun]
    found += shown.values()
    found += _of_days(scene, days, limits, found)
    signals = [_breach(store, memory, scene, days, finding, limits) for finding in found]
    told = {signal.fingerprint for signal in signals}
    signals += _lasting(scene, days, limits, opened.keys() - told)
    return tuple(signals)


def _of_onset(begun: KeyOnset) -> _Finding:
    onset = begun.onset
    return _Finding(
        series=begun.series,
        window=f"{onset.minutes}m",
        seconds=onset.minutes * 60,
        credits=onset.credits,
        expected=onset.expected,
        deviations=onset.deviations,
        sure=True,
        sign=onset.sign,
    )


def _fuller(newest: _Finding, longer: _Finding | None) -> _Finding:
    """The longer window of two, once it holds the rise and little of what was before it."""
    if longer is None or longer.rate < _FULL * newest.rate:
        return newest
    return replace(longer, sure=True)


def _of_window(scene: Scene, rise: Rise) -> _Finding:
    window, judged = WINDOWS[rise.window], scene.judged[rise.window]
    burnt, expected = float(judged.credits[rise.series]), float(judged.expected[rise.series])
    return _Finding(rise.series, window.name, window.seconds, burnt, expected, rise.deviations)


def _of_days(scene: Scene, days: Days, limits: Limits, known: list[_Finding]) -> list[_Finding]:
    """Keys that crept up. Of teams, models and the whole nobody can be asked why many keys grow a little."""
    high = crept(days, limits)
    high[[finding.series for finding in known]] = False
    away = deviations(days)
    return [
        _Finding(
            series=int(row),
            window="1d",
            seconds=DAY_H * HOUR_S,
            credits=float(days.credits[row, 0]),
            expected=float(days.usual[row, 0]),
            deviations=float(away[row]),
        )
        for row in np.flatnonzero(high & (scene.levels == KEY))
    ]


def _breach(
    store: AlertStore, memory: BurnMemory, scene: Scene, days: Days | None, finding: _Finding, limits: Limits
) -> Signal:
    reason = reason_of(store, memory, scene, finding.series, finding.seconds)
    if days is not None and finding.window == "1d" and not jumped(days, finding.series):
        growth = float(days.ratio[finding.series, 0])
        sentence = f"no day jumped, yet the last one burnt {growth:.1f}x what was usual weeks ago"
        reason = reason.as_cause(Cause.SLOW_CREEP, sentence)
    if finding.sign is Sign.CACHE and reason.cause in _LIKE_LOST_CACHE:
        reason = reason.as_cause(Cause.LOST_CACHE, "less of the input is cached than ever in the last hour")
    kind, _ = scene.series[finding.series]
    score = Decimal(f"{limits.score(finding.deviations):.4f}")
    now_rate, usual_rate = _per_minute(finding.credits, finding), _per_minute(finding.expected, finding)
    return Signal(
        fingerprint=_fingerprint(scene, finding.series),
        rule=AlertRule.BURN_SPIKE,
        tier=CRITICAL if reason.environment in PRODUCTION else WARNING,
        at=scene.at,
        scope_kind=_WORD[kind],
        scope=reason.name,
        current_nano=now_rate,
        expected_nano=usual_rate,
        threshold=_THRESHOLD,
        score=score,
        api_key=reason.api_key,
        team=reason.team,
        # What is wider than a key burns in several environments, though its largest part has one.
        environment=reason.environment if kind is Kind.API_KEY else "",
        cause=reason.cause.value if reason.cause else "",
        sure=finding.sure,
        summary=_summary(kind, reason, now_rate, usual_rate),
        evidence=_evidence(scene, finding, reason),
    )


_A_TENTH = 0.05  # credits a minute that are not written as 0.0


def _summary(kind: Kind, reason: Reason, now_nano: int, usual_nano: int) -> str:
    """What is wrong and whose it is first: on a small screen the end is cut."""
    who = {
        Kind.TOTAL: "the organization",
        Kind.TEAM: f"team {reason.label or '(unattributed)'}",
        Kind.MODEL: f"model {reason.label}",
        Kind.API_KEY: (reason.label or "a key nobody knows")
        + (f" (team {reason.team})" if reason.team else ""),
    }[kind]
    what = f"{reason.cause.value.replace('_', ' ')}: " if reason.cause else ""
    now, usual = now_nano / _NANO, usual_nano / _NANO
    change = f"{now / usual:.1f}x the usual {usual:,.1f}" if usual >= _A_TENTH else "where nothing is usual"
    return f"{what}{who} burns {now:,.1f} credits/min, {change}; {reason.sentence}"


def _evidence(scene: Scene, finding: _Finding, reason: Reason) -> dict[str, Any]:
    whole = scene.judged[_STEADY]
    rate = finding.seconds / 60
    rise = (finding.credits - finding.expected) / rate
    whole_rise = float(whole.excess[TOTAL]) / (whole.seconds / 60)
    return {
        "window": finding.window,
        "window_s": finding.seconds,
        "end": scene.at,
        "credits_per_min": round(finding.credits / rate, 6),
        "expected_per_min": round(finding.expected / rate, 6),
        "deviations": round(finding.deviations, 2),
        "share_of_rise": round(min(rise / whole_rise, 1.0), 4) if whole_rise > 0 else None,
        "sentence": reason.sentence,
        "environment": reason.environment,
        "stream_score": round(float(scene.scores[scene.parts_of(finding.series)].max(initial=0.0)), 4),
        "now": reason.now,
        "usual": reason.usual,
    }


def _lasting(scene: Scene, days: Days, limits: Limits, fingerprints: Collection[str]) -> list[Signal]:
    """Signals that keep open alerts open: still too high, if not as high as a new one would have to be."""
    if not fingerprints:
        return []
    high = limits.holds(scene.judged[_STEADY], WINDOWS[_STEADY]) | crept(days, limits, part=0.5)
    return [
        _goes_on(scene, int(row))
        for row in np.flatnonzero(high)
        if _fingerprint(scene, int(row)) in fingerprints
    ]


def _lasting_young(scene: Scene, limits: Limits, alerts: Iterable[Alert]) -> list[Signal]:
    """The same before there is history: against what was expected when the alert began."""
    places = {_fingerprint(scene, place): place for place in range(len(scene.series))}
    burnt, window = scene.judged[_STEADY].credits, WINDOWS[_STEADY]
    found = []
    for alert in alerts:
        place = places.get(alert.signal.fingerprint)
        if place is None:
            continue
        usual = alert.signal.expected_nano / _NANO * window.seconds / 60
        excess = float(burnt[place]) - usual
        floor = limits.min_credits_per_hour * window.seconds / 3_600
        if 2 * excess >= max(floor, window.rise / limits.sensitivity * usual):
            found.append(_goes_on(scene, place))
    return found


def _goes_on(scene: Scene, series: int) -> Signal:
    steady = scene.judged[_STEADY]
    return Signal(
        fingerprint=_fingerprint(scene, series),
        rule=AlertRule.BURN_SPIKE,
        tier=CRITICAL,
        at=scene.at,
        scope_kind="",
        scope="",
        current_nano=round(float(steady.credits[series]) * _NANO * 60 / steady.seconds),
        expected_nano=0,
        threshold=_THRESHOLD,
        breach=False,
    )


def series_of(alerts: Iterable[Alert]) -> list[Series]:
    """The series that alerts of this rule are about."""
    kinds = {word: kind for kind, word in _WORD.items()}
    found = []
    for alert in alerts:
        _, word, ident = alert.signal.fingerprint.split(":")
        found.append((kinds[word], int(ident)))
    return found


def _fingerprint(scene: Scene, series: int) -> str:
    kind, ident = scene.series[series]
    return f"burn_spike:{_WORD[kind]}:{ident}"


def _per_minute(credits_: float, finding: _Finding) -> int:
    return round(credits_ * _NANO * 60 / finding.seconds)
