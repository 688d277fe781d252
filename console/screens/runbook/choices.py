"""A short list to choose from, over a screen: by its letter, or with the cursor and Enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from console.actions import bindings
from console.screens.forms.modal import Modal
from console.screens.frame import draw_hints
from console.screens.runbook.machine import letter
from console.widgets.canvas import Canvas
from console.widgets.ink import Line, Span, Tone, clip_words
from console.widgets.rows import Cell, Column, Order, Row
from console.widgets.table import TOP, Table

if TYPE_CHECKING:
    from textual import events

Choice = tuple[str, str, str]
"""What it is called, what it means, where it leads."""
HOW = "a letter chooses at once; Enter chooses what j and k have gone to"
_COLUMNS = (
    Column("", 1, at_right=False, sortable=False),
    Column("answer", 12, at_right=False, grow=True, most=24, sortable=False),
    Column("means", 30, at_right=False, grow=True, most=90, sortable=False),
    Column("then", 9, 1, at_right=False, sortable=False),
)


class Choices(Table):
    """Choices of which none is chosen until somebody moves: an Enter too many answers nothing."""

    NOWHERE = -1

    def show(self, rows: Sequence[Row], *, title: Sequence[Span] | None = None) -> None:
        """Shows the choices, with the cursor before the first."""
        super().show(rows, title=title)
        self.cursor = self.NOWHERE

    @property
    def selected(self) -> Row | None:
        return super().selected if self.cursor != self.NOWHERE else None


class ChoiceScreen(Modal[str | None]):
    """Ends with the name of what was chosen, or with nothing where the person leaves."""

    BINDINGS = bindings("choice")
    CSS_PATH = ["../../styles/forms.tcss", "../../styles/runbook.tcss"]  # noqa: RUF012 - as Textual reads it
    topic = "choice"
    columns = _COLUMNS

    def __init__(self, title: str, about: str, choices: Sequence[Choice]) -> None:
        super().__init__(classes="on-choice")
        self._about = (title, about)
        self._choices = choices
        self._title = Canvas("form-title")
        self._table = Choices("choices", self.columns, Order(0, downwards=False))
        self._hints = Canvas("hints")

    def compose(self) -> ComposeResult:
        with Vertical(id="form-box"):
            yield self._title
            yield self._table
            yield from self.more()
            yield self._hints

    def more(self) -> ComposeResult:
        """What stands below the choices."""
        yield from ()

    def on_mount(self) -> None:
        self._title.paint(self._draw_title)
        self._hints.paint(lambda width, height: [draw_hints("choice", width)])
        self.show_choices(self._choices)
        self._table.focus()

    def show_choices(self, choices: Sequence[Choice]) -> None:
        """Shows these; the cursor stays on a name that is still there."""
        self._choices = choices
        selected = self._table.selected
        self._table.styles.height = len(choices) + TOP
        rows = [_row(place, choice) for place, choice in enumerate(choices)]
        self._table.show(rows, title=[Span(HOW, Tone.DIM)])
        if selected is not None:
            self._table.select(selected.key)

    def _draw_title(self, width: int, height: int) -> list[Line]:
        title, about = (self._about[0], self._about[1])
        room = max(8, width - len(title) - 5)
        return [[Span(" "), Span(f" {title} ", Tone.TAB), Span(f" {clip_words(about, room)}", Tone.DIM)]]

    def on_key(self, event: events.Key) -> None:
        """A letter chooses at once."""
        for place, (name, _, _) in enumerate(self._choices):
            if event.character and event.character == letter(place):
                event.stop()
                self.choose(name)
                return

    def on_table_chosen(self, event: Table.Chosen) -> None:
        event.stop()
        self.choose(event.row.key)

    def choose(self, name: str) -> None:
        """Ends with what was chosen."""
        self.dismiss(name)

    def action_leave(self) -> None:
        self.dismiss(None)


def _row(place: int, choice: Choice) -> Row:
    name, means, go = choice
    return Row(
        key=name,
        cells=(
            Cell(letter(place), place, Tone.KEY),
            Cell(name, None, Tone.STRONG),
            Cell(means, None, prose=True),
            Cell(go, None, Tone.DIM),
        ),
    )
