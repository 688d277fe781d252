"""Incidents as people read them: what belongs together, what it has cost so far, and its timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.reports.alert_report import IncidentEntry, TimelineLine

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

RECENT_S = 7 * 86_400


def incidents(
    reader: LedgerReader, now: float, recent_s: int = RECENT_S, *, at: float | None = None
) -> list[IncidentEntry]:
    """Incidents that are open, and those closed in the last `recent_s` seconds; the newest first."""
    until = int(now if at is None else at)
    rows = reader.rows("incidents_listed", {"since": until - recent_s, "until": until})
    return [_entry(row, until) for row in rows]


def incident(reader: LedgerReader, ident: int, at: int) -> IncidentEntry | None:
    """One incident as it stood at an instant, but for what it had cost, which only the newest state knows."""
    row = reader.one("incident_by_id", {"id": ident, "until": at})
    return None if row is None else _entry(row, at)


def timeline(reader: LedgerReader, ident: int, at: int) -> tuple[TimelineLine, ...]:
    """What happened in an incident up to an instant, oldest first.

    Where it has several alerts, every line that is about one of them names it.
    """
    rows = reader.rows("timeline_of_incident", {"incident": ident, "until": at})
    lines = tuple(TimelineLine(*row) for row in rows)
    if len({line.alert for line in lines} - {None}) < 2:
        return lines
    return tuple(replace(line, text=_naming(line)) for line in lines)


def _naming(line: TimelineLine) -> str:
    name = f"alert {line.alert}"
    if line.alert is None or line.text.startswith((f"{name}:", f"{name} ")):
        return line.text
    return f"{name}: {line.text}"


def _entry(row: Row, until: int) -> IncidentEntry:
    closed = row["closed_at"]
    return IncidentEntry(
        id=row["id"],
        title=row["title"],
        group=row["grouped_by"],
        tier=row["tier"],
        cause=row["cause"],
        opened_at=row["opened_at"],
        closed_at=closed if closed is not None and closed <= until else None,
        above=to_credits(row["above_nano"]),
        alerts=row["alerts"],
    )
