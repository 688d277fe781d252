"""A column chart of block characters with the usual band behind it, marks and axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from console.widgets.ink import EMPTY, Line, Span, Tone, clip, clip_words, right, width_of
from console.widgets.sparkline import BLOCKS, resample

SHADE = "░"
"""The usual band where no column covers it: visible without colour."""
POST, FOOT = "┆", "▲"
"""The instant that is marked: over the height of the plot, and on its axis."""
CHANGE = "◇"
"""Something was changed then: at the top of the plot, and before its name in the line below the axis."""
NAMED_FROM = 5
"""Lines from which a chart has one to spare for the names of changes; elsewhere they are told beside it."""
_LEAST_NAME = 18  # cells that a name which is cut still needs


@dataclass(frozen=True, slots=True)
class Mark:
    """A level across the chart that has a name: a cap, a threshold."""

    value: float
    name: str


class Instant(NamedTuple):
    """A moment on the x axis that has a name: when something began."""

    place: float  # 0 is the left edge, 1 the right one
    name: str


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart shows. The sequences of the band are empty or as long as `points`."""

    points: Sequence[float | None]  # None: nothing known there
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    marks: Sequence[Mark] = ()
    labels: Sequence[str] = ()  # along the x axis, spread evenly from first to last
    instant: Instant | None = None
    changes: Sequence[Instant] = ()  # the ones to name first come first
    scale: Callable[[float], str] = field(default=lambda value: f"{value:.3g}")


def draw_chart(series: Series, width: int, height: int) -> list[Line]:
    """The chart in `width` x `height` cells, the x axis below, and below it the names of changes."""
    if height < 2 or width < 12:
        return []
    named = bool(series.changes) and height >= NAMED_FROM
    rows = height - 2 if named else height - 1
    known = [point for point in (*series.points, *series.high) if point is not None]
    top = nice_ceiling(max([*known, *(mark.value for mark in series.marks)], default=0.0))
    gutter = max(len(series.scale(level)) for level in (top, top / 2, 0.0)) + 1
    plot = width - gutter
    points, low, high = (resample(values, plot) for values in (series.points, series.low, series.high))
    lines: list[Line] = []
    for row in range(rows):
        floor = rows - 1 - row
        label = _label(series, top, row, rows)
        spans = [Span(right(label, gutter - 1) + " ", Tone.DIM)]
        spans += _row(points, low, high, top=top, floor=floor, rows=rows)
        for change in series.changes:
            spans = _with_change(spans, gutter + _column(change, plot), top=row == 0)
        if series.instant is not None:
            spans = _with_post(spans, gutter + _column(series.instant, plot))
        lines.append(_with_marks(spans, series.marks, top, floor, rows, width))
    lines.append(_axis(series.labels, gutter, plot, series.instant))
    if named:
        lines.append([Span(" " * gutter), *draw_names(series.changes, plot)])
    return lines


def nice_ceiling(value: float) -> float:
    """The next number that reads well on an axis: 1, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(
        (power * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if power * step >= value), power * 10
    )


def _label(series: Series, top: float, row: int, rows: int) -> str:
    if row == 0:
        return series.scale(top)
    if row == rows - 1:
        return series.scale(0.0)
    if rows >= 5 and row == rows // 2:
        return series.scale(top / 2)
    return ""


def _row(
    points: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    *,
    top: float,
    floor: int,
    rows: int,
) -> list[Span]:
    """One row of the plot, `floor` rows above the axis; neighbours of one tone become one span."""
    spans: list[Span] = []
    for index, point in enumerate(points):
        bottom = low[index] if index < len(low) else None
        ceiling = high[index] if index < len(high) else None
        cell = _cell(point, bottom, ceiling, top=top, floor=floor, rows=rows)
        if spans and spans[-1].tone == cell.tone:
            cell = Span(spans.pop().text + cell.text, cell.tone)
        spans.append(cell)
    return spans


def _cell(
    point: float | None, low: float | None, high: float | None, *, top: float, floor: int, rows: int
) -> Span:
    """One cell: bar above, within or below the usual range, the range itself, or nothing."""
    middle = (floor + 0.5) / rows * top
    within = low is not None and high is not None and low <= middle <= high
    eighths = 0 if point is None else round(point / top * rows * 8) - floor * 8
    if point and floor == 0:
        eighths = max(eighths, 1)  # something burns: never drawn as nothing
    if eighths <= 0:
        return Span(SHADE, Tone.BAND) if within else Span(" ", Tone.FILL)
    above = high is not None and point is not None and point > high and middle > high
    return Span(BLOCKS[min(8, eighths)], Tone.HOT if above else Tone.INSIDE if within else Tone.FILL)


def _with_marks(
    spans: list[Span], marks: Sequence[Mark], top: float, floor: int, rows: int, width: int
) -> list[Span]:
    """Writes the name of a mark at the right end of the row at its level."""
    here = [mark for mark in marks if mark.value > 0 and int(min(mark.value / top, 0.999) * rows) == floor]
    if not here:
        return spans
    text = clip("╌ " + ", ".join(mark.name for mark in here), width // 2)
    kept: list[Span] = []
    room = width - len(text) - 1
    for span in spans:
        kept.append(span._replace(text=span.text[:room]))
        room -= len(kept[-1].text)
    return [*kept, Span(" "), Span(text, Tone.WARM)]


def _column(instant: Instant, plot: int) -> int:
    return min(plot - 1, max(0, int(instant.place * plot)))


def _with_post(spans: list[Span], at: int) -> list[Span]:
    """The line with a post in one column, where no bar stands."""
    return _with_sign(spans, at, Span(POST, Tone.WARM), over=f" {SHADE}")


def _with_change(spans: list[Span], at: int, *, top: bool) -> list[Span]:
    """The line with a change in one column: its sign in the top row, whatever stands there; a post below."""
    if top:
        return _with_sign(spans, at, Span(CHANGE, Tone.STRONG))
    return _with_sign(spans, at, Span(POST, Tone.DIM), over=f" {SHADE}")


def _with_sign(spans: list[Span], at: int, sign: Span, over: str = "") -> list[Span]:
    """The line with a sign in one column, where one of the characters `over` stands; without, anywhere."""
    found: list[Span] = []
    for span in spans:
        if 0 <= at < len(span.text) and (not over or span.text[at] in over):
            parts = (span._replace(text=span.text[:at]), sign)
            found += [*parts, span._replace(text=span.text[at + 1 :])]
        else:
            found.append(span)
        at -= len(span.text)
    return [span for span in found if span.text]


def draw_names(changes: Sequence[Instant], width: int) -> list[Span]:
    """The names of changes, as many as fit, the last one cut, and how many more there are."""
    names = [change.name for change in changes]
    for count in range(len(names), 0, -1):
        more = len(names) - count
        line = _names(names[:count], more)
        room = width - width_of(_names([*names[: count - 1], ""], more))
        if width_of(line) <= width:
            return line
        if room >= _LEAST_NAME or count == 1:
            return _names([*names[: count - 1], clip_words(names[count - 1], room)], more)
    return []


def _names(names: Sequence[str], more: int) -> list[Span]:
    spans: list[Span] = []
    for name in names:
        gap = [Span("  ")] if spans else []
        spans += [*gap, Span(CHANGE, Tone.STRONG), Span(f" {name}", Tone.DIM)]
    return [*spans, Span(f"  +{more}", Tone.DIM)] if more else spans


def _axis(labels: Sequence[str], gutter: int, plot: int, instant: Instant | None) -> Line:
    """The labels spread over the width; those that would touch a neighbour or the instant are left out."""
    cells = [" "] * plot
    named = range(0)
    if instant is not None:
        at = _column(instant, plot)
        text = f"{FOOT} {instant.name}"
        start = at
        if at + len(text) > plot:  # no room at the right of the foot
            text = f"{instant.name} {FOOT}"
            start = max(0, at - len(text) + 1)
        named = range(start, min(plot, start + len(text)))
        cells[named.start : named.stop] = text[: len(named)]
    order = [0, len(labels) - 1, *range(1, len(labels) - 1)] if labels else []
    for index in dict.fromkeys(order):
        text = labels[index]
        centre = index * (plot - 1) // max(1, len(labels) - 1)
        start = min(max(0, centre - len(text) // 2), plot - len(text))
        around = cells[max(0, start - 1) : start + len(text) + 1]
        if start >= 0 and all(cell == " " for cell in around):
            cells[start : start + len(text)] = text
    if all(cell == " " for cell in cells):
        return EMPTY
    before, name, after = (
        "".join(cells[place])
        for place in (slice(named.start), slice(named.start, named.stop), slice(named.stop, None))
    )
    spans = [Span(" " * gutter), Span(before, Tone.DIM), Span(name, Tone.WARM), Span(after, Tone.DIM)]
    return [span for span in spans if span.text]
