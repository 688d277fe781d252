"""Open and recent alerts, worst first."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.domain.alert import AlertRule
from agent.domain.money import to_credits
from agent.domain.severity import severity, unit_of
from agent.reports.alert_list import AlertEntry
from agent.settings_alerts import Alerts

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row
    from agent.reports.alert_report import IncidentEntry

__all__ = ["AlertEntry", "alerts", "incidents", "standing"]

RECENT_S = 7 * 86_400
_TIERS = ("hard_cap", "critical", "warning", "info")
_STATES = ("firing", "acknowledged", "muted", "pending", "resolved")


def alerts(
    reader: LedgerReader,
    now: float,
    *,
    at: float | None = None,
    recent_s: int = RECENT_S,
    policies: Alerts | None = None,
) -> list[AlertEntry]:
    """Alerts that are open, and those that started or ended in the last `recent_s` seconds.

    The worst first: what fires unmuted, then what somebody has taken, what is muted, pending, and resolved;
    in each the gravest tier, then the newest. With `at`, as they stood at that instant: what started later is
    left out, what was resolved later is open.
    `policies` tell when each escalates.
    """
    until = int(now if at is None else at)
    rows = reader.rows("alerts_listed", {"since": until - recent_s, "until": until})
    entries = [entry_of(row, until, policies) for row in rows]
    if at is not None:
        entries = _muted_then(reader, entries, now, until)
    entries.sort(
        key=lambda entry: (_place(_STATES, standing(entry)), _place(_TIERS, entry.tier), -entry.started_at)
    )
    return entries


def _muted_then(reader: LedgerReader, entries: list[AlertEntry], now: float, at: int) -> list[AlertEntry]:
    """The ledger keeps what mutes an alert now: it did so then only if it was there already."""
    if not any(entry.muted_by for entry in entries):
        return entries
    from agent.reports.silences import silences

    there = {f"alert:{entry.id}" for entry in entries if entry.live}
    there |= {f"silence:{each.id}" for each in silences(reader, now, at=at) if each.state == "active"}
    return [entry if entry.muted_by in there else replace(entry, muted_by="") for entry in entries]


def standing(entry: AlertEntry) -> str:
    """Its state in one word, which is `muted` for what fires and nobody is told of.

    What somebody has taken stays acknowledged: that says more than that something mutes it, too.
    """
    return "muted" if entry.muted_by and entry.state == "firing" else entry.state


def alert_of(reader: LedgerReader, ident: str, now: float) -> AlertEntry | None:
    """The alert of an id; None when there is none."""
    row = reader.one("alert_by_id", {"id": int(ident)}) if ident.isdecimal() else None
    return None if row is None else entry_of(row, int(now))


def incidents(reader: LedgerReader, now: float, recent_s: int = RECENT_S) -> list[IncidentEntry]:
    """Incidents that are open, and those closed in the last `recent_s` seconds; the newest first."""
    from agent.reports import incidents as found  # not needed for the first frame

    return found.incidents(reader, now, recent_s)


def open_alerts(reader: LedgerReader, at: int) -> tuple[AlertEntry, ...]:
    """The alerts that fire or are acknowledged at an instant."""
    return tuple(entry for entry in alerts(reader, at) if entry.state in ("firing", "acknowledged"))


def _place(order: tuple[str, ...], word: str) -> int:
    return order.index(word) if word in order else len(order)


def entry_of(row: Row, at: int, policies: Alerts | None = None) -> AlertEntry:
    """A row of the table of alerts, as it stood at an instant."""
    resolved, fired, taken, state = row["resolved_at"], row["fired_at"], row["acknowledged_at"], row["state"]
    if taken is not None and taken > at:
        taken, state = None, "firing"
    if resolved is not None and resolved > at:
        resolved, state = None, "firing" if taken is None else "acknowledged"
    escalated = row["escalated_at"]
    if fired is not None and fired > at:
        fired, state = None, "pending"
    within = (policies or Alerts()).policy(row["tier"]).acknowledge_within
    asked = row["asked_at"] if state == "firing" and not row["muted_by"] else None
    return AlertEntry(
        id=row["id"],
        rule=row["rule"],
        tier=row["tier"],
        state=state,
        scope_kind=row["scope_kind"],
        scope=row["scope"],
        allocation_id=row["allocation_id"],
        started_at=row["started_at"],
        fired_at=fired,
        resolved_at=resolved,
        last_at=row["last_at"],
        current=to_credits(row["current_nano"]),
        expected=to_credits(row["expected_nano"]),
        threshold=row["threshold"],
        api_key=row["api_key"],
        team=row["team"],
        cause=row["cause"],
        summary=row["summary"],
        environment=row["environment"],
        unit=unit_of(AlertRule(row["rule"]), json.loads(row["evidence"])),
        severity=severity(AlertRule(row["rule"]), row["tier"], row["environment"]),
        acknowledged_at=taken,
        acknowledged_by=row["acknowledged_by"] if taken is not None else "",
        acknowledge_by=None if asked is None or within is None else asked + within,
        escalated_at=escalated if escalated is not None and escalated <= at else None,
        muted_by=row["muted_by"] if state != "resolved" else "",
        told_at=row["told_at"],
        told=row["told"],
        above=to_credits(row["above_nano"]),
        incident=row["incident"],
    )
