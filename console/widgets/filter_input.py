"""The line in which a filter is typed; it filters while one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

if TYPE_CHECKING:
    from textual import events

    from console.widgets.table import Table


class FilterInput(Input):
    """Enter keeps the filter, Escape takes it off; both give the keys back to the table."""

    def __init__(self, table: Table) -> None:
        hint = "filter: a regular expression, ! before it turns it round"
        super().__init__(table.filter.text, placeholder=hint, compact=True)
        self._table = table

    def on_mount(self) -> None:
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._table.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self._table.narrow("")
            self._leave()

    def _leave(self) -> None:
        self._table.focus()
        self.remove()
