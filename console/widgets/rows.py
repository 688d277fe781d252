"""What a table shows, and the arithmetic of showing it: fitting columns, sorting, filtering. No Textual."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.cells import cell_len

from console.widgets.ink import Span, Tone, clip_middle, clip_words, left, right
from console.widgets.sparkline import sparkline

BRIEF_BELOW = 80
"""In a narrower column, what has a brief wording is said by it: one column keeps to one way of wording."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A wording for narrow columns: `start` may be cut, `end` (mostly the figure) stays."""

    start: str
    end: str
    if_cut: bool = False  # only where the whole wording would be cut

    def shown(self, width: int) -> str:
        """The wording in at most `width` cells."""
        room = width - cell_len(self.end)
        return clip_middle(self.start, room) + self.end if room > 0 else clip_words(self.end, width)


@dataclass(frozen=True, slots=True)
class Cell:
    """Text in a tone, and the value that the column sorts by (None sorts last)."""

    text: str
    sort: Any = None
    tone: Tone = Tone.PLAIN
    series: tuple[float | None, ...] = ()  # drawn as a sparkline over the column, in place of the text
    prose: bool = False  # a sentence: cut between words, not inside
    brief: Brief | None = None

    def shown(self, width: int, *, at_right: bool) -> str:
        """The cell in exactly `width` terminal cells."""
        if self.series:
            return sparkline(self.series, width)
        brief = self.brief
        if brief is not None and width < (cell_len(self.text) if brief.if_cut else BRIEF_BELOW):
            return left(brief.shown(width), width)
        if at_right:
            return right(self.text, width)
        return left((clip_words if self.prose else clip_middle)(self.text, width), width)


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `key` says which it is from one reading of the data to the next."""

    key: str
    cells: tuple[Cell, ...]
    search: str = ""  # what the filter looks in, besides the cells


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `priority` 0 is never dropped, and higher numbers are dropped first when room is short.

    `grow` lets it take the room that is left over.
    """

    name: str
    width: int
    priority: int = 0
    at_right: bool = True
    grow: bool = False
    most: int = 0  # a growing column stops there; 0: no limit
    sortable: bool = True
    downwards: bool = True  # sorting by it starts with the largest


GAP = 2


def fit_columns(columns: Sequence[Column], width: int) -> list[tuple[int, int]]:
    """(index, width) of the columns that fit in `width` cells, in their order."""
    kept = list(range(len(columns)))

    def needed() -> int:
        return sum(columns[index].width for index in kept) + GAP * (len(kept) - 1)

    while len(kept) > 1 and needed() > width and any(columns[index].priority for index in kept):
        kept.remove(max(kept, key=lambda index: (columns[index].priority, index)))
    widths = {index: columns[index].width for index in kept}
    spare = width - needed()
    growing = [index for index in kept if columns[index].grow]
    for place, index in enumerate(growing):
        extra = max(0, spare) // (len(growing) - place)
        if columns[index].most:
            extra = min(extra, max(0, columns[index].most - widths[index]))
        widths[index] += extra
        spare -= extra
    if spare < 0 and growing:
        widths[growing[0]] = max(4, widths[growing[0]] + spare)
    return [(index, widths[index]) for index in kept]


@dataclass(frozen=True, slots=True)
class Order:
    """By which column the rows are sorted, and in which direction."""

    column: int
    downwards: bool = True


def sort_rows(rows: Sequence[Row], order: Order) -> list[Row]:
    """Sorted rows; rows without a value come last in both directions."""
    known = [row for row in rows if row.cells[order.column].sort is not None]
    unknown = [row for row in rows if row.cells[order.column].sort is None]
    known.sort(key=lambda row: row.cells[order.column].sort, reverse=order.downwards)
    return known + unknown


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that a person typed: a regular expression, `!` before it turns it round, case matters not."""

    text: str = ""
    problem: str = ""  # why the text is no regular expression; it then filters as plain text
    matches: Callable[[Row], bool] = field(default=lambda row: True, compare=False)

    @classmethod
    def of(cls, text: str) -> Filter:
        """The filter for a text; an unfinished expression filters as plain text and says so."""
        inverse, wanted = text.startswith("!"), text.removeprefix("!")
        if not wanted:
            return cls(text)
        problem = ""
        try:
            pattern = re.compile(wanted, re.IGNORECASE)
        except re.error as error:
            problem = f"not a valid expression, taken as text: {error}"
            pattern = re.compile(re.escape(wanted), re.IGNORECASE)

        def matches(row: Row) -> bool:
            texts = (row.search, *(cell.text for cell in row.cells))
            return any(map(pattern.search, texts)) != inverse

        return cls(text, problem, matches)


def title_of(column: Column, *, sorted_down: bool | None) -> Span:
    """A column's heading; an arrow says that it sorts, and which way."""
    if sorted_down is None or not column.sortable:
        return Span(column.name, Tone.DIM)
    sign = "↓" if sorted_down else "↑"
    return Span(f"{sign}{column.name}" if column.at_right else f"{column.name}{sign}", Tone.ACCENT)
