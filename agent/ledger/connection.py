"""Connections to the ledger file: pragmas, and what goes wrong said in words a person can act on."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from agent.errors import LedgerError

BUSY_SECONDS = 5.0
"""How long a statement waits for another process's write lock."""
_LOOK_SECONDS = 0.1  # how long a writer waits before it asks whether it still should

_COMMON = (f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}", "PRAGMA temp_store = MEMORY")
_WRITER = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -24576",  # KiB; a larger one made 5 million events no faster
    "PRAGMA wal_autocheckpoint = 8000",  # pages, 32 MB
    "PRAGMA journal_size_limit = 67108864",  # bytes
)
_BOX = (
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0",  # a person who acknowledges does not wait for what the agent piled up
)
_READER = ("PRAGMA query_only = ON", "PRAGMA cache_size = -16384")


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open or create the file for writing. Transactions are begun by hand (autocommit otherwise)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    return _connect(path, "rwc", _COMMON)


def tune_writer(conn: sqlite3.Connection) -> None:
    """Make commits durable and batches fast; for a file known to be ours, since WAL changes it."""
    for pragma in _WRITER:
        conn.execute(pragma)


def take_turns(conn: sqlite3.Connection) -> None:
    """Leave the waiting for the write lock to `begin`."""
    conn.execute(f"PRAGMA busy_timeout = {int(_LOOK_SECONDS * 1000)}")


def begin(conn: sqlite3.Connection, patience: Callable[[], float]) -> None:
    """Begin a write transaction as soon as no other process has one.

    Waits for `patience()` seconds, which may change meanwhile; then raises SQLite's "database is locked".
    """
    began = time.monotonic()
    while True:
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() - began >= patience():
                raise
        else:
            return


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open an existing file for reading only."""
    _must_exist(path)
    return _connect(path, "rw", (*_COMMON, *_READER))


def connect_box(path: Path) -> sqlite3.Connection:
    """Open an existing file for one small write; a statement waits for another process's write lock."""
    _must_exist(path)
    return _connect(path, "rw", (*_COMMON, *_BOX))


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise LedgerError(
            f"there is no ledger at {path}",
            hint="fill one with `burndeck agent start` or `burndeck ingest FILE`, or try `burndeck demo`; "
            "--config or --db names another one, of a demo that runs for example",
        )


def _connect(path: Path, mode: str, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    # A URI, so that a reader never creates the file; quoted, since "?" and "#" mean something there.
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    with saying(path):
        conn = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
            cached_statements=256,
        )
        try:
            for pragma in pragmas:
                conn.execute(pragma)
        except sqlite3.Error:
            conn.close()
            raise
    return conn


@contextlib.contextmanager
def saying(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file as a whole into a `LedgerError` with a way out."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        for sign, message, hint in _TROUBLES:
            if sign in text:
                raise LedgerError(f"{path}: {message}", hint=hint) from error
        raise


_TROUBLES = (
    ("not a database", "this file is no burndeck ledger", "give another path with --db"),
    (
        "locked",
        "another process holds the ledger's write lock",
        "try again; `burndeck agent status` names the agent",
    ),
    ("disk is full", "the disk is full; nothing of this batch was written", "make room, then start again"),
    (
        "unable to open",
        "the ledger cannot be opened",
        "check that the folder exists and that you may write there",
    ),
    ("readonly", "the ledger is read-only", "check the file's owner and permissions"),
    (
        "CHECK constraint failed: typeof(credits_nano)",
        "a sum of credits would exceed 9.2 billion; nothing of this batch was written",
        "look for rows with absurd amounts, or for a wrong price",
    ),
    ("malformed", "the ledger is damaged", "restore the newest backup; sources are read again from there"),
)
