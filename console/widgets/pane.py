"""A page of lines that is longer than its place: shows its beginning, and scrolls by the keys of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from console.actions import bindings
from console.widgets.canvas import Canvas, Draw
from console.widgets.ink import Line, Span, Tone, fit

if TYPE_CHECKING:
    from textual import events


class Pane(Canvas, can_focus=True):
    """Lines of which a part is seen. What draws them is told the room, and may draw more lines than fit."""

    BINDINGS = bindings("table")

    class Chosen(Message):
        """Enter on the pane."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._content: Draw = lambda width, height: []
        self._top = self._count = 0

    def show(self, content: Draw) -> None:
        """Shows what `content` draws from now on, from where it stands."""
        self._content = content
        self.paint(self._window)

    def rewind(self) -> None:
        """Back to the first line."""
        self._turn_to(0)

    def _window(self, width: int, height: int) -> list[Line]:
        lines = self._content(width - 1, height)
        self._count = len(lines)
        self._top = max(0, min(self._top, self._count - height))
        shown = lines[self._top : self._top + height]
        if self._count <= height:
            return shown
        size = max(1, height * height // self._count)
        start = (height - size) * self._top // max(1, self._count - height)
        marks = ["▐" if start <= y < start + size else "│" for y in range(len(shown))]
        return [
            [*fit(line, width - 1), Span(mark, Tone.DIM)] for line, mark in zip(shown, marks, strict=True)
        ]

    def _turn_to(self, top: int) -> None:
        self._top = max(0, top)
        self.redraw()

    def action_row_down(self) -> None:
        self._turn_to(self._top + 1)

    def action_row_up(self) -> None:
        self._turn_to(self._top - 1)

    def action_first_row(self) -> None:
        self._turn_to(0)

    def action_last_row(self) -> None:
        self._turn_to(self._count)

    def action_half_page_down(self) -> None:
        self._turn_to(self._top + max(1, self.size.height // 2))

    def action_half_page_up(self) -> None:
        self._turn_to(self._top - max(1, self.size.height // 2))

    def action_choose(self) -> None:
        self.post_message(self.Chosen())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_to(self._top + 3)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_to(self._top - 3)
        event.stop()
