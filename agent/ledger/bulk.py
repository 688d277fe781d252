"""Many rows through one-row statements, several at a time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, islice

import numpy as np

from agent.ledger.cells import Ints
from agent.ledger.sql import statement

# A row costs 40 % less in statements of this many; 15 columns each stay below 999, the old limit of values.
_ROWS = 60
_VALUES = re.compile(r"VALUES \(([?, ]+)\)")

_HOT = 40 * _ROWS
"""Rows whose values exist as Python objects at a time: few enough to stay in the processor's cache."""

Column = Ints | Iterable[object] | int | None
"""A value a row (endless is fine), or the number or NULL that all rows share, which costs next to nothing."""


def insert(conn: sqlite3.Connection, name: str, count: int, *columns: Column) -> None:
    """Run the named one-row INSERT for `count` rows, given as columns; one at least holds a value a row."""
    literals = tuple("NULL" if c is None else str(c) if isinstance(c, int) else "?" for c in columns)
    one, many = _statements(name, literals)
    varying = [_values(c) for c in columns if c is not None and not isinstance(c, int)]
    rows = islice(zip(*varying, strict=False), count)
    values = chain.from_iterable(islice(rows, count - count % _ROWS))
    conn.executemany(many, zip(*[values] * (len(varying) * _ROWS), strict=False))
    conn.executemany(one, rows)


def _values(column: Ints | Iterable[object]) -> Iterable[object]:
    if isinstance(column, np.ndarray):
        return chain.from_iterable(
            column[first : first + _HOT].tolist() for first in range(0, len(column), _HOT)
        )
    return column


@lru_cache(maxsize=256)
def _statements(name: str, values: tuple[str, ...]) -> tuple[str, str]:
    """The named INSERT for one row and for `_ROWS`, with `?` or a literal for each value."""
    row = f"({', '.join(values)})"
    one, found = _VALUES.subn(f"VALUES {row}", statement(name))
    if found != 1:
        raise ValueError(f"{name} is no one-row INSERT")
    return one, _VALUES.sub("VALUES " + ", ".join([row] * _ROWS), statement(name))
