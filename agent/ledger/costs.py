"""Writing costs: a day's bill replaces what the lower layers say that the day cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from agent.domain.usage import Layer
from agent.ledger.amounts import is_completion
from agent.ledger.coverage import Coverage
from agent.ledger.kinds import Kind
from agent.ledger.names import Names
from agent.ledger.rollups import DAY, Cells, Rollups
from agent.ledger.rows import CostRow
from agent.ledger.sql import statement

Key = tuple[int, int, int, int]  # day, context, service, line item
Amounts = tuple[int, str, int]  # amount, currency, credits
Credits = tuple[int, int, int, int]  # time, context, service, signed nano-credits


class CostWriter:
    """Writes costs of one account inside one transaction."""

    def __init__(self, conn: sqlite3.Connection, names: Names, account: str) -> None:
        self._conn = conn
        self._names = names
        self._account = names.dim(conn, Kind.ACCOUNT, account)
        self._coverage = Coverage(conn)
        self._rollups = Rollups(conn, names)

    def write(
        self, day_start: int, day_end: int, rows: Sequence[CostRow], *, final_before: int, read_at: int
    ) -> None:
        """Replace the days of [day_start, day_end); see `LedgerWriter.write_costs`."""
        old = self._stored(day_start, day_end)
        new = self._summed(rows, day_start, day_end)
        before = self._coverage.of(self._account, Layer.BILLED)
        final_end = min(day_end, final_before // DAY * DAY)
        gaps = before.gaps(day_start, final_end)
        moved = [credit for gap in gaps for credit in self._uncount_lower_layers(*gap)]
        if gaps:
            self._coverage.extend(self._account, Layer.BILLED, day_start, final_end)
        after = self._coverage.of(self._account, Layer.BILLED)

        changed: list[Credits] = []
        for key in sorted(old.keys() | new.keys()):
            was, now = old.get(key), new.get(key)
            if was != now:
                changed += [(*key[:3], sign * row[2]) for sign, row in ((-1, was), (1, now)) if row]
            counted, counts = was if before.covers(key[0]) else None, now if after.covers(key[0]) else None
            if counted != counts:
                moved += [(*key[:3], sign * row[2]) for sign, row in ((-1, counted), (1, counts)) if row]
        self._store(
            {key: row for key, row in new.items() if old.get(key) != row}, old.keys() - new.keys(), read_at
        )
        self._move(changed, layer=True)
        self._move(moved, layer=False)

    def _stored(self, start: int, end: int) -> dict[Key, Amounts]:
        found = self._conn.execute(statement("costs_in"), (self._account, start, end))
        return {
            (day, context, service, item): tuple(amounts) for day, context, service, item, *amounts in found
        }

    def _summed(self, rows: Sequence[CostRow], start: int, end: int) -> dict[Key, Amounts]:
        """The rows by key; rows that attribution gave the same key are added together."""
        found: dict[Key, Amounts] = {}
        for row in rows:
            if not start <= row.day < end or row.day % DAY:
                raise ValueError(f"cost of {row.day} is not of a whole day in [{start}, {end})")
            key = (
                row.day,
                self._names.context(self._conn, row.dimensions),
                self._names.service(self._conn, row.service),
                self._names.dim(self._conn, Kind.LINE_ITEM, row.line_item),
            )
            amount, currency, nano = found.get(key, (0, row.currency, 0))
            if currency != row.currency:
                raise ValueError(f"a bill of {row.day} is in {currency} and in {row.currency}")
            found[key] = (amount + row.amount_nano, row.currency, nano + row.credits_nano)
        return found

    def _store(self, put: dict[Key, Amounts], drop: set[Key], read_at: int) -> None:
        self._conn.executemany(statement("drop_cost"), [(self._account, *key) for key in sorted(drop)])
        self._conn.executemany(
            statement("put_cost"), [(self._account, *key, *row, read_at) for key, row in sorted(put.items())]
        )

    def _uncount_lower_layers(self, start: int, end: int) -> list[Credits]:
        """Negated credits by day that metered buckets and, outside metered minutes, events counted."""
        metered = self._coverage.of(self._account, Layer.METERED)
        span = {"account": self._account, "usage_kind": int(Kind.USAGE_KIND), "start": start, "end": end}
        found = [
            (at, context, service, -nano)
            for at, context, service, nano in self._conn.execute(statement("bucket_credits"), span)
            if metered.covers(at)
        ]
        for day in range(start, end, DAY):
            for gap in metered.gaps(day, day + DAY):
                sums = self._conn.execute(statement("event_credits"), (*gap, self._account))
                found += [(day, context, service, -nano) for context, service, nano in sums]
        return found

    def _move(self, credits_moved: list[Credits], *, layer: bool) -> None:
        """Move the billed layer, or what counts by day, by signed credits."""
        if not credits_moved:
            return
        at, context, service, nano = np.array(credits_moved, np.int64).T
        if layer:
            account = np.full(len(at), self._account)
            self._rollups.add_layer(Layer.BILLED, account, at, {"credits_nano": nano}, sweep=True)
        else:
            completions = np.where(is_completion(self._names, service), nano, 0)
            columns = {"credits_nano": nano, "completion_credits_nano": completions}
            self._rollups.add(Cells(DAY, at, context, service, columns), sweep=True)
