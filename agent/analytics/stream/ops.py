"""The few operations that the detector's arithmetic is made of: over a column of series, or for one number.

The arithmetic is written once, against these names. numpy serves thousands of series at a time; for a single
series plain floats are twenty times faster than arrays of length one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Column = Any
"""A float or bool for each series: an array, or a single one."""
One = Callable[[Column], Column]
Two = Callable[[Column, Column], Column]


@dataclass(frozen=True, slots=True)
class Ops:
    """What both kinds of numbers can do beside adding and comparing."""

    where: Callable[[Column, Column, Column], Column]
    maximum: Two
    minimum: Two
    exp: One
    log: One
    sqrt: One
    isnan: One
    negate: One
    whole: One  # rounded down, as an index
    pick: Two  # from a table, each series' entry in its row
    put: Callable[[Any, Column, Column], None]  # changes that entry


def _put_column(table: Any, row: Column, entry: Column) -> None:
    table[row, np.arange(table.shape[1])] = entry


def _put_one(table: Any, row: Column, entry: Column) -> None:
    table[row] = entry


ARRAYS = Ops(
    where=np.where,
    maximum=np.maximum,
    minimum=np.minimum,
    exp=np.exp,
    log=np.log,
    sqrt=np.sqrt,
    isnan=np.isnan,
    negate=np.logical_not,
    whole=lambda column: np.floor(column).astype(np.int64),
    pick=lambda table, row: table[row, np.arange(table.shape[1])],
    put=_put_column,
)
SCALARS = Ops(
    where=lambda condition, then, otherwise: then if condition else otherwise,
    maximum=lambda first, second: first if first >= second else second,
    minimum=lambda first, second: first if first <= second else second,
    exp=math.exp,
    log=math.log,
    sqrt=math.sqrt,
    isnan=math.isnan,
    negate=lambda flag: not flag,
    whole=math.floor,
    pick=lambda table, row: table[row],
    put=_put_one,
)
