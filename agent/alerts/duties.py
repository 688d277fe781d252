"""What is to be told of an alert now: that it fires, still fires, waits for somebody, or has ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.domain.alert import Alert, AlertRule, AlertState
from agent.domain.notice import NoticeKind

if TYPE_CHECKING:
    from agent.settings_alerts import Tier


@dataclass(frozen=True, slots=True)
class Due:
    """One message that is due, and the parts (`team_lead`, `ops_on_call`) that it is for."""

    alert: Alert
    kind: NoticeKind
    why: str
    recipients: tuple[str, ...]


def duty(alert: Alert, tier: Tier, now: int, *, was_muted: str = "") -> Due | None:
    """What is due for a live alert at `now`; its alert is the one to keep.

    `was_muted` says what muted it last. At most one message at a time: an alert that begins is told before
    anything else is asked of it.
    """
    if not alert.live or alert.muted_by:
        return None
    silenced = was_muted.startswith("silence:")
    if alert.told_at is None or (silenced and alert.state is AlertState.FIRING):
        return _ask(alert, tier, now, silenced=silenced)
    if alert.state is AlertState.ACKNOWLEDGED:
        return None
    deadline = acknowledge_by(alert, tier)
    if deadline is not None and now >= deadline and alert.escalated_at is None:
        why = f"nobody acknowledged it within {tier.acknowledge_within}"
        due = _told(alert, NoticeKind.ESCALATED, why, (*tier.notify, *tier.escalate_to), now)
        return replace(due, alert=replace(due.alert, escalated_at=now))
    if tier.repeat is not None and now >= alert.told_at + tier.repeat:
        why = f"it still fires; the tier {tier.name} is told every {tier.repeat}"
        escalated = tier.escalate_to if alert.escalated_at is not None else ()
        return _told(alert, NoticeKind.REPEATED, why, (*recipients_of(tier), *escalated), now)
    return None


def _ask(alert: Alert, tier: Tier, now: int, *, silenced: bool) -> Due:
    """Tells that it fires; from now on somebody has to take it."""
    kind = NoticeKind.UNMUTED if silenced else NoticeKind.FIRED
    due = _told(alert, kind, _why(alert, kind, tier, now), recipients_of(tier), now)
    return replace(due, alert=replace(due.alert, asked_at=now))


def ended(alert: Alert, tier: Tier, why: str) -> Due | None:
    """The message that an alert is over, for those who were told that it began.

    What asks nothing of anybody needs no end: the line of the day is told once a day.
    """
    advisory = tier.acknowledge_within is None and tier.repeat is None and tier.action == "none"
    if not alert.told or advisory:
        return None
    escalated = tier.escalate_to if alert.escalated_at is not None else ()
    return Due(alert, NoticeKind.RESOLVED, why, (*recipients_of(tier), *escalated))


def acknowledged(alert: Alert, tier: Tier) -> Due | None:
    """The message that somebody has taken it, for those who were told."""
    if not alert.told:
        return None
    why = f"{alert.acknowledged_by} has acknowledged it"
    return Due(alert, NoticeKind.ACKNOWLEDGED, why, recipients_of(tier))


def acknowledge_by(alert: Alert, tier: Tier) -> int | None:
    """When an alert escalates unless somebody acknowledges it; None: it does not."""
    if tier.acknowledge_within is None or alert.asked_at is None:
        return None
    return alert.asked_at + tier.acknowledge_within


def recipients_of(tier: Tier) -> tuple[str, ...]:
    """Who a tier tells; one that asks for a ticket tells whoever keeps tickets, too."""
    return (*tier.notify, "tickets") if tier.action == "ticket" else tier.notify


def _why(alert: Alert, kind: NoticeKind, tier: Tier, now: int) -> str:
    if kind is NoticeKind.UNMUTED:
        return "its silence has ended and it still fires"
    if alert.told:
        return f"it is back, or graver than it was told before: the tier is {tier.name}"
    held = now - alert.started_at
    since = f", {held // 60} min after it began" if held >= 120 else ""
    if alert.signal.rule is AlertRule.BUDGET:
        share = f"{(tier.at * 100).normalize():f} %"
        return f"{share} of the month's credits, the tier {tier.name}, is reached{since}"
    rule = alert.signal.rule.value.replace("_", " ")
    return f"the rule {rule} holds, which is of the tier {tier.name}{since}"


def _told(alert: Alert, kind: NoticeKind, why: str, recipients: tuple[str, ...], now: int) -> Due:
    told = replace(alert, told_at=now, told=alert.told + 1)
    return Due(told, kind, why, tuple(dict.fromkeys(recipients)))
