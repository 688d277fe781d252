"""Screens that show the ledger as it is now, also while Burn and Triage look at the past."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from console.screens.live_screen import LiveScreen
from console.view import View
from console.widgets.canvas import Canvas
from console.widgets.pane import Pane
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.reports.status import Status


class NowScreen(LiveScreen):
    """A line, a table, and the row under the cursor in full. It has no past: the keys of time say so."""

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

    # Time

    @property
    def seen(self) -> View:
        return replace(self.deck.view, at=None)

    @property
    def times(self) -> tuple[int, int] | None:
        status: Status | None = self.status
        if status is None or status.data_as_of is None:
            return None
        return status.data_as_of, status.data_as_of

    def _move(self, seconds: int) -> None:
        self.note("This screen shows what is so now: Burn, Triage and Alerts go back in time.")

    def action_window(self) -> None:
        self._move(0)

    def action_now(self) -> None:
        self.note("This screen shows what is so now.")

    # The row in full

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """All of the row, in place of the table."""
        self._open_detail(True)

    def on_pane_chosen(self, event: Pane.Chosen) -> None:
        self._open_detail(False)

    def _open_detail(self, there: bool) -> None:
        self.set_class(there, "-open")
        self._detail.rewind()
        (self._detail if there else self._table).focus()

    def step_out(self) -> bool:
        there = self.has_class("-open")
        if there:
            self._open_detail(False)
        return there

    def action_back(self) -> None:
        """Closes the bar, closes what was opened, takes the filter off: the first that applies."""
        if not self.deck.dismiss_banner() and not self.step_out() and self.table.filter.text:
            self.table.narrow("")
