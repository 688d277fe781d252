"""The ledger's schema and its migrations: numbered files in `migrations/`, applied by sqlite-utils.

`PRAGMA user_version` repeats how many are applied, so that an up-to-date file opens without sqlite-utils,
whose import alone can take as long as the rest of a start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import LedgerError

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x42524E44  # "BRND", in the file's header
_FOLDER = Path(__file__).parent / "migrations"


def latest() -> int:
    """The number of the newest migration."""
    return len(_files())


def check(conn: sqlite3.Connection, path: Path) -> None:
    """Raise `LedgerError` unless the file is a ledger with the newest schema."""
    if version(conn, path) < latest():
        raise LedgerError(
            f"{path}: the ledger is older than this burndeck",
            hint="`burndeck agent once` or any `burndeck ingest` brings it up to date",
        )


def migrate(conn: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the newest schema; an empty file becomes a ledger."""
    if version(conn, path, empty_is_fine=True) == latest():
        return
    from sqlite_utils import Database, Migrations

    migrations = Migrations("burndeck")
    for file in _files():
        migrations(name=file.stem)(_step(file))
    # IMMEDIATE around all of it: of two processes that open a new ledger, one makes it and the other waits.
    conn.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(Database(conn))
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute(f"PRAGMA user_version = {latest()}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def version(conn: sqlite3.Connection, path: Path, *, empty_is_fine: bool = False) -> int:
    """How many migrations the file has; `LedgerError` for a foreign file or one newer than this burndeck."""
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    (applied,) = conn.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        (tables,) = conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables or applied or not empty_is_fine:
            raise LedgerError(f"{path}: this file is no burndeck ledger", hint="give another path with --db")
    if applied > latest():
        raise LedgerError(
            f"{path}: the ledger was written by a newer burndeck (schema {applied}, known {latest()})",
            hint="upgrade burndeck: pip install --upgrade burndeck",
        )
    return int(applied)


def _files() -> list[Path]:
    return sorted(_FOLDER.glob("[0-9]*.sql"))


def _step(file: Path) -> Callable[[Database], None]:
    def step(db: Database) -> None:
        for text in _split(file.read_text(encoding="utf-8")):
            db.conn.execute(text)

    step.__name__ = file.stem
    return step


def _split(script: str) -> list[str]:
    """Single statements: `executescript` would commit the transaction that holds the migration."""
    found, text = [], ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            found.append(text)
            text = ""
    return found
