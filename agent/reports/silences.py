"""Silences in force and those that ended lately, and what a silence would keep from being heard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from agent.domain.alert import HARD_CAP
from agent.domain.money import to_credits
from agent.domain.silence import fits
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import SilenceEntry

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

__all__ = ["SilenceEntry", "matching", "silences"]

RECENT_S = 7 * 86_400


def silences(
    reader: LedgerReader, now: float, *, at: float | None = None, recent_s: int = RECENT_S
) -> list[SilenceEntry]:
    """Silences that are in force, and those that ended in the last `recent_s` seconds; the newest first.

    With `at`, as they stood at that instant, but for the credits burnt, of which only the newest are known.
    """
    until = int(now if at is None else at)
    muted = {row["muted_by"]: int(row["alerts"]) for row in reader.rows("alerts_muted")} if at is None else {}
    found = []
    for row in reader.rows("silences_listed", {"since": until - recent_s}):
        if row["starts_at"] > until:
            continue
        ended = row["ended_at"]
        if ended is not None and ended > until:
            ended = None
        found.append(
            SilenceEntry(
                id=row["id"],
                state="active" if ended is None and until < row["ends_at"] else "ended",
                author=row["author"],
                reason=row["reason"],
                matchers=json.loads(row["matchers"]),
                starts_at=row["starts_at"],
                ends_at=row["ends_at"],
                ended_at=ended,
                ended_why=row["ended_why"] if ended is not None else "",
                burnt=to_credits(row["burnt_nano"]),
                limit=to_credits(row["limit_nano"]),
                mutes=muted.get(f"silence:{row['id']}", 0),
            )
        )
    return found


def matching(entries: Iterable[AlertEntry], matchers: Mapping[str, str]) -> list[AlertEntry]:
    """The alerts that fire or are acknowledged and that a silence with these matchers would mute."""
    if not matchers:
        return []
    return [entry for entry in entries if entry.live and entry.tier != HARD_CAP and _match(entry, matchers)]


def _match(entry: AlertEntry, matchers: Mapping[str, str]) -> bool:
    known = {
        "rule": entry.rule,
        "tier": entry.tier,
        "scope_kind": entry.scope_kind,
        "scope": entry.scope,
        "allocation": entry.allocation_id,
        "team": entry.team,
        "api_key": entry.api_key,
        "environment": entry.environment,
        "cause": entry.cause,
        "alert": str(entry.id),
    }
    return fits(known, matchers)
