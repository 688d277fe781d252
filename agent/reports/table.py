"""A report as a table: what `burndeck report NAME` prints and a screen can show."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

Cell = str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; `note` says what stretch of time it is about and what to know about it."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    finding: bool = False  # whether a row is something to act on
