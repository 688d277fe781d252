"""Where the ledger's data begins: what lies before is unknown, which is something else than no burn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.reports.moment import HOUR

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader


def first_known(reader: LedgerReader) -> int | None:
    """The first minute of usage, or its first hour where minutes are not known; None without any."""
    row = reader.one("oldest_data")
    if row is None or row["hour"] is None:
        return None
    minute, hour = row["minute"], int(row["hour"])
    return int(minute) if minute is not None and minute < hour + HOUR else hour


def whole_hours(first: int | None) -> int:
    """The start of the first hour that is known from its beginning."""
    return 0 if first is None else -(-first // HOUR) * HOUR
