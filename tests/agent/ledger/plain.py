"""The ledger's rules once more, as slow and plain as they can be said: what property tests compare with."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.domain.usage import Dimensions, Layer, Operation, Service
from agent.ledger.kinds import MINUTE_KINDS, ROLLUP_KINDS, Kind
from agent.ledger.rollups import MEASURES
from agent.ledger.rows import BucketRow, CostRow

Level = dict[tuple[str, int, object], tuple[int, ...]]  # (kind, bucket, name or (team, model)) -> MEASURES
WIDTHS = {"roll_minute": 60, "roll_hour": 3600, "roll_day": 86400}


@dataclass(frozen=True, slots=True)
class Event:
    """One row of an event batch."""

    request_id: str
    at: int
    dimensions: Dimensions
    service: Service
    tokens_input: int = 10
    tokens_cached: int = 0
    tokens_output: int = 5
    quantity_micro: int = 0
    credits_nano: int | None = 100
    latency_ms: int = -1
    error_code: str | None = None


@dataclass
class PlainLedger:
    """Everything kept as rows in dictionaries; totals are counted from scratch each time."""

    events: dict[str, Event] = field(default_factory=dict)
    buckets: dict[tuple[str, str, int, Dimensions, Service], BucketRow] = field(default_factory=dict)
    costs: dict[tuple[int, Dimensions, Service, str], CostRow] = field(default_factory=dict)
    metered: set[tuple[str, int]] = field(default_factory=set)  # account, minute
    billed: set[tuple[str, int]] = field(default_factory=set)  # account, day
    refused: int = 0

    def write_events(self, rows: Iterable[Event], *, correct: bool) -> None:
        for row in rows:
            known = self.events.get(row.request_id)
            if known is None:
                self.events[row.request_id] = row
            elif any(
                getattr(known.dimensions, label) != getattr(row.dimensions, label)
                and getattr(row.dimensions, label)
                for label in ("team", "cost_center", "project", "environment")
                if getattr(known.dimensions, label)
            ):
                self.refused += 1
            elif correct:
                self.events[row.request_id] = replace(
                    row,
                    at=known.at,
                    dimensions=known.dimensions,
                    latency_ms=known.latency_ms,
                    error_code=known.error_code,
                )

    def write_usage_window(
        self, account: str, start: int, end: int, buckets: Mapping[str, Sequence[BucketRow]], *, covered: bool
    ) -> None:
        mine = {key: row for key, row in self.buckets.items() if key[0] == account and key[1] in buckets}
        for row in mine.values():
            inside = start <= row.start and row.start + row.width <= end
            if row.start < end and row.start + row.width > start and not inside:
                raise ValueError("cuts a bucket")
        for key, row in mine.items():
            if start <= row.start < end:
                del self.buckets[key]
        for kind, rows in buckets.items():
            for row in rows:
                key = (account, kind, row.start, row.dimensions, row.service)
                before = self.buckets.get(key)
                self.buckets[key] = row if before is None else _sum_of(before, row)
        if covered:
            self.metered |= {(account, minute) for minute in range(start, end, 60)}

    def write_costs(
        self, account: str, start: int, end: int, rows: Sequence[CostRow], *, final_before: int
    ) -> None:
        for key in [key for key in self.costs if key[1].account == account and start <= key[0] < end]:
            del self.costs[key]
        for row in rows:
            key = (row.day, row.dimensions, row.service, row.line_item)
            before = self.costs.get(key)
            self.costs[key] = (
                row if before is None else replace(row, credits_nano=row.credits_nano + before.credits_nano)
            )
        self.billed |= {(account, day) for day in range(start, end, 86400) if day + 86400 <= final_before}

    def rollup(self, width: int) -> Level:
        """The rollup level of that width, counted from scratch."""
        level: defaultdict[tuple[str, int, object], Counter[str]] = defaultdict(Counter)
        for at, row_width, dimensions, service, amounts in self._effective(width):
            if row_width <= width:
                for kind in MINUTE_KINDS if width == 60 else ROLLUP_KINDS:
                    level[kind.name, at // width * width, _name(kind, dimensions, service)].update(amounts)
        rows = {key: tuple(amounts[name] for name in MEASURES) for key, amounts in level.items()}
        return {key: row for key, row in rows.items() if any(row)}

    def layers(self) -> dict[tuple[str, int, int], tuple[int, int]]:
        """What each layer alone says by account, layer and hour: requests, credits."""
        found: defaultdict[tuple[str, int, int], list[int]] = defaultdict(lambda: [0, 0])
        rows = [
            (event.dimensions.account, 1, event.at, 1, event.credits_nano) for event in self.events.values()
        ]
        rows += [(key[0], 2, row.start, row.requests, row.credits_nano) for key, row in self.buckets.items()]
        rows += [(row.dimensions.account, 3, row.day, 0, row.credits_nano) for row in self.costs.values()]
        for account, layer, at, requests, nano in rows:
            found[account, layer, at // 3600 * 3600][0] += requests
            found[account, layer, at // 3600 * 3600][1] += nano or 0
        return {key: (row[0], row[1]) for key, row in found.items() if any(row)}

    def _effective(self, width: int) -> Iterable[tuple[int, int, Dimensions, Service, dict[str, int]]]:
        by_day = width == 86400
        for event in self.events.values():
            account, minute = event.dimensions.account, event.at // 60 * 60
            seen = {
                "errors": int(event.error_code is not None),
                "latency_ms": max(event.latency_ms, 0),
                "latency_count": int(event.latency_ms >= 0),
            }
            if (account, minute) not in self.metered:
                seen |= _amounts(
                    event, 1, not by_day or (account, event.at // 86400 * 86400) not in self.billed
                )
            yield event.at, 1, event.dimensions, event.service, seen
        for (account, _, start, dimensions, service), row in self.buckets.items():
            if (account, start) in self.metered:
                amounts = _amounts(
                    row, row.requests, not by_day or (account, start // 86400 * 86400) not in self.billed
                )
                yield start, row.width, dimensions, service, amounts
        for cost in self.costs.values():
            if (cost.dimensions.account, cost.day) in self.billed and by_day:
                amounts = {"credits_nano": cost.credits_nano}
                if cost.service.operation == Operation.COMPLETION:
                    amounts["completion_credits_nano"] = cost.credits_nano
                yield cost.day, 86400, cost.dimensions, cost.service, amounts


def assert_equal(path: Path, plain: PlainLedger) -> None:
    """Every rollup, layer and row count of the ledger file is what the plain ledger counts."""
    conn = sqlite3.connect(path)
    try:
        for table, width in WIDTHS.items():
            assert _stored_level(conn, table) == plain.rollup(width), table
        layers = conn.execute(
            "SELECT d.value, l.layer, l.bucket, l.requests, l.credits_nano "
            "FROM layer_hour l JOIN dim d ON d.id = l.account"
        )
        assert {row[:3]: row[3:] for row in layers} == plain.layers()
        counts = [
            conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("event", "bucket", "cost")
        ]
        assert counts == [len(plain.events), len(plain.buckets), len(plain.costs)]
        for layer, covered, width in (
            (Layer.METERED, plain.metered, 60),
            (Layer.BILLED, plain.billed, 86400),
        ):
            rows = conn.execute(
                'SELECT d.value, c.start, c."end" FROM coverage c '
                "JOIN dim d ON d.id = c.account WHERE c.layer = ?",
                (layer,),
            )
            assert {
                (account, at) for account, start, end in rows for at in range(start, end, width)
            } == covered
    finally:
        conn.close()


def _stored_level(conn: sqlite3.Connection, table: str) -> Level:
    columns = ", ".join(MEASURES)
    names = dict(conn.execute("SELECT id, value FROM dim"))
    pairs = {
        ident: (names[team], names[model]) for ident, team, model in conn.execute("SELECT * FROM team_model")
    }
    found: Level = {}
    for kind, bucket, ident, *measures in conn.execute(f"SELECT kind, bucket, id, {columns} FROM {table}"):
        name = "" if kind == Kind.TOTAL else pairs[ident] if kind == Kind.TEAM_MODEL else names[ident]
        found[Kind(kind).name, bucket, name] = tuple(measures)
    return found


def _name(kind: Kind, dimensions: Dimensions, service: Service) -> object:
    match kind:
        case Kind.TOTAL:
            return ""
        case Kind.TEAM_MODEL:
            return (dimensions.team, service.model)
        case Kind.MODEL | Kind.OPERATION | Kind.ENDPOINT:
            return str(getattr(service, kind.name.lower()))
        case _:
            return getattr(dimensions, kind.name.lower())


def _amounts(row: Event | BucketRow, requests: int, credits_count: bool) -> dict[str, int]:
    completion = row.service.operation == Operation.COMPLETION
    nano = (row.credits_nano or 0) if credits_count else 0
    return {
        "requests": requests,
        "tokens_input": row.tokens_input,
        "tokens_cached": row.tokens_cached,
        "tokens_output": row.tokens_output,
        "quantity_micro": row.quantity_micro,
        "credits_nano": nano,
        "unpriced": requests if row.credits_nano is None else 0,
        "completions": requests if completion else 0,
        "completion_credits_nano": nano if completion else 0,
    }


def _sum_of(one: BucketRow, other: BucketRow) -> BucketRow:
    if one.width != other.width:
        raise ValueError("widths differ")
    unpriced = one.credits_nano is None or other.credits_nano is None
    return replace(
        one,
        requests=one.requests + other.requests,
        tokens_input=one.tokens_input + other.tokens_input,
        tokens_cached=one.tokens_cached + other.tokens_cached,
        tokens_output=one.tokens_output + other.tokens_output,
        quantity_micro=one.quantity_micro + other.quantity_micro,
        credits_nano=None if unpriced else (one.credits_nano or 0) + (other.credits_nano or 0),
    )
