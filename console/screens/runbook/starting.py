"""From an alert to a run: the runbook that fits best starts at once, of several that do one is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from console.screens.runbook import wishes
from console.screens.runbook.choices import ChoiceScreen
from console.screens.runbook.moves import not_started
from console.wants import why_not

if TYPE_CHECKING:
    from agent.control import Standing
    from agent.domain.runbook import Runbook
    from console.screens.runbook.asking import RunBoard
    from console.screens.runbook.run_screen import RunScreen


class Starting:
    """Starts the run that a screen waits for, once."""

    def __init__(self, screen: RunScreen) -> None:
        self._screen = screen
        self._asked = False
        self.runbook: Runbook | None = None  # what the agent has been asked to start
        self.said = ""  # why it is not under way

    def go_on(self, board: RunBoard) -> None:
        """There is no run yet: where runbooks answer, one is started."""
        if self.said:
            return
        if not board.answering:
            self.runbook = board.best
            return
        if self._asked:
            return
        self._asked = True
        if board.best is not None:
            self._start(board.best, board)
            return
        screen = self._screen
        choices = [(each.id, each.summary or each.title, "") for each in board.answering]
        screen.deck.push_form(
            ChoiceScreen(f"Alert {board.alert}", "which runbook?", choices),
            lambda name: self._chosen(name, board),
        )

    def refused(self, reason: str) -> None:
        """The agent has not started it."""
        self.runbook, self.said = None, f"No run was started: {reason}."

    def _chosen(self, name: str | None, board: RunBoard) -> None:
        found = next((each for each in board.answering if each.id == name), None)
        if found is None:
            self._screen.app.pop_screen()
        else:
            self._start(found, board)

    def _start(self, runbook: Runbook, board: RunBoard) -> None:
        deck = self._screen.deck

        def known(who: Standing) -> None:
            if reason := why_not(who, IntentKind.START_RUN) or not_started(runbook, who.person):
                self.said = reason
                self._screen.note(reason)
                deck.stopped(IntentKind.START_RUN, reason)
            else:
                self.runbook = runbook
                self._screen.wait()
                others = len(board.answering) > 1
                then = f" 7 n starts another for alert {board.alert}." if others else ""
                want = wishes.start(runbook, {}, alert=board.alert)
                deck.want(replace(want, then=then, refused=self._screen.refused))

        deck.know(known)
