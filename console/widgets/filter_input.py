"""The line in which a filter is typed; it filters while one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

if TYPE_CHECKING:
    from textual import events

    from console.widgets.table import Table

HINT = "filter: a regular expression, ! before it turns it round"


class FilterInput(Input):
    """Hidden until it is opened. Enter keeps the filter, Escape takes it off; both give the keys back."""

    def __init__(self) -> None:
        super().__init__(placeholder=HINT, compact=True, id="filter")
        self.display = False
        self._table: Table | None = None

    def open(self, table: Table) -> None:
        """Takes the keys and filters this table."""
        self._table = table
        with self.prevent(Input.Changed):
            self.value = table.filter.text
        self.display = True
        self.screen.set_focus(self)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._table is not None:
            self._table.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            if self._table is not None:
                self._table.narrow("")
            self._leave()

    def _leave(self) -> None:
        self.screen.set_focus(self._table)
        self.display = False
