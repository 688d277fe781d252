"""What burnt in a short stretch, by context and service: buckets where it is metered, else events."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from agent.domain.usage import Layer
from agent.ledger.kinds import Kind
from agent.reports.moment import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row

_CONTEXT_COLUMNS = {
    Kind.ACCOUNT: "account",
    Kind.API_KEY: "api_key",
    Kind.USER: "user",
    Kind.PROJECT: "project",
    Kind.ENVIRONMENT: "environment",
    Kind.TEAM: "team",
    Kind.DEPARTMENT: "department",
    Kind.BILLING_GROUP: "billing_group",
    Kind.COST_CENTER: "cost_center",
    Kind.OWNER: "owner",
}
_SERVICE_COLUMNS = {
    Kind.MODEL: "model",
    Kind.OPERATION: "operation",
    Kind.ENDPOINT: "endpoint",
    Kind.TIER: "tier",
}


@dataclass(slots=True)
class Cell:
    """Sums of one context and service over a stretch, in the order of the columns of `event_cells`.

    Counts of an ordinary window are means, so that they may be fractions; amounts stay integers.
    """

    context: int
    service: int
    requests: float = 0
    tokens_input: float = 0
    tokens_cached: float = 0
    tokens_output: float = 0
    quantity_micro: float = 0
    credits_nano: int = 0
    unpriced: float = 0
    errors: float = 0
    latency_ms: int = 0
    latency_count: int = 0
    estimated: bool = False  # a wider bucket was cut to the stretch by its share of time


Cells = dict[tuple[int, int], Cell]
Sums = dict[int, tuple[int, float, bool]]
"""Nano-credits, requests and whether estimated, by dim id."""

COUNTS = (
    "requests",
    "tokens_input",
    "tokens_cached",
    "tokens_output",
    "quantity_micro",
    "unpriced",
    "errors",
)
"""The columns beside nano-credits that an ordinary window has too."""

_UNITS = (
    "requests",
    "tokens_input",
    "tokens_cached",
    "tokens_output",
    "quantity_micro",
    "credits_nano",
    "unpriced",
)
_SEEN = ("errors", "latency_ms", "latency_count")


@dataclass(slots=True)
class Names:
    """Contexts, services and the names they point at, as far as they were needed."""

    contexts: dict[int, Row] = field(default_factory=dict)
    services: dict[int, Row] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)

    def catch_up(self, reader: LedgerReader) -> None:
        """Learn the contexts and services that are new."""
        for row in reader.rows("contexts_after", (max(self.contexts, default=0),)):
            self.contexts[row["id"]] = row
        for row in reader.rows("services_after", (max(self.services, default=0),)):
            self.services[row["id"]] = row

    def sums(self, kind: Kind, cells: Iterable[Cell]) -> Sums:
        """Nano-credits, requests and whether estimated, by dim id in one dimension."""
        sums: Sums = {}
        of_service = kind in _SERVICE_COLUMNS
        rows = self.services if of_service else self.contexts
        column = _SERVICE_COLUMNS.get(kind) or _CONTEXT_COLUMNS.get(kind)
        idents: dict[int, int] = {}  # a look-up in a row by name is slow, and many cells share one
        for cell in cells:
            place = cell.service if of_service else cell.context
            ident = idents.get(place, -1)
            if ident < 0:
                ident = idents[place] = rows[place][column] if column else 0
            credits_nano, requests, estimated = sums.get(ident, (0, 0, False))
            sums[ident] = (
                credits_nano + cell.credits_nano,
                requests + cell.requests,
                estimated or cell.estimated,
            )
        return sums

    def credits(self, kind: Kind, cells: Iterable[Cell]) -> dict[int, int]:
        """Nano-credits by dim id in one dimension."""
        return {ident: found[0] for ident, found in self.sums(kind, cells).items()}

    def requests(self, kind: Kind, cells: Iterable[Cell]) -> dict[int, float]:
        """Requests by dim id in one dimension."""
        return {ident: found[1] for ident, found in self.sums(kind, cells).items()}

    def contexts_with(self, kind: Kind, ident: int) -> list[int]:
        """The contexts that have this id in a dimension."""
        column = _CONTEXT_COLUMNS[kind]
        return [context for context, row in self.contexts.items() if row[column] == ident]

    def services_with(self, kind: Kind, ident: int) -> list[int]:
        """The services that have this id in a dimension."""
        column = _SERVICE_COLUMNS[kind]
        return [service for service, row in self.services.items() if row[column] == ident]

    def learn(self, reader: LedgerReader, idents: Iterable[int]) -> None:
        """Read the names of ids that are not known yet."""
        missing = sorted(set(idents) - self._names.keys())
        if missing:
            for row in reader.rows("dim_names", {"ids": missing}):
                self._names[row["id"]] = row["value"]

    def name(self, ident: int) -> str:
        """A name that was learnt; '' for the whole."""
        return self._names.get(ident, "")

    def service_name(self, reader: LedgerReader, kind: Kind, cell: Cell) -> str:
        """The name of what a cell called in one dimension, learnt when needed."""
        ident = self.services[cell.service][_SERVICE_COLUMNS[kind]]
        if ident not in self._names:
            self.learn(reader, [ident])
        return self.name(ident)


# Names are never changed or removed, so that a reader learns each of them once.
_OF_READER: WeakKeyDictionary[LedgerReader, Names] = WeakKeyDictionary()


def read_names(reader: LedgerReader) -> Names:
    """Every context and service of the ledger."""
    names = _OF_READER.setdefault(reader, Names())
    names.catch_up(reader)
    return names


def is_service(kind: Kind) -> bool:
    """Whether a dimension says what was called, not who called."""
    return kind in _SERVICE_COLUMNS


def read_cells(
    reader: LedgerReader, names: Names, start: int, end: int, contexts: list[int] | None = None
) -> Cells:
    """Effective sums of [start, end), whole minutes; `contexts` keeps only those."""
    cells: Cells = {}
    metered = _metered(reader, start, end)
    for first, last in _between(start, end, metered):
        covered = {account for account, spans in metered.items() if _holds(spans, first)}
        _add_events(cells, names, _events(reader, first, last, contexts), covered)
    if metered:
        _add_buckets(cells, reader, list(metered), start, end, None if contexts is None else set(contexts))
    return cells


Spans = list[tuple[int, int]]


def _metered(reader: LedgerReader, start: int, end: int) -> dict[int, Spans]:
    """By account the metered stretches that touch [start, end)."""
    found: dict[int, Spans] = {}
    for row in reader.rows("coverage_within", {"start": start, "end": end}):
        if row["layer"] == Layer.METERED:
            found.setdefault(row["account"], []).append((row["start"], row["end"]))
    return found


def _between(start: int, end: int, metered: dict[int, Spans]) -> list[tuple[int, int]]:
    """[start, end) cut wherever coverage of any account begins or ends."""
    edges = {start, end}
    for spans in metered.values():
        edges |= {edge for span in spans for edge in span if start < edge < end}
    cuts = sorted(edges)
    return list(itertools.pairwise(cuts))


def _holds(spans: Spans, at: int) -> bool:
    return any(start <= at < end for start, end in spans)


def _events(reader: LedgerReader, start: int, end: int, contexts: list[int] | None) -> list[Row]:
    if contexts is None:
        return reader.rows("event_cells", {"start": start, "end": end})
    return reader.rows("event_cells_in", {"start": start, "end": end, "contexts": contexts})


def _add_events(cells: Cells, names: Names, rows: list[Row], covered: set[int]) -> None:
    """Add events; where their account is metered they tell only what buckets cannot know."""
    for row in rows:
        metered = bool(covered) and names.contexts[row["context"]]["account"] in covered
        if metered and not row["errors"] and not row["latency_count"]:
            continue
        key = (row["context"], row["service"])
        if not metered and key not in cells:
            cells[key] = Cell(*row)
            continue
        cell = _cell(cells, *key)
        for name in _SEEN if metered else (*_UNITS, *_SEEN):
            setattr(cell, name, getattr(cell, name) + row[name])


def _add_buckets(
    cells: Cells, reader: LedgerReader, accounts: list[int], start: int, end: int, contexts: set[int] | None
) -> None:
    starts = sorted({*range(start, end, MINUTE), *_floors(start, end, HOUR), *_floors(start, end, DAY)})
    asked: dict[str, object] = {"accounts": accounts, "starts": starts, "start": start, "end": end}
    for row in reader.rows("whole_bucket_cells", asked):
        if contexts is None or row["context"] in contexts:
            cell = _cell(cells, row["context"], row["service"])
            for name in _UNITS:
                setattr(cell, name, getattr(cell, name) + row[name])
    for row in reader.rows("cut_buckets", asked):
        if contexts is None or row["context"] in contexts:
            _add_share(_cell(cells, row["context"], row["service"]), row, start, end)


def _floors(start: int, end: int, width: int) -> range:
    """Starts of the buckets of a width that touch [start, end)."""
    return range(start // width * width, end, width)


def _add_share(cell: Cell, row: Row, start: int, end: int) -> None:
    """Add the part of a bucket that its share of time gives to [start, end)."""
    width = int(row["width"])
    overlap = min(end, int(row["start"]) + width) - max(start, int(row["start"]))

    def cut(amount: int) -> int:
        return (2 * amount * overlap + width) // (2 * width)

    cell.estimated = True
    for name in _UNITS[:5]:
        setattr(cell, name, getattr(cell, name) + cut(row[name]))
    if row["credits_nano"] is None:
        cell.unpriced += cut(row["requests"])
    else:
        cell.credits_nano += cut(row["credits_nano"])


def _cell(cells: Cells, context: int, service: int) -> Cell:
    found = cells.get((context, service))
    if found is None:
        found = cells[context, service] = Cell(context, service)
    return found
