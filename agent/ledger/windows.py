"""Writing usage windows: buckets replaced, coverage extended, rollups moved by the difference."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from agent.domain.usage import Layer
from agent.ledger.amounts import UNITS, columns_of, keep_billed_days
from agent.ledger.bulk import insert
from agent.ledger.cells import Ints
from agent.ledger.coverage import Coverage
from agent.ledger.kinds import Kind
from agent.ledger.names import Names
from agent.ledger.rollups import DAY, HOUR, MINUTE, Cells, Rollups
from agent.ledger.rows import BucketRow
from agent.ledger.sql import statement
from agent.ledger.stretches import Stretches

Key = tuple[int, int, int, int]  # usage kind, start, context, service
Amounts = tuple[int, int, int, int, int, int, int | None]  # width, requests, UNITS, credits
Row = tuple[Any, ...]  # a key and its amounts in one
_CHUNK = 50_000  # rows of event sums in memory at once


class WindowWriter:
    """Writes usage windows of one account inside one transaction."""

    def __init__(self, conn: sqlite3.Connection, names: Names, account: str) -> None:
        self._conn = conn
        self._names = names
        self._account = names.dim(conn, Kind.ACCOUNT, account)
        self._coverage = Coverage(conn)
        self._rollups = Rollups(conn, names)

    def write(
        self, start: int, end: int, buckets: Mapping[str, Sequence[BucketRow]], *, covered: bool, read_at: int
    ) -> None:
        """Replace what the ledger holds of these usage kinds in [start, end); see `LedgerWriter`."""
        kinds = {self._names.dim(self._conn, Kind.USAGE_KIND, kind): rows for kind, rows in buckets.items()}
        before = self._coverage.of(self._account, Layer.METERED)
        gaps = before.gaps(start, end) if covered else []
        old = self._stored(kinds, start, end)
        new = self._summed(kinds, start, end)
        gone = [(*key, *row) for key, row in old.items() if new.get(key) != row]
        put = [(*key, *row) for key, row in new.items() if old.get(key) != row]
        begun = self._begin_to_count(old, new, kinds, gaps)
        if gaps:
            self._uncount_events(gaps)
            self._coverage.extend(self._account, Layer.METERED, start, end)

        self._store(put, old.keys() - new.keys(), read_at)
        self._move(gone, put, begun, before)

    def _begin_to_count(
        self,
        old: Mapping[Key, Amounts],
        new: Mapping[Key, Amounts],
        kinds: Mapping[int, Sequence[BucketRow]],
        gaps: list[tuple[int, int]],
    ) -> list[Row]:
        """Rows that stay as they are and count from now on, since they lie in newly covered stretches."""
        others = {ident: () for ident in self._all_kinds() if ident not in kinds} if gaps else {}
        kept = [item for gap in gaps for item in self._stored(others, *gap, whole=False).items()]
        if gaps and old:
            stretches = Stretches(gaps)
            kept += [(k, row) for k, row in old.items() if new.get(k) == row and stretches.covers(k[1])]
        return [(*key, *row) for key, row in kept]

    def _all_kinds(self) -> list[int]:
        return [ident for ident, _ in self._conn.execute(statement("bucket_kinds"), (int(Kind.USAGE_KIND),))]

    def _stored(
        self, kinds: Mapping[int, Sequence[BucketRow]], start: int, end: int, *, whole: bool = True
    ) -> dict[Key, Amounts]:
        """Rows that start in [start, end); with `whole`, ValueError for one that also lies outside."""
        found: dict[Key, Amounts] = {}
        for kind in kinds:
            if whole:
                # Rows start at multiples of their width, so only these two can reach in from before.
                for at in {start // HOUR * HOUR, start // DAY * DAY} - {start}:
                    row = self._conn.execute(
                        statement("wide_bucket_at"), (self._account, kind, at, start)
                    ).fetchone()
                    if row:
                        raise _cut(start, end, *row)
            for row in self._conn.execute(statement("buckets_in"), (self._account, kind, start, end)):
                at, context, service, width = row[:4]
                if whole and at + width > end:
                    raise _cut(start, end, at, width)
                found[kind, at, context, service] = row[3:]
        return found

    def _summed(self, kinds: Mapping[int, Sequence[BucketRow]], start: int, end: int) -> dict[Key, Amounts]:
        """The rows by key; rows that attribution gave the same key are added together."""
        found: dict[Key, Amounts] = {}
        # Rows of one series share these objects; to hash their eleven names a row would cost the most here.
        contexts: dict[int, int] = {}
        services: dict[int, int] = {}
        for kind, rows in kinds.items():
            for row in rows:
                if row.start < start or row.start + row.width > end or row.start % row.width:
                    raise ValueError(
                        f"bucket [{row.start}, +{row.width}) is not a whole one of [{start}, {end})"
                    )
                context = contexts.get(id(row.dimensions))
                if context is None:
                    context = contexts[id(row.dimensions)] = self._names.context(self._conn, row.dimensions)
                service = services.get(id(row.service))
                if service is None:
                    service = services[id(row.service)] = self._names.service(self._conn, row.service)
                key = (kind, row.start, context, service)
                amounts: Amounts = (
                    row.width,
                    row.requests,
                    row.tokens_input,
                    row.tokens_cached,
                    row.tokens_output,
                    row.quantity_micro,
                    row.credits_nano,
                )
                found[key] = _together(found[key], amounts) if key in found else amounts
        return found

    def _store(self, put: list[Row], drop: set[Key], read_at: int) -> None:
        self._conn.executemany(statement("drop_bucket"), [(self._account, *key) for key in sorted(drop)])
        if put:
            # No two rows share their first four columns, so that sorting never looks at the credits.
            columns = zip(*sorted(put), strict=True)
            insert(self._conn, "put_bucket", len(put), repeat(self._account), *columns, repeat(read_at))

    def _move(self, gone: list[Row], put: list[Row], begun: list[Row], before: Stretches) -> None:
        """Move the metered layer and what counts from rows that are gone to those that were put or begun."""
        rows = [*gone, *put, *begun]
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        at, context, service, width = (_ints(column) for column in columns[1:5])
        sign = np.repeat([-1, 1], [len(gone), len(put) + len(begun)])
        requests, *units = (_ints(column) * sign for column in columns[5:10])
        priced = np.array([nano is not None for nano in columns[10]], np.bool_)
        nano = _ints([nano or 0 for nano in columns[10]]) * sign
        account = np.full(len(rows), self._account)

        changed = slice(len(gone) + len(put))
        layer = {"requests": requests[changed], "credits_nano": nano[changed]}
        self._rollups.add_layer(Layer.METERED, account[changed], at[changed], layer, sweep=bool(gone))
        added = slice(len(gone), len(gone) + len(put))
        if put:
            self._rollups.note_first_seen(at[added], context[added], service[added])

        after = self._coverage.of(self._account, Layer.METERED)
        counts = np.where(sign < 0, before.covers_each(at), after.covers_each(at))
        for each in np.unique(width[counts]).tolist():
            of = np.flatnonzero(counts & (width == each))
            amounts = columns_of(
                self._names,
                service[of],
                requests[of],
                {name: column[of] for name, column in zip(UNITS, units, strict=True)},
                nano[of],
                priced[of],
            )
            cells = Cells(each, at[of], context[of], service[of], amounts)
            keep_billed_days(cells, account[of], self._coverage)
            self._rollups.add(cells, sweep=bool((sign[of] < 0).any()))

    def _uncount_events(self, gaps: list[tuple[int, int]]) -> None:
        """Take away what events of newly covered minutes counted; their errors and latency stay."""
        for gap in gaps:
            sums = self._conn.execute(statement("event_sums"), (*gap, self._account))
            while rows := sums.fetchmany(_CHUNK):
                table = np.array(rows, np.int64).T
                minute, context, service, requests = table[:4]
                priced = table[9]
                columns = columns_of(
                    self._names,
                    service,
                    -requests,
                    {name: -table[4 + place] for place, name in enumerate(UNITS)},
                    -table[8],
                    np.ones(len(minute), np.bool_),
                )
                columns["unpriced"] = priced - requests
                cells = Cells(MINUTE, minute, context, service, columns)
                keep_billed_days(cells, np.full(len(minute), self._account), self._coverage)
                self._rollups.add(cells, sweep=True)


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, np.int64)


def _together(one: Amounts, other: Amounts) -> Amounts:
    if one[0] != other[0]:
        raise ValueError("two buckets of one kind, start and series differ in width")
    # The sum has one price or none: it never passes for the cost of requests that nobody has priced.
    nano = None if one[6] is None or other[6] is None else one[6] + other[6]
    sums = (left + right for left, right in zip(one[1:6], other[1:6], strict=True))
    return (one[0], *sums, nano)  # type: ignore[return-value]


def _cut(start: int, end: int, at: int, width: int) -> ValueError:
    return ValueError(
        f"window [{start}, {end}) cuts the stored bucket [{at}, {at + width}); widen it to whole buckets"
    )
