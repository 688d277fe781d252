"""What every part of the writer's side shares: one connection, its lock, and its transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from agent.ledger.sql import statement

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


class Store:
    """Named statements on the connection of the ledger's writer. Writes join the transaction that is open."""

    def __init__(self, conn: sqlite3.Connection, lock: threading.RLock, transaction: Transaction) -> None:
        self._conn = conn
        self._lock = lock
        self._transaction = transaction

    def _all(self, name: str, bound: Any = ()) -> list[Any]:
        with self._lock:
            return self._conn.execute(statement(name), bound).fetchall()

    def _rows(self, name: str, **bound: Any) -> list[dict[str, Any]]:
        """Rows with their columns by name."""
        with self._lock:
            cursor = self._conn.execute(statement(name), bound)
            columns = [column[0] for column in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor]

    def _write(self, name: str, bound: Any) -> sqlite3.Cursor:
        with self._transaction() as conn:
            return conn.execute(statement(name), bound)
