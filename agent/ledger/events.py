"""Writing events: known requests are told from new ones, new ones stored, rollups moved. One transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from agent.domain.usage import Layer
from agent.errors import LedgerError
from agent.ledger import state
from agent.ledger.amounts import (
    UNITS,
    accounts_of,
    columns_of,
    experience,
    keep_billed_days,
    keep_effective_events,
)
from agent.ledger.bulk import Column, insert
from agent.ledger.cells import Columns, Ints, distinct, total
from agent.ledger.corrections import Corrections, StoredEvent, describe
from agent.ledger.coverage import Coverage
from agent.ledger.identity import RequestIds, StoredId
from agent.ledger.kinds import Kind
from agent.ledger.label_changes import Audit, LabelChanges
from agent.ledger.names import Names
from agent.ledger.requests import KnownRequests
from agent.ledger.rollups import Cells, Rollups
from agent.ledger.rows import EventBatch, WriteResult
from agent.ledger.sql import statement


@dataclass(slots=True)
class Interned:
    """A batch with names as numbers; one entry an event."""

    batch: EventBatch
    ids: RequestIds
    context: Ints  # context.id
    service: Ints  # service.id


class EventWriter:
    """Writes batches inside one transaction after another."""

    def __init__(self, conn: sqlite3.Connection, names: Names, known: KnownRequests, audit: Audit) -> None:
        self._conn = conn
        self._names = names
        self._known = known
        self._audit = audit

    def write(self, batch: EventBatch, ids: RequestIds, *, correct: bool) -> WriteResult:
        """Write one batch; see `LedgerWriter.write_events`. Findings bear the time of their event."""
        _refuse_overflow(batch)
        self._known.catch_up(self._conn)
        rows = self._intern(batch, ids)
        order = np.argsort(ids.hashes, kind="stable")
        repeats = _repeats(ids, order)
        stored = self._stored_events(rows, order)
        known = np.zeros(len(batch), np.bool_)
        known[list(stored)] = True
        known[list(repeats)] = True
        new = np.flatnonzero(~known)
        first_id = self._insert(rows, new)
        self._known_from_now(rows, order[~known[order]], new, first_id)
        result = self._roll_up(rows, new)
        if known.any():
            event_of = {place: event for place, (event, _) in stored.items()}
            event_of |= {int(place): first_id + number for number, place in enumerate(new.tolist())}
            judged = {
                place: event_of.get(place) or event_of[repeats[place]]
                for place in np.flatnonzero(known).tolist()
            }
            result += self._judge(rows, judged, dict(stored.values()), correct=correct)
        return result

    def _intern(self, batch: EventBatch, ids: RequestIds) -> Interned:
        used, context = distinct(batch.context)
        contexts = [self._names.context(self._conn, batch.dimensions[each]) for each in used.tolist()]
        used, service = distinct(batch.service)
        services = [self._names.service(self._conn, batch.services[each]) for each in used.tolist()]
        return Interned(
            batch, ids, np.array(contexts, np.int64)[context], np.array(services, np.int64)[service]
        )

    def _stored_events(self, rows: Interned, order: Ints) -> dict[int, tuple[int, StoredEvent]]:
        """By place in the batch: event id and content of each request that the ledger holds already."""
        hashes = rows.ids.hashes[order]
        suspect = self._known.suspects(hashes)
        if not suspect.any():
            return {}
        hashes, places = hashes[suspect], order[suspect]
        at = rows.batch.at[places]
        found: dict[int, tuple[int, StoredEvent]] = {}
        for hits, events in self._known.find(self._conn, hashes, int(at.min()), int(at.max())):
            candidates = self._events_by_id(np.unique(events).tolist())
            for place, event in zip(places[hits].tolist(), events.tolist(), strict=True):
                if candidates[event].request_id == rows.ids.stored[place]:
                    found[place] = (event, candidates[event])
            if len(found) == len(places):
                break
        return found

    def _events_by_id(self, idents: list[int]) -> dict[int, StoredEvent]:
        rows = self._conn.execute(statement("events_by_id"), (json.dumps(idents),))
        return {
            ident: StoredEvent(at, context, request_id, latency, error, tuple(amounts))
            for ident, request_id, at, context, latency, error, *amounts in rows
        }

    def _insert(self, rows: Interned, new: Ints) -> int:
        """Store the new events; their ids run from the returned one on, in the order of the batch."""
        (newest,) = self._conn.execute(statement("newest_event")).fetchone()
        batch = rows.batch
        everything = len(new) == len(batch)
        places = range(len(batch)) if everything else new.tolist()
        units = (getattr(batch, name)[new] for name in UNITS)
        insert(
            self._conn,
            "add_event",
            len(new),
            count(newest + 1),
            batch.at[new],
            _quick_to_bind(rows.ids.stored if everything else [rows.ids.stored[place] for place in places]),
            rows.context[new],
            rows.service[new],
            *(column if column.any() else 0 for column in units),
            _or_none(batch.credits_nano[new], batch.priced[new]),
            _or_none(batch.latency_ms[new], batch.latency_ms[new] >= 0),
            self._errors(batch.error_code if everything else [batch.error_code[place] for place in places]),
        )
        return int(newest) + 1

    def _errors(self, codes: list[str | None]) -> Column:
        if codes.count(None) == len(codes):
            return None
        ids: dict[str | None, int | None] = {
            code: None if code is None else self._names.dim(self._conn, Kind.ERROR, code)
            for code in set(codes)
        }
        return [ids[code] for code in codes]

    def _known_from_now(self, rows: Interned, by_hash: Ints, new: Ints, first_id: int) -> None:
        if not len(new):
            return
        number = np.empty(len(rows.batch), np.int64)
        number[new] = np.arange(first_id, first_id + len(new))
        at = rows.batch.at[new]
        self._known.add(self._conn, rows.ids.hashes[by_hash], number[by_hash], int(at.min()), int(at.max()))

    def _roll_up(self, rows: Interned, new: Ints) -> WriteResult:
        if not len(new):
            return WriteResult(0, 0)
        batch = rows.batch
        at, context, service, priced = batch.at[new], rows.context[new], rows.service[new], batch.priced[new]
        units = {name: getattr(batch, name)[new] for name in UNITS}
        ones = np.ones(len(new), np.int64)
        columns = columns_of(self._names, service, ones, units, batch.credits_nano[new], priced)
        failed = _there(batch.error_code)[new]
        columns |= experience(ones, batch.latency_ms[new], failed)
        sums = {
            name: int(total(np.zeros_like(at), columns[name], 1)[0])
            for name in ("credits_nano", "unpriced", *UNITS)
        }
        self._move(at, context, service, columns, sweep=False)
        sums.pop("quantity_micro")
        return WriteResult(accepted=len(new), duplicates=0, **sums)

    def _move(self, at: Ints, context: Ints, service: Ints, columns: Columns, *, sweep: bool) -> None:
        """Move the estimated layer and the rollups by signed amounts of events."""
        rollups, coverage = Rollups(self._conn, self._names), Coverage(self._conn)
        account = accounts_of(self._names, context)
        rollups.add_layer(Layer.ESTIMATED, account, at, columns, sweep=sweep)
        rollups.note_first_seen(at, context, service)
        cells = Cells(1, at, context, service, columns)
        keep_effective_events(cells, account, coverage)
        keep_billed_days(cells, account, coverage)
        rollups.add(cells, sweep=sweep)

    def _judge(
        self, rows: Interned, events: dict[int, int], stored: dict[int, StoredEvent], *, correct: bool
    ) -> WriteResult:
        """Settle rows of known requests, in the order of the batch: refuse, correct or drop each."""
        missing = sorted(set(events.values()) - stored.keys())
        if missing:
            stored |= self._events_by_id(missing)
        changes = LabelChanges(self._names)
        corrections = Corrections()
        findings: list[tuple[str, str, str, int]] = []
        for place, event in events.items():
            held = stored[event]
            subject = rows.batch.request_id[place]
            change = ""
            if int(rows.context[place]) != held.context:
                change = self._names.label_change(held.context, int(rows.context[place]))
            if change:
                changes.note(subject, change, int(rows.context[place]), held)
                findings.append(changes.finding)
            elif correct and (amounts := _amounts(rows, place)) != held.amounts:
                findings.append(("corrected", subject, describe(self._names, held.amounts, amounts), held.at))
                corrections.note(event, held, amounts)
                held.amounts = amounts
        if corrections.at:
            self._conn.executemany(statement("correct_event"), corrections.updates())
            self._move(*corrections.cells(self._names), sweep=True)
        changes.audit(self._conn, self._audit)
        state.add_findings(self._conn, findings)
        return WriteResult(0, len(events) - len(changes), len(changes), len(corrections.at) // 2)


def _refuse_overflow(batch: EventBatch) -> None:
    """Sums in 64 bits stay exact when all of them together do: amounts of new events are never negative."""
    if max(float(column.sum(dtype=float)) for column in (batch.credits_nano, batch.quantity_micro)) >= 2**63:
        raise LedgerError(
            "a sum would exceed 9.2 billion credits or 9.2 trillion units; nothing of this batch was written",
            hint="look for rows with absurd amounts, or for a wrong price",
        )


def _repeats(ids: RequestIds, order: Ints) -> dict[int, int]:
    """Places of ids that stand in the batch already, with the place where each stands first."""
    hashes = ids.hashes[order]
    same = hashes[1:] == hashes[:-1]
    if not same.any():
        return {}
    suspect = np.zeros(len(order), np.bool_)
    suspect[1:] |= same
    suspect[:-1] |= same
    first: dict[StoredId, int] = {}
    repeats = {}
    for place in np.sort(order[suspect]).tolist():
        earlier = first.setdefault(ids.stored[place], place)
        if earlier != place:
            repeats[place] = earlier
    return repeats


def _there(values: list[str | None]) -> NDArray[np.bool_]:
    """Which values are not None. Mostly all or hardly any are, and counting costs next to nothing."""
    if values.count(None) == len(values):
        return np.zeros(len(values), np.bool_)
    return np.array([value is not None for value in values], np.bool_)


def _quick_to_bind(ids: list[StoredId]) -> Iterator[bytearray | str]:
    """The ids as sqlite3 binds them at once: for `bytes` it looks for an adapter first, row by row."""
    return (bytearray(ident) if isinstance(ident, bytes) else ident for ident in ids)


def _or_none(values: Ints, there: NDArray[np.bool_]) -> Column:
    if there.all():
        return values
    if not there.any():
        return None
    return [value if known else None for value, known in zip(values.tolist(), there.tolist(), strict=True)]


def _amounts(rows: Interned, place: int) -> tuple[int | None, ...]:
    batch = rows.batch
    units = (int(getattr(batch, name)[place]) for name in UNITS)
    return (int(rows.service[place]), *units, int(batch.credits_nano[place]) if batch.priced[place] else None)
