"""Evidence as it was kept: the sentence, a table with aligned columns, the burn as a plot, and its trust."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.cells import cell_len

from agent.domain.money import to_credits
from agent.domain.words import plural
from console import format as fmt
from console.screens.burn.plots import level
from console.screens.marks import change_marks
from console.widgets import chart
from console.widgets.ink import (
    EMPTY,
    Line,
    Span,
    Tone,
    clip_middle,
    clip_words,
    first_that_fits,
    right,
    spread,
    wrap,
)
from console.widgets.rows import GAP

if TYPE_CHECKING:
    from agent.domain.run import Evidence, KeptEvidence
    from agent.domain.run import Line as BurnLine

MOST_ROWS = 20
LEAST = 6
"""Cells below which a column says nothing."""
PLOT, TALL_PLOT = 7, 10
TALL = 28
"""From so many lines on plots are higher."""
_WITH_UNIT = re.compile(r"([-+×≈<>]?\s?[\d.,]+[kM]?) ((?:credits|cr|tokens|requests|calls)\S*(?: a \w+)?)")
_NOTHING = ("", "–", "-")
_NUMBER = re.compile(r"[-+×≈<>]?\s?[\d.,]+\s?([kMG%]|cr|credits|/min|s|min|h|d|ms|USD|\$)*|[–-]|")


def draw_evidence(
    kept: Sequence[KeptEvidence],
    said: str,
    changed: Collection[int],
    now: float,
    width: int,
    height: int,
    *,
    widened: bool = False,
) -> list[Line]:
    """The answers of a step, those of its last try in full, without sentences that are `said` already."""
    if not kept:
        return []
    last = max(each.attempt for each in kept)
    lines: list[Line] = []
    for each in kept:
        if each.attempt == last:
            lines += [EMPTY] if lines else []
            lines += _one(each, said, now, width, height, widened=widened)
            if each.id is not None and each.id in changed:
                warning = (
                    "▲ this evidence reads differently than when it was kept: see `burndeck audit verify`"
                )
                lines += [[Span(text, Tone.HOT)] for text in wrap(warning, width)]
    before = [each for each in kept if each.attempt != last]
    return [*lines, *_earlier(before, now, width)]


def _earlier(kept: Sequence[KeptEvidence], now: float, width: int) -> Iterator[Line]:
    for each in reversed(kept):
        text = f"try {each.attempt}, {fmt.clock(each.at, seconds=True)}: {_sentence(each.evidence)}"
        yield [Span(clip_words(text, width), Tone.DIM)]


def _one(kept: KeptEvidence, said: str, now: float, width: int, height: int, *, widened: bool) -> list[Line]:
    found = kept.evidence
    lines: list[Line] = [_heading(found, width)]
    if found.sentence not in said:
        lines += [[Span(text)] for text in wrap(found.sentence, width)]
    lines += draw_table(found.columns, found.rows, width, widened=widened)
    if found.line is not None:
        lines += draw_line(found.line, width, TALL_PLOT if height >= TALL else PLOT)
    lines += [[Span(text, Tone.DIM)] for text in wrap(found.note, width)]
    return [*lines, _trust(kept, now, width)]


def _heading(found: Evidence, width: int) -> Line:
    using = ", ".join(f"{name} {value}" for name, value in found.using.items() if value)
    title = found.title or found.name
    room = width - cell_len(title) - 2
    asked = [Span(f"  {clip_middle(using, room)}", Tone.DIM)] if using and room >= LEAST else []
    return [Span(title, Tone.STRONG), *asked]


def _sentence(found: Evidence) -> str:
    return found.sentence or f"{found.title or found.name}: {plural(len(found.rows), 'row')}"


def _trust(kept: KeptEvidence, now: float, width: int) -> Line:
    """Which layer its amounts are of, how old its data was, who asked, and what proves it."""
    found = kept.evidence
    parts = [
        f"{found.layer}, data {fmt.age(max(0, kept.at - found.as_of))} old then"
        if found.layer and found.as_of
        else "",
        f"{kept.actor} {fmt.moment(kept.at, now)}",
        f"sha {kept.sha256[:8]}",
    ]
    said = [part for part in parts if part]
    wordings = [[Span(" · ".join(said[: len(said) - cut]), Tone.DIM)] for cut in range(len(said))]
    return first_that_fits(wordings, width)


# Tables


def draw_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, widened: bool = False
) -> list[Line]:
    """The table in a width: numbers at the right, long texts cut, columns that have no room named below."""
    if not columns or not rows:
        return []
    shown, units = _without_units(columns, rows[:MOST_ROWS])
    widths, left_out = _widths(columns, shown, width)
    numeric = [all(_NUMBER.fullmatch(row[index]) for row in shown) for index in range(len(widths))]
    heads = _cells(columns, widths, numeric)
    lines: list[Line] = [[Span(heads.rstrip(), Tone.DIM)]]
    lines += [[Span(_cells(row, widths, numeric).rstrip())] for row in shown]
    more = [f"{', '.join(named)} in {unit}" for unit, named in units.items()]
    more += [f"{plural(len(rows) - MOST_ROWS, 'more row')}"] if len(rows) > MOST_ROWS else []
    where = "no room here" if widened else "no room here, Tab widens"
    more += [f"{', '.join(columns[-left_out:])}: {where}"] if left_out else []
    return [*lines, *([Span(text, Tone.DIM)] for text in wrap("; ".join(more), width))]


def _without_units(
    columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[list[str]], dict[str, list[str]]]:
    """Cells without a unit that all of a column have, and the columns of each unit that was taken off."""
    shown = [list(row) for row in rows]
    units: dict[str, list[str]] = {}
    for index, name in enumerate(columns):
        found = [_WITH_UNIT.fullmatch(row[index]) for row in shown]
        named = {each[2] for each in found if each is not None}
        if len(named) == 1 and all(
            each or row[index] in _NOTHING for each, row in zip(found, shown, strict=True)
        ):
            units.setdefault(named.pop(), []).append(name)
            for row, each in zip(shown, found, strict=True):
                row[index] = each[1] if each is not None else row[index]
    return shown, units


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> tuple[list[int], int]:
    """Cells of each column that is shown, and how many at the end are not."""
    full = [
        max(cell_len(name), *(cell_len(row[index]) for row in rows)) for index, name in enumerate(columns)
    ]
    for count in range(len(full), 0, -1):
        widths = full[:count]
        over = sum(widths) + GAP * (count - 1) - width
        while over > 0 and max(widths) > LEAST * 2:
            widest = widths.index(max(widths))
            second = max([each for each in widths if each != widths[widest]], default=LEAST * 2)
            cut = min(over, max(1, widths[widest] - max(second, LEAST * 2)))
            widths[widest] -= cut
            over -= cut
        if over <= 0:
            return widths, len(full) - count
    return [width], len(full) - 1


def _cells(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    cells = []
    for index, cells_ in enumerate(widths):
        text = row[index]
        if numeric[index]:
            cells.append(right(text, cells_))
        else:
            cut = clip_words(text, cells_) if " " in text else clip_middle(text, cells_)
            cells.append(cut + " " * (cells_ - cell_len(cut)))
    return (" " * GAP).join(cells)


# Plots


def draw_line(line: BurnLine, width: int, height: int) -> list[Line]:
    """The burn with what was expected behind it, in credits a minute."""
    if not any(value is not None for value in line.values):
        return []
    expected = [_credits(value) for value in line.expected]
    drawn = chart.Series(
        points=[_credits(value) for value in line.values],
        low=[None if value is None else 0.0 for value in expected],
        high=expected,
        labels=[fmt.clock(line.start + (line.end - line.start) * place / 4) for place in range(5)],
        scale=level,
        changes=change_marks(line.marks, line.start, line.end),
    )
    trust = [Span(chart.SHADE, Tone.BAND), Span(" expected", Tone.DIM)] if expected else []
    return [
        spread([Span("BURN  credits/min", Tone.DIM)], trust, width),
        *chart.draw_chart(drawn, width, height),
    ]


def _credits(value: int | None) -> float | None:
    return None if value is None else float(Decimal(to_credits(value)))
