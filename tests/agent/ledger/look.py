"""What tests ask of a ledger file, in plain SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def rows(path: Path, sql: str, *params: object) -> list[tuple]:
    """All rows of a query."""
    conn = sqlite3.connect(path)
    try:
        return conn.execute(sql, params).fetchall()
    finally:
        conn.close()


def total(path: Path, column: str, level: str = "day") -> int:
    """Sum of a measure over the whole organization."""
    return int(rows(path, f"SELECT coalesce(sum({column}), 0) FROM roll_{level} WHERE kind = 0")[0][0])


def findings(path: Path) -> list[tuple[str, str, str]]:
    """Kind, subject and detail of every finding."""
    return rows(path, "SELECT kind, subject, detail FROM finding ORDER BY id")
