"""Tables and amounts as plain text, for people who read a command's output."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

UNATTRIBUTED = "(unattributed)"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> str:
    """Columns aligned under their names; those whose place is in `right` to the right."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(line[place]) for line in [list(columns), *texts]) for place in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(aligned).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, texts)])


def amount(value: Decimal | None, digits: int | None = None) -> str:
    """`12,345.6`, with as many decimals as the size asks for; `-` where nothing is known."""
    if value is None:
        return "-"
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    return f"{value:,.{digits}f}"


def percent(share: Decimal | None, *, sign: bool = False) -> str:
    """`24.0 %`, or with its sign for a change; `-` where nothing is known."""
    if share is None:
        return "-"
    return f"{share * 100:+,.0f} %" if sign else f"{share * 100:,.1f} %"


def when(at: int | None) -> str:
    """`2026-11-18 10:05:00Z`; `-` for never."""
    if at is None:
        return "-"
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def named(value: str) -> str:
    """A name, or a word for none."""
    return value or UNATTRIBUTED
