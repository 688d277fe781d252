"""Writing usage windows: buckets replaced, coverage extended, rollups moved by the difference."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np

from agent.domain.usage import Layer
from agent.ledger.amounts import UNITS, columns_of, keep_billed_days
from agent.ledger.cells import Ints
from agent.ledger.coverage import Coverage
from agent.ledger.kinds import Kind
from agent.ledger.names import Names
from agent.ledger.rollups import DAY, HOUR, MINUTE, Cells, Rollups
from agent.ledger.rows import BucketRow
from agent.ledger.sql import statement

Key = tuple[int, int, int, int]  # usage kind, start, context, service
Amounts = tuple[int, int, int, int, int, int, int | None]  # width, requests, UNITS, credits
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
        if gaps:
            # Rows of other kinds that lie in the newly covered stretches begin to count too.
            others = {ident: () for ident in self._all_kinds() if ident not in kinds}
            kept = {key: row for gap in gaps for key, row in self._stored(others, *gap, whole=False).items()}
            old |= kept
            new |= kept
            self._uncount_events(gaps)
            self._coverage.extend(self._account, Layer.METERED, start, end)
        after = self._coverage.of(self._account, Layer.METERED)

        self._store(
            {key: row for key, row in new.items() if old.get(key) != row}, old.keys() - new.keys(), read_at
        )
        changed = [(-1, key, row) for key, row in old.items() if new.get(key) != row]
        changed += [(1, key, row) for key, row in new.items() if old.get(key) != row]
        self._move(changed, layer=True, count=False)
        moved = []
        for key in old.keys() | new.keys():
            was = old.get(key) if before.covers(key[1]) else None
            now = new.get(key) if after.covers(key[1]) else None
            if was != now:
                moved += [(sign, key, row) for sign, row in ((-1, was), (1, now)) if row]
        self._move(moved, layer=False, count=True)

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
            for at, context, service, *amounts in self._conn.execute(
                statement("buckets_in"), (self._account, kind, start, end)
            ):
                if whole and at + amounts[0] > end:
                    raise _cut(start, end, at, amounts[0])
                found[kind, at, context, service] = tuple(amounts)
        return found

    def _summed(self, kinds: Mapping[int, Sequence[BucketRow]], start: int, end: int) -> dict[Key, Amounts]:
        """The rows by key; rows that attribution gave the same key are added together."""
        found: dict[Key, Amounts] = {}
        for kind, rows in kinds.items():
            for row in rows:
                if row.start < start or row.start + row.width > end or row.start % row.width:
                    raise ValueError(
                        f"bucket [{row.start}, +{row.width}) is not a whole one of [{start}, {end})"
                    )
                key = (
                    kind,
                    row.start,
                    self._names.context(self._conn, row.dimensions),
                    self._names.service(self._conn, row.service),
                )
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

    def _store(self, put: Mapping[Key, Amounts], drop: set[Key], read_at: int) -> None:
        self._conn.executemany(statement("drop_bucket"), [(self._account, *key) for key in sorted(drop)])
        self._conn.executemany(
            statement("put_bucket"),
            [(self._account, *key, *row, read_at) for key, row in sorted(put.items())],
        )

    def _move(self, rows: list[tuple[int, Key, Amounts]], *, layer: bool, count: bool) -> None:
        """Move the metered layer, or what counts, by signed rows."""
        for width in sorted({row[0] for _, _, row in rows}):
            same = [each for each in rows if each[2][0] == width]
            sign = _ints([each[0] for each in same])
            at, context, service = (_ints([key[place] for _, key, _ in same]) for place in (1, 2, 3))
            counts = np.array([row[1:6] for _, _, row in same], np.int64).T * sign
            units = {name: counts[1 + place] for place, name in enumerate(UNITS)}
            priced = np.array([row[6] is not None for _, _, row in same], np.bool_)
            nano = _ints([row[6] or 0 for _, _, row in same]) * sign
            columns = columns_of(self._names, service, counts[0], units, nano, priced)
            account = np.full(len(same), self._account)
            if layer:
                self._rollups.add_layer(Layer.METERED, account, at, columns, sweep=True)
                added = sign > 0
                if added.any():
                    self._rollups.note_first_seen(at[added], context[added], service[added])
            if count:
                cells = Cells(width, at, context, service, columns)
                keep_billed_days(cells, account, self._coverage)
                self._rollups.add(cells, sweep=True)

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


def _ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def _together(one: Amounts, other: Amounts) -> Amounts:
    if one[0] != other[0]:
        raise ValueError("two buckets of one kind, start and series differ in width")
    nano = None if one[6] is None and other[6] is None else (one[6] or 0) + (other[6] or 0)
    sums = (left + right for left, right in zip(one[1:6], other[1:6], strict=True))
    return (one[0], *sums, nano)  # type: ignore[return-value]


def _cut(start: int, end: int, at: int, width: int) -> ValueError:
    return ValueError(
        f"window [{start}, {end}) cuts the stored bucket [{at}, {at + width}); widen it to whole buckets"
    )
