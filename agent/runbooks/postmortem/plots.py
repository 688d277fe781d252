"""Line plots as SVG, drawn by ourselves: burn, what was expected, and what happened when. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from agent.domain.words import instant
from agent.runbooks.postmortem.model import Mark, Plot

WIDTH, HEIGHT = 760, 300
_LEFT, _RIGHT, _BOTTOM, _TITLE = 64, 16, 52, 30
_ROW = 14  # height of a row of labels
_MOST_ROWS = 4
_MOST_MARKS = 12
_CHARACTER = 6.0  # mean width at the labels' size
_NANO = 10**9
_STEPS_S = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
_TICKS = 8
# What XML 1.0 has no place for, even escaped.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DASHED = ' stroke-dasharray="5 4"'
_INK = {
    "ground": "#fbfaf7",
    "text": "#30363c",
    "dim": "#5d656d",
    "grid": "#dcdfe1",
    "burn": "#b3261e",
    "usual": "#12648a",
    "mark": "#6d757d",
}
"""Light, as attributes that every viewer knows."""
# A rule of style wins over an attribute. The ground is drawn too: what knows no dark mode stays light whole.
_DARK = """@media (prefers-color-scheme: dark) {
.ground { fill: #10151b } .text { fill: #c6ced6 } .dim { fill: #8b96a2 } .grid { stroke: #2a343e }
.burn { stroke: #f0655a } .usual { stroke: #6cb6d9 } .mark { stroke: #8b96a2 }
}"""


def svg(plot: Plot) -> str:
    """A plot as a whole SVG document."""
    frame = _Frame.of(plot)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" font-family="sans-serif" font-size="11">',
        f"<title>{xml_text(plot.title)}</title>",
        f"<style>{_DARK}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" fill="{_INK["ground"]}"/>',
        _text(_LEFT, 19, plot.title[:90], "text", extra=' font-size="13" font-weight="bold"'),
        *_grid(frame),
        *_path(frame, plot.line.expected, "usual", _DASHED),
        *_path(frame, plot.line.values, "burn"),
        *_marks(frame, plot.marks),
        *_legend(plot),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def xml_text(text: str) -> str:
    """Text as XML takes it."""
    return escape(_UNFIT.sub("\ufffd", text), {'"': "&quot;"})


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where an instant and an amount are."""

    start: int
    end: int
    width_s: int
    highest: int  # nano-credits a minute at the upper edge
    step: int  # between two lines of the grid
    top: int

    @classmethod
    def of(cls, plot: Plot) -> _Frame:
        line = plot.line
        known = [each for each in (*line.values, *line.expected) if each is not None]
        step = _nice(max(1, *known) if known else 1)
        highest = max(step, -(-max(known, default=0) // step) * step)
        rows = 1 + max((row for _, row in _rows(plot.marks, line.start, _length(plot))), default=-1)
        return cls(
            line.start, line.start + _length(plot), line.width_s, highest, step, _TITLE + _ROW * rows + 6
        )

    def x(self, at: float) -> float:
        return _LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - _LEFT - _RIGHT)

    def y(self, nano: int) -> float:
        height = HEIGHT - _BOTTOM - self.top
        return HEIGHT - _BOTTOM - max(nano, 0) / self.highest * height


def _length(plot: Plot) -> int:
    return plot.line.width_s * max(1, len(plot.line.values))


def _nice(most: int) -> int:
    """A round step that divides an amount into three to seven."""
    size = 1
    while size * 10 <= most:
        size *= 10
    for factor in (5, 2, 1):
        if most >= 3 * factor * size:
            return factor * size
    return max(1, size // 2 if most >= 3 * size // 2 else size // 5)


def _grid(frame: _Frame) -> Iterator[str]:
    bottom = HEIGHT - _BOTTOM
    for nano in range(0, frame.highest + 1, frame.step):
        y = frame.y(nano)
        yield _line("grid", _LEFT, y, WIDTH - _RIGHT, y)
        yield _text(_LEFT - 6, y + 4, _amount(nano), "dim", anchor="end")
    step = next((each for each in _STEPS_S if (frame.end - frame.start) / each <= _TICKS), _STEPS_S[-1])
    for at in range(-(-frame.start // step) * step, frame.end + 1, step):
        x = frame.x(at)
        yield _line("mark", x, bottom, x, bottom + 4)
        form = "%d %b" if step >= 86_400 else "%H:%M" if frame.end - frame.start <= 86_400 else "%d %b %H:%M"
        said = time.strftime(form, time.gmtime(at))
        reach = len(said) * _CHARACTER / 2
        yield _text(min(x, WIDTH - 4 - reach), bottom + 17, said, "dim", anchor="middle")
    middle = (frame.top + bottom) / 2
    turned = f' transform="rotate(-90 14 {middle:.1f})"'
    yield _text(14, middle, "credits/min", "dim", anchor="middle", extra=turned)


def _path(frame: _Frame, values: Sequence[int | None], name: str, extra: str = "") -> Iterator[str]:
    """A line through the middles of the steps, broken where nothing is known."""
    piece: list[str] = []
    for place, nano in enumerate([*values, None]):
        if nano is not None:
            at = frame.start + (place + 0.5) * frame.width_s
            piece.append(f"{frame.x(at):.1f},{frame.y(nano):.1f}")
        elif piece:
            points = " ".join(piece if len(piece) > 1 else piece * 2)
            yield (
                f'<polyline class="{name}" points="{points}" fill="none" stroke="{_INK[name]}" '
                f'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"{extra}/>'
            )
            piece = []


def _rows(marks: Sequence[Mark], start: int, length: int) -> list[tuple[Mark, int]]:
    """Marks with the row of their label, so that no label lies on another."""
    free: list[float] = []
    placed = []
    for mark in marks[:_MOST_MARKS]:
        left = (mark.at - start) / length * (WIDTH - _LEFT - _RIGHT)
        size = len(_label(mark)) * _CHARACTER + 10
        left = min(left, WIDTH - _LEFT - _RIGHT - size)
        row = next((place for place, end in enumerate(free) if end <= left), len(free))
        row = min(row, _MOST_ROWS - 1)
        free[row : row + 1] = [left + size]
        placed.append((mark, row))
    return placed


def _label(mark: Mark) -> str:
    return mark.label[:36]


def _marks(frame: _Frame, marks: Sequence[Mark]) -> Iterator[str]:
    for mark, row in _rows(marks, frame.start, frame.end - frame.start):
        x, y = frame.x(mark.at), _TITLE + _ROW * row + 10
        yield _line("mark", x, y - 9, x, HEIGHT - _BOTTOM, ' stroke-dasharray="2 3"')
        size = len(_label(mark)) * _CHARACTER + 10
        yield _text(min(x + 3, WIDTH - _RIGHT - size + 3), y, _label(mark), "text")


def _legend(plot: Plot) -> Iterator[str]:
    y = HEIGHT - 12
    yield _line("burn", _LEFT, y - 4, _LEFT + 22, y - 4, ' stroke-width="1.8"')
    yield _text(_LEFT + 28, y, "burn", "text")
    if any(each is not None for each in plot.line.expected):
        dashed = f' stroke-width="1.8"{_DASHED}'
        yield _line("usual", _LEFT + 70, y - 4, _LEFT + 92, y - 4, dashed)
        yield _text(_LEFT + 98, y, "expected", "text")
    day = time.strftime("%Y-%m-%d", time.gmtime(plot.line.start))
    until = "" if plot.as_of is None else f"data to {instant(plot.as_of)}"
    said = ", ".join(filter(None, (f"times in UTC, from {day}", plot.layer, until)))
    yield _text(WIDTH - _RIGHT, y, said[:80], "dim", anchor="end")


def _amount(nano: int) -> str:
    """Credits with as many decimals as the step asks for: 0, 0.25, 1,200."""
    whole, rest = divmod(nano, _NANO)
    return f"{whole:,}" + (f".{rest:09d}".rstrip("0") if rest else "")


def _line(name: str, x1: float, y1: float, x2: float, y2: float, extra: str = "") -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line class="{name}" {place} stroke="{_INK[name]}"{extra}/>'


def _text(x: float, y: float, text: str, name: str, *, anchor: str = "start", extra: str = "") -> str:
    return (
        f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK[name]}"{extra}>'
        f"{xml_text(text)}</text>"
    )
