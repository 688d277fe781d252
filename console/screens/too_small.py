"""What stands on a terminal on which no screen could be read."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from console.widgets.canvas import LEAST, Canvas
from console.widgets.ink import Line, Span, wrap


class TooSmall(ModalScreen[None]):
    """One sentence over whatever was looked at; modal, since keys would hit what nobody sees."""

    DEFAULT_CSS = "#too-small { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [("q,ctrl+c", "app.quit", "Quit")]

    def compose(self) -> ComposeResult:
        self._canvas = Canvas("too-small", at_any_size=True)
        yield self._canvas

    def on_mount(self) -> None:
        self._canvas.paint(draw_too_small)


def draw_too_small(width: int, height: int) -> list[Line]:
    """The sentence, from the first line on: on a small terminal every line counts."""
    text = (
        f"burndeck needs at least {LEAST.width} columns and {LEAST.height} rows; "
        f"this terminal has {width} and {height}."
    )
    return [[Span(line)] for line in wrap(text, width)]
