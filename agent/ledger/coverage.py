"""Which layer covers which stretch of each account, as one transaction sees and extends it."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from agent.domain.usage import Layer
from agent.ledger.cells import Ints, distinct
from agent.ledger.sql import statement
from agent.ledger.stretches import Stretches


class Coverage:
    """Coverage of the accounts that one transaction touches; read on first use, written by `extend`."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._known: dict[tuple[int, Layer], Stretches] = {}

    def of(self, account: int, layer: Layer) -> Stretches:
        """The stretches of an account (dim id) that a layer covers."""
        key = (account, layer)
        if key not in self._known:
            rows = self._conn.execute(statement("coverage_of"), (account, int(layer)))
            self._known[key] = Stretches(rows)
        return self._known[key]

    def extend(self, account: int, layer: Layer, start: int, end: int) -> None:
        """Let a layer cover [start, end) too."""
        before = self.of(account, layer)
        after = before.with_stretch(start, end)
        if after == before:
            return
        merged = next(pair for pair in after.pairs if pair[0] <= start and end <= pair[1])
        self._conn.execute(statement("drop_coverage"), (account, int(layer), *merged))
        self._conn.execute(statement("add_coverage"), (account, int(layer), *merged))
        self._known[account, layer] = after

    def mask(self, layer: Layer, account: Ints, at: Ints) -> NDArray[np.bool_]:
        """For each row (account dim id, time): whether a layer covers it."""
        covered = np.zeros(len(at), np.bool_)
        idents, place = distinct(account)
        for number, ident in enumerate(idents.tolist()):
            stretches = self.of(ident, layer)
            if stretches:
                mine = place == number
                covered[mine] = stretches.covers_each(at[mine])
        return covered
