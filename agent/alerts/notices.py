"""An alert as a message: whose it is, why it was sent, what its figures rest on, what to do next. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.alerts.duties import Due, acknowledge_by
from agent.domain.alert import INFO, Alert, AlertRule, AlertState
from agent.domain.next_command import next_command
from agent.domain.notice import Notice, NoticeKind
from agent.domain.severity import severity, unit_of

if TYPE_CHECKING:
    from agent.domain.silence import Silence
    from agent.settings_alerts import Tier


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ledger knows about an alert beyond its signal."""

    layer: str = ""
    data_at: int = 0
    monthly_nano: int = 0
    binding_cap: str = ""
    runway_s: int | None = None
    suggestions: tuple[Mapping[str, Any], ...] = ()


def _headline(due: Due) -> str:
    """What an alert says, so that the end of it does not read like its beginning."""
    summary = due.alert.signal.summary
    if due.kind is NoticeKind.RESOLVED:
        return f"over: {summary}"
    if due.kind is NoticeKind.ACKNOWLEDGED:
        return f"taken by {due.alert.acknowledged_by}: {summary}"
    return summary


def dedup_key(alert: Alert) -> str:
    """The same for a whole episode: allocation, tier and period of a budget, else what and since when."""
    signal = alert.signal
    if signal.rule is AlertRule.BUDGET:
        return f"{signal.allocation_id}/{signal.tier}/{signal.period}"
    return f"{signal.fingerprint}/{alert.started_at}"


def notice_of(due: Due, tier: Tier, facts: Facts, now: int) -> Notice:
    """The message of a duty."""
    alert, signal = due.alert, due.alert.signal
    return Notice(
        id=_key(f"{alert.id}/{dedup_key(alert)}", due.kind, alert.told),
        kind=due.kind,
        why=due.why,
        at=now,
        rule=signal.rule.value,
        tier=signal.tier,
        severity=severity(signal.rule, signal.tier, signal.environment),
        state=alert.state.value,
        dedup_key=dedup_key(alert),
        summary=_headline(due),
        alert=alert.id,
        incident=alert.incident,
        scope_kind=signal.scope_kind,
        scope=signal.scope,
        allocation_id=signal.allocation_id,
        period=signal.period,
        team=signal.team,
        api_key=signal.api_key,
        environment=signal.environment,
        cause=signal.cause,
        threshold=str(signal.evidence.get("tier_at") or format(signal.threshold, "f")),
        current_nano=signal.current_nano,
        expected_nano=signal.expected_nano,
        unit=unit_of(signal.rule, signal.evidence),
        monthly_nano=facts.monthly_nano,
        layer=facts.layer,
        data_at=facts.data_at,
        binding_cap=facts.binding_cap,
        runway_s=facts.runway_s,
        action=action_of(alert, tier),
        suggestions=facts.suggestions if tier.suggest and due.kind is not NoticeKind.RESOLVED else (),
        acknowledge_by=acknowledge_by(alert, tier) if alert.state is AlertState.FIRING else None,
        acknowledge=f"burndeck alerts ack {alert.id}" if alert.state is AlertState.FIRING else "",
        next_command=_run_next(alert),
    )


def silence_notice(silence: Silence, why: str, still: int, now: int) -> Notice:
    """The announcement that a silence has ended."""
    key = f"silence/{silence.id}/{silence.starts_at}"
    rest = f"; {still} alert{'s' if still != 1 else ''} that it muted still fire" if still else ""
    return Notice(
        id=_key(key, NoticeKind.SILENCE_ENDED, 0),
        kind=NoticeKind.SILENCE_ENDED,
        why=f"{silence.author} asked for the silence, and silences announce their end",
        at=now,
        rule="silence",
        tier=INFO,
        severity="info",
        state="ended",
        dedup_key=key,
        summary=f"silence {silence.id} ({silence.reason}) by {silence.author} has ended: {why}{rest}",
        current_nano=silence.burnt_nano,
        expected_nano=silence.limit_nano,
        next_command="burndeck alerts --open",
    )


def action_of(alert: Alert, tier: Tier) -> dict[str, Any]:
    """What the tier asks an automation engine to do, as in the guide's payload."""
    if not alert.live:
        return {"type": "none", "params": {}}
    match tier.action:
        case "rate_limit":
            return {"type": "rate_limit", "params": {"scope": "non-prod", "max_rps": tier.max_rps}}
        case "block":
            return {"type": "block", "params": {"scope": alert.signal.allocation_id or alert.signal.scope}}
        case other:
            return {"type": other, "params": {}}


def _run_next(alert: Alert) -> str:
    """The command to run first, as the alert's own screen names it; else that which shows the alert."""
    signal = alert.signal
    found = next_command(signal.rule, signal.scope_kind, signal.scope, signal.team, live=alert.live)
    return found.text if found else f"burndeck alerts show {alert.id}"


def _key(dedup: str, kind: NoticeKind, count: int) -> str:
    """The same after a crash: it depends on what is told, and the how manieth time, alone."""
    return hashlib.sha256(f"{dedup}\n{kind.value}\n{count}".encode()).hexdigest()[:32]
