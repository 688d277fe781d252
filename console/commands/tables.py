"""Tables and amounts as plain text, for people who read a command's output."""

from __future__ import annotations

import datetime
import shutil
import sys
import textwrap
from collections.abc import Sequence
from decimal import Decimal

UNATTRIBUTED = "(unattributed)"
_LEAST = 30  # characters that the last column keeps on the narrowest terminal


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[int] = (),
    most: int | None = None,
) -> str:
    """Columns aligned under their names; those whose place is in `right` to the right.

    With `most`, the last column is cut between words so that a line has no more characters than that.
    """
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if most is not None:
        places = range(len(columns) - 1)
        before = sum(max(len(line[place]) for line in [list(columns), *texts]) + 2 for place in places)
        texts = [[*line[:-1], shortened(line[-1], max(most - before, _LEAST))] for line in texts]
    widths = [max(len(line[place]) for line in [list(columns), *texts]) for place in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(aligned).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, texts)])


def terminal_width() -> int | None:
    """Characters in a line of the terminal; None where standard output goes elsewhere, and is not cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shortened(text: str, most: int) -> str:
    """The first words that fit; a single word that does not is cut."""
    if len(text) <= most:
        return text
    cut = textwrap.shorten(text, most, placeholder=" ...")
    return cut if cut.strip() != "..." else text[: most - 3] + "..."


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
