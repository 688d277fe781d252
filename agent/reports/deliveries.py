"""Who was told of what and whether it arrived; and what did not arrive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.reports.alert_report import Delivery

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

LATE_S = 300
"""A message that waits for longer means that somebody is not told."""
_MOST = 500


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Messages to one destination that nobody has got."""

    channel: str
    target: str
    state: str  # failed | gone | waiting
    messages: int
    since: int  # of the oldest
    alerts: tuple[int, ...]  # that they are about, the newest first
    error: str  # the newest


def deliveries_of(reader: LedgerReader, alert: int, until: int) -> Iterator[Delivery]:
    """The messages about one alert as they stood at an instant, the newest last."""
    for row in reader.rows("outbox_of_alert", {"alert": alert}):
        if row["created_at"] > until:
            continue
        sent = row["sent_at"]
        later = sent is not None and sent > until
        yield Delivery(
            kind=row["kind"],
            channel=row["channel"],
            target=row["target"],
            state="waiting" if later else row["state"],
            attempts=row["attempts"],
            created_at=row["created_at"],
            next_at=row["next_at"],
            sent_at=None if later else sent,
            receipt=row["receipt"],
            error=row["error"],
        )


def undelivered(reader: LedgerReader, now: int, since: int) -> tuple[Undelivered, ...]:
    """What was given up since an instant, and what waits for too long, by destination."""
    grouped: dict[tuple[str, str, str], list[Row]] = {}
    for row in reader.rows("outbox_undelivered", {"since": since, "late": now - LATE_S, "most": _MOST}):
        grouped.setdefault((row["channel"], row["target"], row["state"]), []).append(row)
    return tuple(
        Undelivered(
            channel=channel,
            target=target,
            state=state,
            messages=len(rows),
            since=min(row["created_at"] for row in rows),
            alerts=tuple(dict.fromkeys(row["alert"] for row in rows if row["alert"] is not None)),
            error=next((row["error"] for row in rows if row["error"]), ""),
        )
        for (channel, target, state), rows in grouped.items()
    )
