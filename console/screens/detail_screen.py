"""What screens of a list and one of its rows in full share: the places, opening, and asking for the row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Container

from console.live import Answer, Question
from console.screens.live_screen import LiveScreen
from console.widgets.canvas import Canvas
from console.widgets.ink import Line, Span, Tone
from console.widgets.pane import Pane
from console.widgets.table import Table

PAST = "This is the past, where nothing can be changed: press . for now."

D = TypeVar("D")
Draw = Callable[[D, int, int], list[Line]]
"""Lines of a detail in so many columns and rows; there may be more lines than rows."""


class Looked(Generic[D]):
    """The detail of the row under the cursor: asked for, and shown unless another row is looked at then."""

    def __init__(self, pane: Pane, draw: Draw[D]) -> None:
        self._pane = pane
        self._draw = draw
        self._asked: Question | None = None
        self._of: Hashable = None  # the row of the newest question
        self._shown: Hashable = None
        self._value: D | None = None

    def ask(self, ask: Callable[[Question], None], question: Question, of: Hashable) -> None:
        """Asks for the row of a key. What is shown stays until the answer comes."""
        self._asked, self._of = question, of
        ask(question)

    def clear(self) -> None:
        """There is no row, and so nothing to show."""
        self.forget()
        self._pane.show(lambda width, height: [])

    def forget(self) -> None:
        """Something else is shown in its place."""
        self._asked = self._of = self._shown = self._value = None

    def show(self, answer: Answer) -> None:
        """Shows an answer, unless it is of a row that is no longer looked at or that is gone."""
        if answer.question is not self._asked or answer.value is None:
            return
        value: D = answer.value  # type: ignore[assignment]
        if self._of != self._shown:
            self._pane.rewind()
        self._shown, self._value = self._of, value
        self._pane.show(lambda width, height: self._draw(value, width, height))

    @property
    def value(self) -> D | None:
        """What is shown, which may be of the row before."""
        return self._value

    def of(self, key: Hashable) -> D | None:
        """What is known of a row; None while it is still being read."""
        return self._value if self._shown == key else None


def draw_parts(parts: Iterable[tuple[str, int | None]], chosen: str) -> Line:
    """The names of a screen's lists with their counts; a click turns to one. The screen has `action_turn`."""
    spans = [Span(" ")]
    for name, count in parts:
        tone = Tone.TAB if name == chosen else Tone.DIM
        said = "" if count is None else f" {count}"
        spans.append(Span(f" {name}{said} ", tone, f"screen.turn('{name}')"))
    return spans


class DetailScreen(LiveScreen):
    """A line, a table, and the row under the cursor in full: beside or below it, or in its place.

    The line is `_lists`, the row in full is drawn into `_detail`, most simply through a `Looked`.
    """

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._lists = Canvas("lists")
        self._table = table
        self._detail = Pane("detail")

    def body(self) -> ComposeResult:
        yield self._lists
        yield Container(self._table, self._detail, id="main")

    def on_mount(self) -> None:
        self.add_class("-listed")
        self._table.focus()

    @property
    def table(self) -> Table:
        return self._table

    @property
    def opened(self) -> bool:
        """Whether the row in full has taken the table's place."""
        return self.has_class("-open")

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """All of the row, in place of the table."""
        self.open_detail(True)

    def on_pane_chosen(self, event: Pane.Chosen) -> None:
        self.open_detail(False)

    def open_detail(self, there: bool) -> None:
        """Puts the row in full in the table's place, from its first line; or the table back."""
        self.set_class(there, "-open")
        self._hints.redraw()
        self._detail.rewind()
        (self._detail if there else self._table).focus()

    def step_out(self) -> bool:
        there = self.opened
        if there:
            self.open_detail(False)
        return there
