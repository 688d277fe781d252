"""Corrections of known requests: a batch export replaces the units that a stream event brought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent.ledger.amounts import UNITS, columns_of, experience
from agent.ledger.cells import Columns, Ints
from agent.ledger.identity import StoredId
from agent.ledger.names import Names


@dataclass(slots=True)
class StoredEvent:
    """What the ledger holds of a known request. `amounts`: service, units, credits or None."""

    at: int
    context: int
    request_id: StoredId
    latency_ms: int | None
    error: int | None
    amounts: tuple[int | None, ...]


class Corrections:
    """Old amounts to take away and new ones to add."""

    def __init__(self) -> None:
        self.at: list[int] = []
        self._context: list[int] = []
        self._latency: list[int] = []
        self._failed: list[bool] = []
        self._sign: list[int] = []
        self._amounts: list[tuple[int | None, ...]] = []
        self._final: dict[int, tuple[int | None, ...]] = {}

    def note(self, event: int, held: StoredEvent, amounts: tuple[int | None, ...]) -> None:
        """Take the amounts of a stored event away and add others."""
        self.at += (held.at, held.at)
        self._context += (held.context, held.context)
        # Another service takes the request's errors and latency along.
        self._latency += (-1 if held.latency_ms is None else held.latency_ms,) * 2
        self._failed += (held.error is not None,) * 2
        self._sign += (-1, 1)
        self._amounts += (held.amounts, amounts)
        self._final[event] = amounts

    def updates(self) -> list[tuple[int | None, ...]]:
        """Parameters of `correct_event`, one row an event."""
        return [(*amounts, event) for event, amounts in self._final.items()]

    def cells(self, names: Names) -> tuple[Ints, Ints, Ints, Columns]:
        """Time, context, service and signed columns of all that moves."""
        sign = np.array(self._sign, np.int64)
        service = np.array([amounts[0] for amounts in self._amounts], np.int64)
        units = {
            name: np.array([amounts[1 + place] for amounts in self._amounts], np.int64) * sign
            for place, name in enumerate(UNITS)
        }
        priced = np.array([amounts[-1] is not None for amounts in self._amounts], np.bool_)
        credits_nano = np.array([amounts[-1] or 0 for amounts in self._amounts], np.int64) * sign
        columns = columns_of(names, service, sign, units, credits_nano, priced)
        columns |= experience(sign, np.array(self._latency, np.int64), np.array(self._failed, np.bool_))
        return np.array(self.at, np.int64), np.array(self._context, np.int64), service, columns


def describe(names: Names, before: tuple[int | None, ...], after: tuple[int | None, ...]) -> str:
    """What differs between two tuples of amounts, in words."""
    changes = [
        f"{name} {'unpriced' if old is None else old} -> {'unpriced' if new is None else new}"
        for name, old, new in zip((*UNITS, "credits_nano"), before[1:], after[1:], strict=True)
        if old != new
    ]
    if before[0] != after[0]:
        changes.insert(0, f"service {names.service_words(before[0])} -> {names.service_words(after[0])}")
    return ", ".join(changes)
