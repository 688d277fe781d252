"""The write path of the ledger: every change is one transaction, exactly once also after `kill -9`."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent.ledger import schema, state
from agent.ledger.action_store import ActionStore
from agent.ledger.alert_store import AlertStore
from agent.ledger.change_store import ChangeStore
from agent.ledger.connection import BUSY_SECONDS, begin, connect_writer, saying, take_turns, tune_writer
from agent.ledger.control_store import ControlStore
from agent.ledger.costs import CostWriter
from agent.ledger.events import EventWriter
from agent.ledger.history_store import HistoryStore
from agent.ledger.identity import ALL_BITS, identify
from agent.ledger.incident_store import IncidentStore
from agent.ledger.key_store import KeyStore
from agent.ledger.names import Names
from agent.ledger.outbox import Outbox
from agent.ledger.requests import KnownRequests
from agent.ledger.rows import (
    BucketRow,
    CostRow,
    DirectoryKey,
    DirectoryPerson,
    DirectoryProject,
    EventBatch,
    QuarantineRow,
    RateRow,
    ReleaseRow,
    SourceStatus,
    WriteResult,
)
from agent.ledger.rule_store import RuleStore
from agent.ledger.run_store import RunStore
from agent.ledger.sql import statement
from agent.ledger.windows import WindowWriter
from agent.ledger.withdrawals import Withdrawals

Cursor = tuple[str, str, str]
"""Source, name and value of a cursor that is saved in the same transaction as the rows it stands for."""

CATCH_UP_ROWS = 50_000
"""Most events a transaction: it holds the write lock for well under the time that others wait for it."""

_HURRIED_SECONDS = 0.4  # a stop waits for the write under way and for its own


class LedgerWriter:
    """The writing side of one ledger file. Several processes may write; their transactions take turns."""

    def __init__(self, path: Path, *, hash_mask: int = ALL_BITS) -> None:
        self.path = path
        self._hash_mask = hash_mask
        self._lock = threading.RLock()
        self._patience = BUSY_SECONDS
        self._conn = connect_writer(path)
        self._names = Names()
        self._known = KnownRequests()
        self.alerts = AlertStore(self._conn, self._lock, self.transaction)
        self.incidents = IncidentStore(self._conn, self._lock, self.transaction)
        self.actions = ActionStore(self._conn, self._lock, self.transaction)
        self.control = ControlStore(self._conn, self._lock, self.transaction)
        self.withdrawals = Withdrawals(self._conn, self._lock, self.transaction)
        self.changes = ChangeStore(self._conn, self._lock, self.transaction)
        self.outbox = Outbox(self._conn, self._lock, self.transaction)
        self.runs = RunStore(self._conn, self._lock, self.transaction)
        self.history = HistoryStore(self._read)
        self.rules = RuleStore(self._read)
        self.keys = KeyStore(self._read)
        try:
            with saying(path):
                schema.version(self._conn, path, empty_is_fine=True)
                tune_writer(self._conn)
                schema.migrate(self._conn, path)
                take_turns(self._conn)
        except BaseException:
            self._conn.close()
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it or nothing. Inside another one it joins that."""
        with self._lock, saying(self.path):
            if self._conn.in_transaction:
                yield self._conn
                return
            begin(self._conn, lambda: self._patience)
            try:
                self._names.catch_up(self._conn)
                yield self._conn
                self._conn.execute("COMMIT")
            except BaseException:
                if self._conn.in_transaction:
                    self._conn.execute("ROLLBACK")
                self._names.forget()
                self._known.forget()
                raise

    def _read(self, name: str, params: Mapping[str, object]) -> list[tuple[object, ...]]:
        with self._lock, saying(self.path):
            return self._conn.execute(statement(name), params).fetchall()

    def write_events(
        self,
        batch: EventBatch,
        *,
        cursor: Cursor | None = None,
        correct: bool = False,
        max_rows: int = CATCH_UP_ROWS,
    ) -> WriteResult:
        """Store events; a request that the ledger knows already counts once.

        A known request that comes with another team, cost center, project or environment than it has is
        refused and becomes a finding, and its key one record of the audit log a transaction. With `correct`
        (a batch export after a stream) other units, credits or service of a known request replace the first
        ones, with a finding. A batch of more than `max_rows` becomes several transactions; the cursor is
        saved with the last.
        """
        result = WriteResult(0, 0)
        for first in range(0, max(len(batch), 1), max_rows):
            part = batch if len(batch) <= max_rows else _slice(batch, first, first + max_rows)
            ids = identify(part.request_id, hash_mask=self._hash_mask)
            with self.transaction() as conn:
                if len(part):
                    events = EventWriter(conn, self._names, self._known, self.control.audit)
                    result += events.write(part, ids, correct=correct)
                if cursor and first + max_rows >= len(batch):
                    state.put_cursor(conn, *cursor)
        return result

    def write_usage_window(
        self,
        account: str,
        start: int,
        end: int,
        buckets: Mapping[str, Sequence[BucketRow]],
        *,
        covered: bool = True,
        read_at: int,
        cursor: Cursor | None = None,
    ) -> None:
        """Replace the metered buckets of [start, end) by complete rows by usage kind.

        Every stored row of these kinds there goes, whatever its width, unless it is among the new ones. With
        `covered` the stretch counts as metered from now on and events there stop counting. Start and end are
        whole minutes; ValueError when they would cut a stored bucket in two.
        """
        if start % 60 or end % 60 or end < start:
            raise ValueError(f"[{start}, {end}) is not a stretch of whole minutes")
        with self.transaction() as conn:
            WindowWriter(conn, self._names, account).write(
                start, end, buckets, covered=covered, read_at=read_at
            )
            if cursor:
                state.put_cursor(conn, *cursor)

    def write_costs(
        self,
        account: str,
        day_start: int,
        day_end: int,
        rows: Sequence[CostRow],
        *,
        final_before: int,
        read_at: int,
        cursor: Cursor | None = None,
    ) -> None:
        """Replace the billed costs of the UTC days in [day_start, day_end).

        Days that end at or before `final_before` count as billed from now on: by day, their credits come from
        here and no longer from buckets and events.
        """
        if day_start % 86400 or day_end % 86400 or day_end < day_start:
            raise ValueError(f"[{day_start}, {day_end}) is not a stretch of whole UTC days")
        with self.transaction() as conn:
            CostWriter(conn, self._names, account).write(
                day_start, day_end, rows, final_before=final_before, read_at=read_at
            )
            if cursor:
                state.put_cursor(conn, *cursor)

    def quarantine(self, rows: Iterable[QuarantineRow | tuple[str, str, str, str]], at: int) -> None:
        """Keep refused rows (source, location, reason, raw)."""
        with self.transaction() as conn:
            state.add_quarantine(
                conn, (row if isinstance(row, QuarantineRow) else QuarantineRow(*row) for row in rows), at
            )

    def findings(self, rows: Iterable[tuple[str, str, str]], at: int) -> None:
        """Keep what is worth a person's eye and no alert (kind, subject, detail); of very many the first."""
        findings = [(*row, at) for row in rows]
        if findings:
            with self.transaction() as conn:
                state.add_findings(conn, findings)

    def save_rates(self, rows: Iterable[RateRow]) -> None:
        """Keep the rates that price the rows."""
        with self.transaction() as conn:
            state.put_rates(conn, rows)

    def save_releases(self, rows: Iterable[ReleaseRow]) -> None:
        """Replace the calendar of releases."""
        with self.transaction() as conn:
            state.put_releases(conn, rows)

    def save_cursor(self, source: str, name: str, value: str) -> None:
        """Keep where a source stands, apart from any rows."""
        with self.transaction() as conn:
            state.put_cursor(conn, source, name, value)

    def cursor(self, source: str, name: str) -> str | None:
        """Where a source stands, or None before its first reading."""
        with self._lock, saying(self.path):
            return state.cursor_of(self._conn, source, name)

    def save_source_status(self, status: SourceStatus) -> None:
        """Keep the health of a source; times that it leaves open stay as they were."""
        with self.transaction() as conn:
            state.put_source_status(conn, status)

    def keep_sources(self, names: Iterable[str]) -> None:
        """Forget the health of every other source; its cursors stay, should it come back."""
        with self.transaction() as conn:
            state.keep_source_states(conn, names)

    def save_directory(
        self,
        account: str,
        projects: Sequence[DirectoryProject] | None,
        keys: Sequence[DirectoryKey] | None,
        people: Sequence[DirectoryPerson] | None,
        seen_at: int,
    ) -> None:
        """Keep a complete reading of the provider's directory; what vanished gets a tombstone.

        None for a part that was not read: it stays as it is.
        """
        with self.transaction() as conn:
            state.put_directory(conn, account, projects, keys, people, seen_at)

    def directory(self, account: str) -> tuple[list[DirectoryProject], list[DirectoryKey]]:
        """Every project and key that was ever in the provider's directory, also those that are gone."""
        with self.transaction() as conn:
            return state.directory_of(conn, account)

    def beat(self, pid: int, host: str, version: str, started_at: int, now: int) -> None:
        """Say that the agent of this ledger lives."""
        with self.transaction() as conn:
            conn.execute(statement("beat"), (pid, host, version, started_at, now))

    def stopped(self, now: int) -> None:
        """Say that the agent of this ledger ended cleanly."""
        with self.transaction() as conn:
            conn.execute(statement("stopped"), (now,))

    def hurry(self) -> None:
        """Give up soon where another process holds the write lock, also in a transaction that waits now.

        For a process that is about to end, from any thread.
        """
        self._patience = _HURRIED_SECONDS

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        with self._lock:
            self._conn.close()

    def __enter__(self) -> LedgerWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _slice(batch: EventBatch, first: int, end: int) -> EventBatch:
    rows = slice(first, end)
    whole = ("dimensions", "services")
    return replace(
        batch, **{name: getattr(batch, name)[rows] for name in batch.__slots__ if name not in whole}
    )
