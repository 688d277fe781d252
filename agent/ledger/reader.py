"""Reading the ledger: named queries, short reads, no numpy, safe to use from any thread."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import LedgerError
from agent.ledger import schema
from agent.ledger.connection import connect_reader, saying
from agent.ledger.sql import statement

if TYPE_CHECKING:
    from agent.ledger.action_store import ActionStore
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.allocation_changes import AllocationChangeStore
    from agent.ledger.run_store import RunStore

Row = sqlite3.Row
"""A row of a result: columns by name or by position."""

Parameters = Mapping[str, object] | Sequence[object]


class LedgerReader:
    """One read-only connection to a ledger. Calls from several threads take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._conn = connect_reader(path)
        self.proved: dict[int, object] = {}  # actions as they were found to be the agent's own
        self._conn.row_factory = sqlite3.Row
        try:
            with saying(path):
                schema.check(self._conn, path)
        except BaseException:
            self._conn.close()
            raise

    def data_version(self) -> int:
        """A number that changes whenever another connection has committed; costs microseconds."""
        with self._lock, saying(self.path):
            (version,) = self._conn.execute("PRAGMA data_version").fetchone()
        return int(version)

    def rows(self, name: str, params: Parameters = ()) -> list[Row]:
        """All rows of a named query. A list or tuple as a parameter is bound as JSON, for `json_each`."""
        with self._lock, saying(self.path):
            return self._conn.execute(statement(name), _bindable(params)).fetchall()

    def one(self, name: str, params: Parameters = ()) -> Row | None:
        """The first row of a named query, or None."""
        with self._lock, saying(self.path):
            row: Row | None = self._conn.execute(statement(name), _bindable(params)).fetchone()
        return row

    def alert_store(self) -> AlertStore:
        """What alert rules read, on this connection: what they would write is refused."""
        from agent.ledger.alert_store import AlertStore

        return AlertStore(self._conn, self._lock, self._refused)

    def action_store(self) -> ActionStore:
        """Actions and what gateways hold, on this connection: what it would write is refused."""
        from agent.ledger.action_store import ActionStore

        return ActionStore(self._conn, self._lock, self._refused)

    def allocation_changes(self) -> AllocationChangeStore:
        """What actions have made of allocations, on this connection; a small part of `action_store`."""
        from agent.ledger.allocation_changes import AllocationChangeStore

        return AllocationChangeStore(self._conn, self._lock, self._refused)

    def run_store(self) -> RunStore:
        """Runs of runbooks, on this connection: what it would write is refused."""
        from agent.ledger.run_store import RunStore

        return RunStore(self._conn, self._lock, self._refused)

    def _refused(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        raise LedgerError(f"{self.path}: this connection only reads")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All queries inside see one state of the ledger. Keep it short: nobody may be waited for."""
        with self._lock:
            if self._conn.in_transaction:
                yield
                return
            self._conn.execute("BEGIN")
            try:
                yield
            finally:
                self._conn.execute("COMMIT")

    def copy_to(self, path: Path) -> None:
        """Write one consistent copy of the whole ledger to a new file, also while an agent writes."""
        with self._lock, saying(path), contextlib.closing(sqlite3.connect(path)) as copy:
            self._conn.backup(copy)

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        with self._lock:
            self._conn.close()

    def __enter__(self) -> LedgerReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bindable(params: Parameters) -> Any:
    if isinstance(params, Mapping):
        return {name: _value(value) for name, value in params.items()}
    return tuple(_value(value) for value in params)


def _value(value: object) -> object:
    return json.dumps(value) if isinstance(value, list | tuple) else value
