"""Burn spikes through the past, by whole hours: who makes the rise is found as the agent finds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from agent.alerts.lifecycle import Judged, Patience
from agent.alerts.replay.burn_hours import LONG_H, BurnHours, Seen, names_of
from agent.alerts.rules.owners import WORDS, planned
from agent.alerts.spike import limits_of, series_of
from agent.analytics.detector import DAY_H, HOUR_S, Flags, Judgement
from agent.analytics.spike import KEY, WINDOWS, Limits, Window, culprits
from agent.analytics.spike_creep import crept, deviations
from agent.domain.alert import CRITICAL, WARNING, AlertRule, Signal
from agent.domain.severity import PRODUCTION
from agent.ledger.burn_store import Series
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_MIN_DAYS = 3
_NANO = 10**9
_THRESHOLD = Decimal("0.5")
_STEADY = 1  # the window of the agent that says whether a rise is still there


@dataclass(frozen=True, slots=True)
class _Finding:
    place: int  # among the seen series
    seconds: int
    credits: float
    expected: float
    deviations: float


class SpikeJudge:
    """Judges the rule `burn_spike` at the end of an hour, for any of the settings that it was made for."""

    def __init__(
        self, reader: LedgerReader, ledger: AlertStore, start: int, end: int, settings: Sequence[Settings]
    ) -> None:
        limits = [limits_of(each.alerts.spike) for each in settings]
        self._burn = BurnHours(reader, ledger, start, end, limits)
        self._names = names_of(reader, self._burn.series)
        self._teams: dict[int, set[str]] = {}
        self._environments: dict[int, set[str]] = {}
        for whose in ledger.contexts().values():
            self._teams.setdefault(whose.api_key_id, set()).add(whose.team)
            self._environments.setdefault(whose.api_key_id, set()).add(whose.environment)

    def __call__(self, context: RuleContext) -> Judged | None:
        """None while too little is known of earlier days to call anything unusual."""
        assert context.at is not None
        spike = context.settings.alerts.spike
        limits, open_now = limits_of(spike), [alert.signal.fingerprint for alert in context.known]
        if self._burn.days_known(context.at) < _MIN_DAYS:
            return None
        seen = self._burn.seen(context.at, series_of(context.known))
        if seen is None:
            return Judged(AlertRule.BURN_SPIKE, context.at, ())
        signals = [
            signal
            for finding in self._findings(seen, limits)
            if not self._foreseen(context, signal := self._signal(seen, finding, limits))
        ]
        told = {signal.fingerprint for signal in signals}
        signals += self._lasting(seen, limits, [each for each in open_now if each not in told])
        patience = Patience(int(spike.hold), int(spike.clear))
        return Judged(AlertRule.BURN_SPIKE, context.at, tuple(signals), patience)

    def _findings(self, seen: Seen, limits: Limits) -> Iterator[_Finding]:
        by_window = _by_window(seen)
        found = set()
        if any(_high(judged, place, limits) for place, judged in enumerate(by_window)):
            traffic = [self._burn.traffic(seen, _hours(window)) for window in WINDOWS]
            levels = self._burn.levels[seen.rows]
            for rise in culprits(by_window, traffic, levels, limits):
                judged = by_window[rise.window]
                found.add(rise.series)
                burnt, expected = float(judged.credits[rise.series]), float(judged.expected[rise.series])
                yield _Finding(rise.series, int(judged.seconds), burnt, expected, rise.deviations)
        days, away = seen.days, deviations(seen.days)
        for place in np.flatnonzero(crept(days, limits) & (self._burn.levels[seen.rows] == KEY)).tolist():
            if place not in found:
                burnt, expected = float(days.credits[place, 0]), float(days.usual[place, 0])
                yield _Finding(place, DAY_H * HOUR_S, burnt, expected, float(away[place]))

    def _signal(self, seen: Seen, finding: _Finding, limits: Limits) -> Signal:
        series = self._series(seen, finding.place)
        kind, name = series[0], self._names[series]
        environment, team = self._of_key(series)
        return Signal(
            fingerprint=_fingerprint(series),
            rule=AlertRule.BURN_SPIKE,
            tier=CRITICAL if environment in PRODUCTION else WARNING,
            at=seen.at,
            scope_kind=WORDS[kind],
            scope=name,
            current_nano=round(finding.credits * _NANO * 60 / finding.seconds),
            expected_nano=round(finding.expected * _NANO * 60 / finding.seconds),
            threshold=_THRESHOLD,
            score=Decimal(f"{limits.score(finding.deviations):.4f}"),
            api_key=name if kind is Kind.API_KEY else "",
            team=name if kind is Kind.TEAM else team,
            environment=environment,
            summary=(
                f"{name or 'the organization'} burnt {finding.credits * 60 / finding.seconds:,.1f} "
                f"credits/min, usual are {finding.expected * 60 / finding.seconds:,.1f}"
            ),
        )

    def _lasting(self, seen: Seen, limits: Limits, fingerprints: list[str]) -> Iterator[Signal]:
        """Open alerts stay open as long as their burn is still too high."""
        if not fingerprints:
            return
        high: Flags = limits.holds(seen.hour, WINDOWS[_STEADY])
        high |= crept(seen.days, limits, part=0.5)
        for place in np.flatnonzero(high).tolist():
            series = self._series(seen, place)
            if _fingerprint(series) in fingerprints:
                yield Signal(
                    fingerprint=_fingerprint(series),
                    rule=AlertRule.BURN_SPIKE,
                    tier=CRITICAL,
                    at=seen.at,
                    scope_kind=WORDS[series[0]],
                    scope=self._names[series],
                    current_nano=0,
                    expected_nano=0,
                    threshold=_THRESHOLD,
                    breach=False,
                )

    def _series(self, seen: Seen, place: int) -> Series:
        return self._burn.series[int(seen.rows[place])]

    def _of_key(self, series: Series) -> tuple[str, str]:
        """Environment and team of a key; empty where it has several, and for what is no key."""
        if series[0] is not Kind.API_KEY:
            return "", ""
        found = (self._environments.get(series[1], set()), self._teams.get(series[1], set()))
        environment, team = (next(iter(names)) if len(names) == 1 else "" for names in found)
        return environment, team

    def _foreseen(self, context: RuleContext, signal: Signal) -> bool:
        return planned(context, signal.scope_kind, signal.scope, team=signal.team)


def _by_window(seen: Seen) -> list[Judgement]:
    """For each window of the agent what is known of it: the last hour stands for the shorter ones too."""
    return [seen.hour if _hours(window) == 1 else seen.six_hours for window in WINDOWS]


def _hours(window: Window) -> int:
    return 1 if window.seconds <= HOUR_S else LONG_H


def _high(judged: Judgement, place: int, limits: Limits) -> bool:
    return bool(limits.exceeded(judged, WINDOWS[place], np.zeros_like(judged.expected)).any())


def _fingerprint(series: Series) -> str:
    return f"burn_spike:{WORDS[series[0]]}:{series[1]}"
