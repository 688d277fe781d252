"""Spans, lines and tones: what every widget draws with. Pure text, no Textual."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size


class Tone(enum.StrEnum):
    """What a piece of text means; the theme decides its colour, and a sign or word says the same."""

    PLAIN = "plain"
    DIM = "dim"  # labels, units, axes
    STRONG = "strong"  # the figure that the eye looks for
    ACCENT = "accent"  # where you are: the tab, the column that sorts
    HOT = "hot"  # burns above what is usual; always with a plus sign or a triangle
    WARM = "warm"  # worth a look: a warning, a soft cap, old data
    COOL = "cool"  # below what is usual, healthy
    FILL = "fill"  # bars of a chart or gauge
    INSIDE = "inside"  # the part of a bar that lies within the usual range
    SPARK = "spark"  # sparklines
    BAND = "band"  # the usual range behind a chart
    TAB = "tab"  # the screen or dimension that is shown
    BADGE = "badge"  # a mode that must not be overlooked: paused, in the past
    ALARM = "alarm"  # what must be seen at once, wherever one looks
    KEY = "key"  # a key to press


class Span(NamedTuple):
    """Text of one tone; `click` is the action that a mouse click on it runs."""

    text: str
    tone: Tone = Tone.PLAIN
    click: str = ""


Line = Sequence[Span]
EMPTY: Line = ()


def width_of(line: Line) -> int:
    """Terminal cells that a line takes."""
    return sum(cell_len(span.text) for span in line)


def clip(text: str, width: int) -> str:
    """At most `width` cells, with an ellipsis where something was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 1 else "…"[:width]


def clip_middle(text: str, width: int) -> str:
    """At most `width` cells, cut inside: names that begin alike are told apart by their ends."""
    over = cell_len(text) - width
    if over <= 0 or width < 8:
        return clip(text, width)
    end = text[-(width // 3) :]
    return clip(text, width - cell_len(end)) + end


def clip_words(text: str, width: int) -> str:
    """At most `width` cells, cut between words, with an ellipsis where something was cut."""
    if cell_len(text) <= width:
        return text
    kept = set_cell_size(text, width - 1)
    if " " in kept.strip() and not text[len(kept) : len(kept) + 1].isspace():
        whole = kept[: kept.rstrip().rfind(" ")]
        # A long name would leave the place half empty: its beginning says more than nothing.
        kept = whole if len(whole) * 3 >= len(kept) * 2 else kept
    return clip(kept.rstrip(" ,;:·") + "…", width)


def left(text: str, width: int) -> str:
    """Exactly `width` cells, text at the left."""
    return set_cell_size(clip(text, width), width)


def right(text: str, width: int) -> str:
    """Exactly `width` cells, text at the right."""
    text = clip(text, width)
    return " " * (width - cell_len(text)) + text


def fit(line: Line, width: int) -> list[Span]:
    """The line in exactly `width` cells: padded with blanks, or cut with an ellipsis."""
    spans: list[Span] = []
    used = 0
    for span in line:
        room = width - used
        if room <= 0:
            break
        text = clip(span.text, room)
        spans.append(span._replace(text=text))
        used += cell_len(text)
    if used < width:
        spans.append(Span(" " * (width - used)))
    return spans


def spread(start: Line, end: Line, width: int) -> list[Span]:
    """`start` at the left and `end` at the right; where both do not fit, `end` stays whole."""
    room = width - width_of(end)
    if room <= 0:
        return fit(end, width)
    return [*fit(start, room), *end]


def beside(blocks: Sequence[tuple[Sequence[Line], int]], gap: int = 2) -> list[Line]:
    """Blocks of (lines, width) side by side with `gap` blanks between them."""
    height = max((len(lines) for lines, _ in blocks), default=0)
    rows: list[Line] = []
    for index in range(height):
        row: list[Span] = []
        for number, (lines, width) in enumerate(blocks):
            if number:
                row.append(Span(" " * gap))
            row.extend(fit(lines[index] if index < len(lines) else EMPTY, width))
        rows.append(row)
    return rows


def first_that_fits(candidates: Iterable[Line], width: int) -> Line:
    """The first of several wordings, longest first, that fits; the last one cut if none does."""
    chosen: Line = EMPTY
    for chosen in candidates:
        if width_of(chosen) <= width:
            return chosen
    return fit(chosen, width)


def wrap(text: str, width: int) -> list[str]:
    """Text in lines of at most `width` cells, broken between words, and inside longer ones."""
    width = max(1, width)
    lines: list[str] = []
    current = ""
    for word in text.split():
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        *full, current = chop_cells(word, width) if cell_len(word) > width else [word]
        lines += full
    return [*lines, current] if current else lines
