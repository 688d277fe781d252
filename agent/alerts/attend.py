"""What becomes of alerts after they were judged: incidents, silences, messages, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.alerts.carried import carry_assessment
from agent.alerts.duties import Due, duty, ended, recipients_of
from agent.alerts.grouping import accrued, begin, group_of, update
from agent.alerts.lifecycle import Changes
from agent.alerts.mute import Within, muted_by
from agent.alerts.notices import Facts, dedup_key, silence_notice
from agent.alerts.post import Post
from agent.alerts.telling import Teller
from agent.domain.alert import Alert, AlertRule, tier_rank
from agent.domain.money import to_credits
from agent.domain.person import AGENT
from agent.domain.severity import unit_of
from agent.domain.silence import Silence

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attendance:
    """What attending needs beside the changes. `facts` is asked only for alerts that are told."""

    writer: LedgerWriter
    settings: Settings
    now: int
    within: Within
    facts: Callable[[Alert], Facts]
    before: Mapping[str, Alert] = field(default_factory=dict)  # open alerts by fingerprint, as they were
    period: str = ""  # the month of budgets
    # Nano-credits that an alert's scope burnt in a stretch; None where nobody can say.
    burnt: Callable[[Alert, int, int], int | None] = lambda alert, start, end: None

    @property
    def teller(self) -> Teller:
        """Who tells within this transaction."""
        return Teller(self.writer, self.settings, self.now)


def attend(case: Attendance, changes: Changes) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """Keeps the changes and all that follows from them; returns (fired, resolved) as they were kept.

    Everything is one transaction: a crash leaves all of it or nothing, and what is told stands in the outbox.
    """
    with case.writer.transaction():
        kept = _keep(case, changes)
        live = {alert.id: alert for alert in case.writer.alerts.open_alerts() if alert.live}
        _assign_incidents(case, live)
        silences = _count_silences(case, live)
        _tell_of_ends(case, kept, silences, live)
        _tell(case, live, [silence for silence in silences if silence.ended_at is None])
        _update_incidents(case)
    fired = {alert.signal.fingerprint for alert in changes.fired}
    ends = {alert.signal.fingerprint for alert in changes.resolved}
    return (
        tuple(alert for alert in live.values() if alert.signal.fingerprint in fired),
        tuple(alert for alert in kept if not alert.open and alert.signal.fingerprint in ends),
    )


def _keep(case: Attendance, changes: Changes) -> list[Alert]:
    """Saves the judged alerts with what they have burnt above expectation."""
    saved = []
    for alert in changes.saved:
        before = case.before.get(alert.signal.fingerprint)
        more = accrued(before, alert, case.burnt)
        saved.append(replace(alert, above_nano=alert.above_nano + more))
    return case.writer.alerts.save(saved, changes.dropped)


def _assign_incidents(case: Attendance, live: dict[int | None, Alert]) -> None:
    """Gives every alert that began an incident, opening one where its group has none."""
    incidents = case.writer.incidents
    by_group = {incident.group: incident for incident in incidents.open_incidents()}
    groups = {incident.id: incident.group for incident in by_group.values() if incident.id is not None}
    # An alert that begins again after its incident was closed belongs to another one.
    newly = sorted(
        (alert for alert in live.values() if alert.incident not in groups),
        key=lambda alert: (alert.started_at, alert.id or 0),
    )
    for alert in newly:
        group = group_of(alert, list(live.values()), groups, case.within)
        incident = by_group.get(group)
        if incident is None:
            incident = by_group[group] = incidents.add_incident(begin(alert, group, case.now))
            groups[incident.id or 0] = group
        assert incident.id is not None
        carry_assessment(case.writer, alert, incident.id, case.now)
        live[alert.id] = replace(alert, incident=incident.id)
        _save(case, live[alert.id])
        again = "again, " if alert.told_at is not None else ""
        case.teller.note(live[alert.id], "fired", f"{again}{alert.signal.tier}: {alert.signal.summary}")
    for alert in live.values():
        was = case.before.get(alert.signal.fingerprint)
        if was is not None and tier_rank(alert.signal.tier) > tier_rank(was.signal.tier):
            case.teller.note(alert, "raised", f"{was.signal.tier} became {alert.signal.tier}")


def _count_silences(case: Attendance, live: Mapping[int | None, Alert]) -> list[Silence]:
    """Adds what muted alerts have burnt to their silences, and ends those that are over."""
    counted = []
    for silence in case.writer.incidents.open_silences():
        muted = (alert for alert in live.values() if alert.muted_by.startswith("silence:"))
        burnt = sum(
            _burnt_since(was, alert)
            for alert in muted
            if silence.matches(alert) and (was := case.before.get(alert.signal.fingerprint)) is not None
        )
        after = replace(silence, burnt_nano=silence.burnt_nano + burnt)
        if why := after.over(case.now):
            after = replace(after, ended_at=case.now, ended_why=why)
        if after != silence:
            case.writer.incidents.update_silence(after)
        counted.append(after)
    return counted


def _burnt_since(was: Alert, alert: Alert) -> int:
    """Nano-credits between two judgements: above what is expected of a rate, all of a period's amount.

    What has neither (pace, runway) counts at its rate.
    """
    signal = alert.signal
    if alert.above_nano != was.above_nano:
        return alert.above_nano - was.above_nano
    if unit_of(signal.rule, signal.evidence) == "credits":
        return max(signal.current_nano - was.signal.current_nano, 0)
    if not signal.period:
        return 0
    return signal.current_nano * max(signal.at - was.last_at, 0) // 60


def _tell_of_ends(
    case: Attendance, kept: list[Alert], silences: list[Silence], live: Mapping[int | None, Alert]
) -> None:
    for alert in kept:
        if alert.open or alert.fired_at is None:
            continue
        why = _why_over(case, alert)
        case.teller.note(alert, "resolved", why)
        goes_on = any(dedup_key(other) == dedup_key(alert) for other in live.values())
        due = ended(alert, case.settings.alerts.policy(alert.signal.tier), why)
        if due is not None and not goes_on:  # a page of the same key would be closed with it
            _send(case, due)
    for silence in silences:
        if silence.ended_at is not None:
            _announce_end(case, silence, live)


def _why_over(case: Attendance, alert: Alert) -> str:
    if alert.signal.period[:7] not in ("", case.period):
        return "a new month has begun"
    if alert.signal.rule is AlertRule.BUDGET:
        return "its share is no longer reached: usage was revised, or its credits were raised"
    return f"the rule {alert.signal.rule.value.replace('_', ' ')} holds no longer"


def _announce_end(case: Attendance, silence: Silence, live: Mapping[int | None, Alert]) -> None:
    muted = [alert for alert in live.values() if alert.muted_by == f"silence:{silence.id}"]
    why = {
        "time": "its time is up",
        "credits": f"{to_credits(silence.burnt_nano):,.0f} credits were burnt under it",
    }[silence.ended_why]
    tiers = [case.settings.alerts.policy(alert.signal.tier) for alert in muted]
    told = [name for tier in tiers for name in recipients_of(tier)] or ["ops_on_call"]
    notice = silence_notice(silence, why, len(muted), case.now)
    Post(case.writer, case.settings).put(notice, ("silence_author", *dict.fromkeys(told)), silence.author)
    for alert in muted:
        case.teller.note(alert, "silence ended", f"silence {silence.id} by {silence.author}: {why}")
    detail = {"why": silence.ended_why, "burnt_nano": silence.burnt_nano}
    case.writer.control.audit(case.now, AGENT, "silence.ended", f"silence:{silence.id}", detail)


def _tell(case: Attendance, live: dict[int | None, Alert], silences: list[Silence]) -> None:
    """The gravest first, so that it is told and mutes what belongs to it."""
    order = sorted(live.values(), key=lambda one: (-tier_rank(one.signal.tier), one.started_at, one.id or 0))
    for alert in order:
        muted = muted_by(alert, list(live.values()), silences, case.within, case.now)
        after = replace(alert, muted_by=muted)
        if alert.muted_by.startswith("alert:") and not muted and alert.asked_at is not None:
            after = replace(after, asked_at=case.now)  # nobody was asked while it was muted
        due = duty(after, case.settings.alerts.policy(alert.signal.tier), case.now, was_muted=alert.muted_by)
        if due is not None and case.teller.waits(due):
            due = None
        if due is not None:
            after = due.alert
        if after != alert:
            live[alert.id] = after
            _save(case, after)
        if muted != alert.muted_by and muted:
            case.teller.note(after, "muted", f"alert {alert.id} is muted by {muted.replace(':', ' ')}")
        if due is not None:
            if after.escalated_at != alert.escalated_at:
                case.teller.note(after, "escalated", due.why)
            _send(case, due)


def _update_incidents(case: Attendance) -> None:
    open_ones = case.writer.incidents.open_incidents()
    members: dict[int, list[Alert]] = {}
    for alert in case.writer.alerts.alerts_of_incidents(one.id for one in open_ones if one.id is not None):
        members.setdefault(alert.incident or 0, []).append(alert)
    owing = case.writer.incidents.owing_postmortem()
    for incident in open_ones:
        after = update(incident, members.get(incident.id or 0, ()), case.now)
        if incident.id in owing:  # whoever broke the glass has not said why yet
            after = replace(after, closed_at=None)
        if after != incident:
            case.writer.incidents.update_incident(after)


def _send(case: Attendance, due: Due) -> None:
    case.teller.tell(due, _facts(case, due.alert))


def _facts(case: Attendance, alert: Alert) -> Facts:
    """What a message says beside its signal; one that says less is better than none."""
    try:
        return case.facts(alert)
    except Exception:  # noqa: BLE001 - nothing that only explains an alert may keep it from being told
        _log.exception("alert %s is told without cap, runway and suggestions", alert.id)
        return Facts()


def _save(case: Attendance, alert: Alert) -> None:
    case.writer.alerts.save([alert])
