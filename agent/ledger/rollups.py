"""Rollups: marginals per dimension kind by minute, hour and day, moved by differences.

Rows are first summed by what they share (minute x service, hour x context), then each kind and each
coarser level is summed from those few sums, so that most kinds never touch the single rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from agent.domain.usage import Layer
from agent.ledger.bulk import insert
from agent.ledger.cells import Columns, Grouped, Ints, distinct, group
from agent.ledger.kinds import MINUTE_KINDS, ROLLUP_KINDS, Kind
from agent.ledger.names import CONTEXT_KINDS, SERVICE_KINDS, Names
from agent.ledger.sql import statement

MINUTE, HOUR, DAY = 60, 3600, 86400

MEASURES = (
    "requests",
    "errors",
    "tokens_input",
    "tokens_cached",
    "tokens_output",
    "quantity_micro",
    "credits_nano",
    "unpriced",
    "completions",
    "completion_credits_nano",
    "latency_ms",
    "latency_count",
)
"""Columns of a rollup row, in the order of the tables."""

DAY_CREDITS = {"credits_nano": "day_credits_nano", "completion_credits_nano": "day_completion_credits_nano"}
"""Where a row's credits by day differ (the day is billed), they stand in columns of these names."""

_TABLES = {MINUTE: "roll_minute", HOUR: "roll_hour", DAY: "roll_day"}
_CONTEXT_ROLLED = tuple(kind for kind in ROLLUP_KINDS if kind in CONTEXT_KINDS)
_SERVICE_ROLLED = tuple(kind for kind in ROLLUP_KINDS if kind in SERVICE_KINDS)


@dataclass(slots=True)
class Cells:
    """Signed amounts to add to the rollups, as columns; all rows stand for stretches of one width."""

    width: int  # seconds; levels finer than this are left alone, since nobody knows how it spreads
    at: Ints
    context: Ints  # context.id
    service: Ints  # service.id
    columns: Columns

    def __len__(self) -> int:
        return len(self.at)


class Rollups:
    """Adds cells to the rollup tables of one transaction."""

    def __init__(self, conn: sqlite3.Connection, names: Names) -> None:
        self._conn = conn
        self._names = names

    def add(self, cells: Cells, *, sweep: bool) -> None:
        """Add cells to every level; `sweep` drops rows that came to nothing (needed after subtractions)."""
        cells.columns = {name: column for name, column in cells.columns.items() if column.any()} | {
            # A billed day whose rows bring no credits still has to say so.
            name: column
            for name, column in cells.columns.items()
            if name in DAY_CREDITS.values()
        }
        if not len(cells) or not cells.columns:
            return
        finest = MINUTE if cells.width <= MINUTE else HOUR if cells.width <= HOUR else DAY
        for kind, grouped, ids in self._marginals(cells, finest):
            for width, level in _levels(kind, grouped, finest, len(ids)):
                self._write(width, kind, level, ids, sweep=sweep)

    def _marginals(self, cells: Cells, finest: int) -> Iterator[tuple[Kind, Grouped, Ints]]:
        """For each kind its sums at its finest level, with codes that index into the ids."""
        coarse = max(finest, HOUR)
        contexts, context = distinct(cells.context)
        services, service = distinct(cells.service)
        context_dims = np.array([self._names.contexts[ident] for ident in contexts.tolist()], np.int64)
        service_dims = np.array([self._names.services[ident] for ident in services.tolist()], np.int64)
        by_service = group(cells.at, finest, service, len(services), cells.columns)
        by_context = group(cells.at, coarse, context, len(contexts), cells.columns)

        yield (
            Kind.TOTAL,
            _regroup(by_service, finest, np.zeros(len(services), np.int64), 1),
            np.zeros(1, np.int64),
        )
        for kind in _SERVICE_ROLLED:
            ids, code = distinct(service_dims[:, SERVICE_KINDS.index(kind)])
            yield kind, _regroup(by_service, finest, code, len(ids)), ids
        for kind in _CONTEXT_ROLLED:
            ids, code = distinct(context_dims[:, CONTEXT_KINDS.index(kind)])
            if kind in MINUTE_KINDS:
                yield kind, group(cells.at, finest, code[context], len(ids), cells.columns), ids
            else:
                yield kind, _regroup(by_context, coarse, code, len(ids)), ids
        teams, team = distinct(context_dims[:, CONTEXT_KINDS.index(Kind.TEAM)])
        models, model = distinct(service_dims[:, SERVICE_KINDS.index(Kind.MODEL)])
        pairs, pair = distinct(team[context] * len(models) + model[service])
        ids = np.array(
            [
                self._names.team_model(
                    self._conn, int(teams[each // len(models)]), int(models[each % len(models)])
                )
                for each in pairs.tolist()
            ],
            np.int64,
        )
        yield Kind.TEAM_MODEL, group(cells.at, coarse, pair, len(ids), cells.columns), ids

    def _write(self, width: int, kind: Kind, level: Grouped, ids: Ints, *, sweep: bool) -> None:
        columns = level.columns
        if width == DAY:
            columns = columns | {name: columns[day] for name, day in DAY_CREDITS.items() if day in columns}
        moved = np.zeros(len(level.time), np.bool_)
        for name in MEASURES:
            if name in columns:
                moved |= columns[name] != 0
        times, codes = level.time[moved], ids[level.code[moved]]
        measures = [columns[name][moved] if name in columns else 0 for name in MEASURES]
        table = _TABLES[width]
        insert(self._conn, f"add_to_{table}", len(times), repeat(int(kind)), times, codes, *measures)
        if sweep:
            self._conn.executemany(
                statement(f"sweep_{table}"),
                zip(repeat(int(kind)), times.tolist(), codes.tolist(), strict=False),
            )

    def add_layer(self, layer: Layer, account: Ints, at: Ints, columns: Columns, *, sweep: bool) -> None:
        """Add requests and credits to what a layer alone says by account (dim id) and hour."""
        wanted: Columns = {name: columns[name] for name in ("requests", "credits_nano") if name in columns}
        if not len(at) or not wanted:
            return
        accounts, code = distinct(account)
        sums = group(at, HOUR, code, len(accounts), wanted)
        ids, times = accounts[sums.code].tolist(), sums.time.tolist()
        zero = np.zeros(len(ids), np.int64)
        requests = sums.columns.get("requests", zero).tolist()
        nano = sums.columns.get("credits_nano", zero).tolist()
        rows = [
            (ident, int(layer), time, request, credit)
            for ident, time, request, credit in zip(ids, times, requests, nano, strict=True)
            if request or credit
        ]
        self._conn.executemany(statement("add_to_layer_hour"), rows)
        if sweep:
            self._conn.executemany(statement("sweep_layer_hour"), [row[:3] for row in rows])

    def note_first_seen(self, at: Ints, context: Ints, service: Ints) -> None:
        """Remember the earliest time of each key and model."""
        for kind, place, column, known in (
            (Kind.API_KEY, CONTEXT_KINDS.index(Kind.API_KEY), context, self._names.contexts),
            (Kind.MODEL, SERVICE_KINDS.index(Kind.MODEL), service, self._names.services),
        ):
            idents, code = distinct(column)
            earliest = np.full(len(idents), np.iinfo(np.int64).max)
            np.minimum.at(earliest, code, at)
            rows = [
                (int(kind), known[ident][place], time)
                for ident, time in zip(idents.tolist(), earliest.tolist(), strict=True)
                if self._names.seen_earlier(known[ident][place], time)
            ]
            self._conn.executemany(statement("note_first_seen"), rows)


def _regroup(grouped: Grouped, width: int, code: Ints, codes: int) -> Grouped:
    """Sum groups again by a coarser time and by another code of their codes."""
    return group(grouped.time, width, code[grouped.code], codes, grouped.columns)


def _levels(kind: Kind, grouped: Grouped, finest: int, codes: int) -> Iterator[tuple[int, Grouped]]:
    """The sums of one kind at each level that it is kept at, finest first."""
    same = np.arange(codes)
    for width in (MINUTE, HOUR, DAY):
        if width < finest or (width == MINUTE and kind not in MINUTE_KINDS):
            continue
        grouped = _regroup(grouped, width, same, codes)
        yield width, grouped
