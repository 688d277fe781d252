"""The one widget that paints lines: a pure function draws them, only lines that changed are repainted."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from console.widgets.ink import EMPTY, Line, Span, Tone, fit

Draw = Callable[[int, int], list[Line]]
"""Draws what is to be seen in (width, height) cells."""


LEAST = Size(60, 20)
"""Columns and rows of a terminal from which on every screen can be read."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What a terminal would obey instead of showing, whoever wrote it: a note, a label, a model's name."""


def is_too_small(size: Size) -> bool:
    """Whether nothing can be read on a terminal of that size."""
    return size.width < LEAST.width or size.height < LEAST.height


TONES = {f"tone--{tone.value}" for tone in Tone}
"""Component classes of the application: styled with every widget, they took most of a screen's opening."""


class Inked(Widget):
    """A widget that draws spans: turns tones into the theme's styles."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._styles_of_tones: dict[tuple[Tone, str], Style] = {}

    def notify_style_update(self) -> None:
        self._styles_of_tones.clear()
        super().notify_style_update()

    def ink(self, tone: Tone, click: str = "") -> Style:
        """The style of a tone on this widget's own background."""
        style = self._styles_of_tones.get((tone, click))
        if style is None:
            style = self.rich_style + self.app.get_component_styles(f"tone--{tone.value}").partial_rich_style
            if click:
                style += Style.from_meta({"@click": click})
            self._styles_of_tones[tone, click] = style
        return style

    def strip_of(self, spans: list[Span], over: Style | None = None) -> Strip:
        """Spans as a strip; `over` is laid over all of them (a cursor row)."""
        segments = [Segment(_CONTROL.sub("", s.text), self.ink(s.tone, s.click)) for s in spans]
        if over is not None:
            segments = [Segment(text, (style or Style()) + over) for text, style, _ in segments]
        return Strip(segments, self.content_size.width)


class Canvas(Inked):
    """Paints the lines of a draw function, again on every resize.

    On a terminal that is too small it draws nothing new, unless it is there `at_any_size`.
    """

    def __init__(self, name: str, *, at_any_size: bool = False) -> None:
        super().__init__(name)
        self._at_any_size = at_any_size
        self._draw: Draw = _nothing
        self._lines: list[Line] = []
        self._drawn_for = (-1, -1)

    def paint(self, draw: Draw) -> None:
        """Shows what `draw` draws from now on; repaints only the lines that differ."""
        self._draw = draw
        self.redraw()

    def redraw(self) -> None:
        """Draws again, for lines that depend on time."""
        size = self.content_size
        if not size.width or not size.height:
            return
        if is_too_small(self.app.size) and not self._at_any_size:
            return
        before, self._lines = self._lines, self._draw(size.width, size.height)
        if self._drawn_for != size:
            self._drawn_for = size
            self.refresh()
            return
        for y in range(size.height):
            if _line(before, y) != _line(self._lines, y):
                self.refresh(Region(0, y, size.width, 1))

    def on_resize(self) -> None:
        self.redraw()

    def render_line(self, y: int) -> Strip:
        return self.strip_of(fit(_line(self._lines, y), self.content_size.width))


def _nothing(width: int, height: int) -> list[Line]:
    return []


def _line(lines: list[Line], y: int) -> Line:
    return lines[y] if y < len(lines) else EMPTY
