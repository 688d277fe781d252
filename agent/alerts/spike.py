"""Burn spikes as signals: who makes the rise, since when it is unusual, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.alerts.memory import BurnMemory
from agent.alerts.reason import Reason, reason_of
from agent.alerts.scene import Scene
from agent.analytics.detector import DAY_H, HOUR_S, known_days
from agent.analytics.spike import KEY, TOTAL, WINDOWS, Limits, Rise, culprits
from agent.analytics.spike_creep import Days, crept, deviations, jumped, last_days
from agent.domain.alert import CRITICAL, WARNING, AlertRule, Signal
from agent.domain.cause import Cause
from agent.ledger.alert_store import AlertStore
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.settings_alerts import Spike

_NANO = 10**9
_MIN_DAYS = 3  # of the same hour, before anything can be called unusual
_WORD = {Kind.TOTAL: "organization", Kind.TEAM: "team", Kind.MODEL: "model", Kind.API_KEY: "api_key"}
_THRESHOLD = Decimal("0.5")
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


def limits_of(settings: Spike) -> Limits:
    """The limits that burndeck.toml sets."""
    return Limits(
        sensitivity=float(settings.sensitivity),
        min_credits_per_hour=float(settings.min_credits_per_hour),
        min_share=float(settings.min_share),
    )


def spike_signals(
    store: AlertStore, memory: BurnMemory, scene: Scene, limits: Limits, open_now: Iterable[str]
) -> tuple[Signal, ...] | None:
    """What burns unusually now; `open_now` are fingerprints of open alerts, which end later than they begin.

    None when too little is known of earlier days to call anything unusual.
    """
    if known_days(scene.hours, scene.at) < _MIN_DAYS:
        return None
    open_now = frozenset(open_now)
    days = last_days(scene.hours)
    rises = culprits(scene.judged, scene.traffic, scene.levels, limits)
    found = [_of_window(scene, rise) for rise in rises]
    found += _of_days(scene, days, limits, found)
    signals = [_breach(store, memory, scene, days, finding, limits) for finding in found]
    told = {signal.fingerprint for signal in signals}
    signals += _lasting(scene, days, limits, open_now - told)
    return tuple(signals)


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
    store: AlertStore, memory: BurnMemory, scene: Scene, days: Days, finding: _Finding, limits: Limits
) -> Signal:
    reason = reason_of(store, memory, scene, finding.series, finding.seconds)
    if finding.window == "1d" and not jumped(days, finding.series):
        growth = float(days.ratio[finding.series, 0])
        sentence = f"no day jumped, yet the last one burnt {growth:.1f}x what was usual weeks ago"
        reason = reason.as_cause(Cause.SLOW_CREEP, sentence)
    kind, _ = scene.series[finding.series]
    score = Decimal(f"{limits.score(finding.deviations):.4f}")
    now_rate, usual_rate = _per_minute(finding.credits, finding), _per_minute(finding.expected, finding)
    return Signal(
        fingerprint=_fingerprint(scene, finding.series),
        rule=AlertRule.BURN_SPIKE,
        tier=WARNING if reason.environment not in ("", "prod", "production") else CRITICAL,
        at=scene.at,
        scope_kind=_WORD[kind],
        scope=reason.name,
        current_nano=now_rate,
        expected_nano=usual_rate,
        threshold=_THRESHOLD,
        score=score,
        api_key=reason.api_key,
        team=reason.team,
        cause=reason.cause.value if reason.cause else "",
        summary=_summary(kind, reason, now_rate, usual_rate),
        evidence=_evidence(scene, finding, reason),
    )


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
    change = f"{now / usual:.1f}x the usual {usual:,.1f}" if usual_nano > 0 else "where nothing is usual"
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
        "now": reason.now,
        "usual": reason.usual,
    }


def _lasting(scene: Scene, days: Days, limits: Limits, fingerprints: frozenset[str]) -> list[Signal]:
    """Signals that keep open alerts open: still too high, if not as high as a new one would have to be."""
    if not fingerprints:
        return []
    high = limits.holds(scene.judged[_STEADY], WINDOWS[_STEADY]) | crept(days, limits, part=0.5)
    return [
        Signal(
            fingerprint=fingerprint,
            rule=AlertRule.BURN_SPIKE,
            tier=CRITICAL,
            at=scene.at,
            scope_kind="",
            scope="",
            current_nano=0,
            expected_nano=0,
            threshold=_THRESHOLD,
            breach=False,
        )
        for row in np.flatnonzero(high)
        if (fingerprint := _fingerprint(scene, int(row))) in fingerprints
    ]


def _fingerprint(scene: Scene, series: int) -> str:
    kind, ident = scene.series[series]
    return f"burn_spike:{_WORD[kind]}:{ident}"


def _per_minute(credits_: float, finding: _Finding) -> int:
    return round(credits_ * _NANO * 60 / finding.seconds)
