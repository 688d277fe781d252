"""Screens that show the ledger as it is now, also while Burn and Triage look at the past."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from console.screens.detail_screen import DetailScreen
from console.view import View

if TYPE_CHECKING:
    from agent.reports.status import Status


class NowScreen(DetailScreen):
    """A list and one of its rows in full. It has no past: the keys of time say so."""

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

    def action_back(self) -> None:
        """Closes the bar, closes what was opened, takes the filter off: the first that applies."""
        if not self.deck.dismiss_banner() and not self.step_out() and self.table.filter.text:
            self.table.narrow("")
