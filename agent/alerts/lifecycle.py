"""From signals to alerts: what begins, fires, goes on and ends. Pure: alerts and signals in, changes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.domain.alert import Alert, AlertRule, AlertState, Signal, tier_rank


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a rule must hold before it fires, and how long it must be gone before it ends (seconds).

    An alert that has fired for `settle_s` keeps its cause and evidence as they were found, while its amounts
    go on: what lasts long enough becomes part of what it is compared with. None: the newest always counts.
    """

    hold_s: int = 0
    clear_s: int = 0
    settle_s: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule that was judged with data up to `at`; `signals` are all that held."""

    rule: AlertRule
    at: int
    signals: tuple[Signal, ...]
    patience: Patience = Patience()
    # Alerts that ended and would be the same again, by fingerprint: these are opened again.
    ended: Mapping[str, Alert] | None = None
    known: frozenset[str] = frozenset()  # fingerprints that were told already, with or without an alert
    moot: frozenset[str] = (
        frozenset()
    )  # fingerprints of what is judged otherwise now: they end without patience


@dataclass(frozen=True, slots=True)
class Changes:
    """What an evaluation changes."""

    saved: tuple[Alert, ...] = ()
    dropped: tuple[Alert, ...] = ()  # suspicions that came to nothing
    fired: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()

    def __add__(self, other: Changes) -> Changes:
        return Changes(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def step(open_alerts: Iterable[Alert], judged: Judged, now: int) -> Changes:
    """What one judged rule makes of the alerts that are open. Alerts of other rules are left alone."""
    mine = {alert.signal.fingerprint: alert for alert in open_alerts if alert.signal.rule is judged.rule}
    changes = Changes()
    for signal in judged.signals:
        alert = mine.pop(signal.fingerprint, None)
        changes += _begin(signal, judged, now) if alert is None else _go_on(alert, signal, judged, now)
    for alert in mine.values():
        changes += _without_signal(alert, judged, now)
    return changes


def _begin(signal: Signal, judged: Judged, now: int) -> Changes:
    if not signal.breach:
        return Changes()
    if ended := (judged.ended or {}).get(signal.fingerprint):
        return Changes(saved=(_again(replace(ended, resolved_at=None), signal, now),))
    alert = Alert(signal, AlertState.PENDING, started_at=signal.at)
    if judged.patience.hold_s and not signal.sure:
        return Changes(saved=(alert,))
    return _fire(alert, now, told=signal.fingerprint in judged.known)


def _go_on(alert: Alert, signal: Signal, judged: Judged, now: int) -> Changes:
    if alert.state is not AlertState.PENDING:
        if signal.breach and tier_rank(signal.tier) > tier_rank(alert.signal.tier):
            return Changes(saved=(_again(alert, signal, now),))  # who took a warning has not taken this
        latest = _latest(alert, signal, judged.patience, now)
        return Changes(saved=(replace(alert, signal=latest),)) if latest != alert.signal else Changes()
    if not signal.breach:
        return _without_signal(alert, judged, now)
    held = replace(alert, signal=signal)
    if signal.sure or signal.at - alert.started_at >= judged.patience.hold_s:
        return _fire(held, now)
    return Changes(saved=(held,))


def _latest(alert: Alert, signal: Signal, patience: Patience, now: int) -> Signal:
    """What an open alert says after another signal."""
    if not signal.breach and not signal.summary:  # it says no more than that the rule still holds
        return replace(alert.signal, at=signal.at)
    settled = patience.settle_s is not None and now - (alert.fired_at or now) > patience.settle_s
    if not settled:
        return replace(signal, tier=alert.signal.tier)  # it may rise, and only then is told anew
    return replace(
        alert.signal,
        at=signal.at,
        current_nano=signal.current_nano,
        expected_nano=signal.expected_nano,
        score=signal.score,
    )


def _again(alert: Alert, signal: Signal, now: int) -> Alert:
    """It fires as if for the first time: people are told, if they ever were, and somebody has to take it."""
    return replace(
        alert,
        signal=signal,
        state=AlertState.FIRING,
        fired_at=now,
        acknowledged_at=None,
        acknowledged_by="",
        escalated_at=None,
        asked_at=None,
        muted_by="",
        told_at=None if alert.told else alert.told_at,
    )


def _fire(alert: Alert, now: int, *, told: bool = False) -> Changes:
    # What people were told of already is told to nobody again.
    fired = replace(alert, state=AlertState.FIRING, fired_at=now, told_at=now if told else None)
    return Changes(saved=(fired,), fired=() if told else (fired,))


def _without_signal(alert: Alert, judged: Judged, now: int) -> Changes:
    gone = judged.at - alert.last_at
    if alert.state is AlertState.PENDING:
        return Changes(dropped=(alert,)) if gone > 0 else Changes()
    # A rule without patience ends at once, also where the clock was set back and `gone` is negative.
    if gone < judged.patience.clear_s > 0 and alert.signal.fingerprint not in judged.moot:
        return Changes()
    ended = replace(alert, state=AlertState.RESOLVED, resolved_at=now)
    return Changes(saved=(ended,), resolved=(ended,))
