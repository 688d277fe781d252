"""Which intents that wait seem to take others back: each row is read for that once, however many wait."""

from __future__ import annotations

import sqlite3
import threading

from agent.domain.intent import LARGEST_BYTES, IntentKind, parse_intent
from agent.ledger.sql import statement
from agent.ledger.store import Store, Transaction

WITHDRAWAL = f'"kind":"{IntentKind.WITHDRAW}"'.encode()
"""A piece of every text that takes an intent back."""


class Withdrawals(Store):
    """An index in memory of rows that say they are withdrawals. It proves nothing: the row itself is read."""

    def __init__(self, conn: sqlite3.Connection, lock: threading.RLock, transaction: Transaction) -> None:
        super().__init__(conn, lock, transaction)
        self._of: dict[str, list[int]] = {}
        self._newest = 0  # of those that are known
        self._read_to = 0
        self.looked_at = 0
        """How many rows were read so far."""

    def of(self, subject: str, behind: int) -> list[int]:
        """Ids of withdrawals of a subject that wait behind a row, oldest first."""
        with self._lock:
            self._read()
            if self._newest <= behind:
                self._of.clear()  # rows are taken in their order: none of these is behind any more
            return [ident for ident in self._of.get(subject, ()) if ident > behind]

    def _read(self) -> None:
        bound = {"id": self._read_to, "kind": WITHDRAWAL, "most": LARGEST_BYTES}
        for ident, body in self._conn.execute(statement("intents_behind"), bound):
            self.looked_at += 1
            self._read_to = ident
            if body is None:
                continue
            try:
                found = parse_intent(body)
            except ValueError:
                continue
            if found.kind is IntentKind.WITHDRAW:
                self._of.setdefault(found.subject, []).append(ident)
                self._newest = ident
