"""Open and recent alerts, worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.reports.alert_list import AlertEntry

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

__all__ = ["AlertEntry", "alerts"]

RECENT_S = 7 * 86_400
_TIERS = ("hard_cap", "critical", "warning", "info")
_STATES = ("firing", "acknowledged", "pending", "resolved")


def alerts(
    reader: LedgerReader, now: float, *, at: float | None = None, recent_s: int = RECENT_S
) -> list[AlertEntry]:
    """Alerts that are open, and those that started or ended in the last `recent_s` seconds.

    With `at`, as they stood at that instant: what started later is left out, what was resolved later is open.
    """
    until = int(now if at is None else at)
    rows = reader.rows("alerts_listed", {"since": until - recent_s, "until": until})
    entries = [_entry(row, until) for row in rows]
    entries.sort(
        key=lambda entry: (_place(_STATES, entry.state), _place(_TIERS, entry.tier), -entry.started_at)
    )
    return entries


def open_alerts(reader: LedgerReader, at: int) -> tuple[AlertEntry, ...]:
    """The alerts that fire or are acknowledged at an instant."""
    return tuple(entry for entry in alerts(reader, at) if entry.state in ("firing", "acknowledged"))


def _place(order: tuple[str, ...], word: str) -> int:
    return order.index(word) if word in order else len(order)


def _entry(row: Row, at: int) -> AlertEntry:
    resolved, fired, state = row["resolved_at"], row["fired_at"], row["state"]
    if resolved is not None and resolved > at:
        resolved, state = None, "firing"
    if fired is not None and fired > at:
        fired, state = None, "pending"
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
    )
