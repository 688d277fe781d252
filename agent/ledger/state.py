"""Writing what is neither event, bucket nor cost: quarantine, cursors, source health, directory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple

from agent.ledger.rows import (
    DirectoryKey,
    DirectoryPerson,
    DirectoryProject,
    QuarantineRow,
    RateRow,
    ReleaseRow,
    SourceStatus,
)
from agent.ledger.sql import statement

Finding = tuple[str, str, str, int]
"""Kind, subject, detail and time of something worth a person's eye that is no alert."""

MOST_FINDINGS = 1_000
"""Findings of one batch that are kept; nobody reads more, and an export may bring one a row."""
_RAW = 500  # characters kept of a refused row


def add_quarantine(conn: sqlite3.Connection, rows: Iterable[QuarantineRow], at: int) -> None:
    """Keep refused rows; the same refusal of the same place is kept once."""
    conn.executemany(
        statement("add_quarantine"),
        [(row.source, row.location, row.reason, row.raw[:_RAW], at) for row in rows],
    )


def add_findings(conn: sqlite3.Connection, findings: Sequence[Finding]) -> None:
    """Keep what is worth a person's eye, each once; of very many the first, and how many more there were."""
    kept = list(findings[:MOST_FINDINGS])
    if more := len(findings) - len(kept):
        kind, subject, _, at = findings[MOST_FINDINGS]
        kept.append((kind, subject, f"and {more:,} more findings of one batch", at))
    conn.executemany(statement("add_finding"), kept)


def put_rates(conn: sqlite3.Connection, rows: Iterable[RateRow]) -> None:
    """Keep the rates that price the rows."""
    conn.executemany(statement("put_rate"), [astuple(row) for row in rows])


def put_releases(conn: sqlite3.Connection, rows: Iterable[ReleaseRow]) -> None:
    """Replace the calendar of releases."""
    conn.execute(statement("drop_releases"))
    conn.executemany(statement("add_release"), [astuple(row) for row in rows])


def put_cursor(conn: sqlite3.Connection, source: str, name: str, value: str) -> None:
    """Keep where a source stands."""
    conn.execute(statement("put_cursor"), (source, name, value))


def cursor_of(conn: sqlite3.Connection, source: str, name: str) -> str | None:
    """Where a source stands, or None before its first reading."""
    row = conn.execute(statement("cursor_of"), (source, name)).fetchone()
    return None if row is None else str(row[0])


def put_source_status(conn: sqlite3.Connection, status: SourceStatus) -> None:
    """Keep the health of a source; times that the status leaves open stay as they were."""
    conn.execute(statement("put_source_status"), astuple(status))


def directory_of(conn: sqlite3.Connection, account: str) -> tuple[list[DirectoryProject], list[DirectoryKey]]:
    """Every project and key that was ever in the directory of an account, also those that are gone."""
    projects = conn.execute(statement("directory_projects"), (account,))
    keys = conn.execute(statement("directory_keys"), (account,))
    return [DirectoryProject(*row) for row in projects], [DirectoryKey(*row) for row in keys]


def keep_source_states(conn: sqlite3.Connection, names: Iterable[str]) -> None:
    """Forget the health of sources that are not among the names."""
    conn.execute(statement("keep_source_states"), (json.dumps(list(names)),))


def put_directory(
    conn: sqlite3.Connection,
    account: str,
    projects: Sequence[DirectoryProject] | None,
    keys: Sequence[DirectoryKey] | None,
    people: Sequence[DirectoryPerson] | None,
    seen_at: int,
) -> None:
    """Keep a complete reading of the directory; None: that part was not read and stays as it is."""
    common = {"account": account, "seen_at": seen_at}
    if projects is not None:
        conn.executemany(statement("put_directory_project"), [asdict(row) | common for row in projects])
        _bury(conn, "bury_directory_project", account, [row.id for row in projects], seen_at)
    if keys is not None:
        conn.executemany(statement("put_directory_key"), [asdict(row) | common for row in keys])
        _bury(conn, "bury_directory_key", account, [row.id for row in keys], seen_at)
    if people is not None:
        conn.executemany(statement("put_directory_person"), [asdict(row) | common for row in people])
        _bury(conn, "bury_directory_person", account, [f"{row.kind} {row.id}" for row in people], seen_at)


def _bury(conn: sqlite3.Connection, name: str, account: str, present: list[str], seen_at: int) -> None:
    conn.execute(statement(name), (seen_at, account, json.dumps(present)))
