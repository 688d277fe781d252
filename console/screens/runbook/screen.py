"""The Runbooks screen: runs that are open, runs that are over, and what can be started."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from console.actions import bindings
from console.live import Answer, Question
from console.screens.detail_screen import draw_parts
from console.screens.forms.form import FormScreen
from console.screens.live_screen import UNREAD
from console.screens.now_screen import NowScreen
from console.screens.runbook import rows as run_rows
from console.screens.runbook import wishes
from console.screens.runbook.asking import (
    LIBRARY,
    LibraryBoard,
    RunsBoard,
    Target,
    library_question,
    runs_question,
)
from console.screens.runbook.brief import draw_run, draw_runbook
from console.screens.runbook.moves import not_started
from console.screens.runbook.rows import Part
from console.view import View
from console.widgets.ink import Line
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.domain.runbook import Runbook
    from agent.reports.status import Status
    from agent.runbooks.view import RunLine
    from console.wants import Want


class RunbooksScreen(NowScreen):
    """Runs in two lists and the library; Enter opens a run, or starts a runbook."""

    BINDINGS = bindings("runbooks")
    CSS_PATH = ["../../styles/control.tcss", "../../styles/runbook.tcss"]  # noqa: RUF012 - as Textual reads it
    topic = "runbooks"

    def __init__(self) -> None:
        super().__init__(Table("rows", run_rows.columns(Part.OPEN), run_rows.order(Part.OPEN)))
        self.board: RunsBoard | None = None
        self.library: LibraryBoard | None = None
        self.part = Part.OPEN
        self._turned = False  # a person has chosen the list
        self._looked_at = ""
        self._alert: int | None = None  # of the run that a further runbook is looked for beside
        self._table.empty = run_rows.EMPTY[self.part]

    def on_mount(self) -> None:
        self._lists.paint(lambda width, height: [self._draw_lists()])
        self._detail.show(lambda width, height: self._draw_detail(width))
        self.deck.know()

    # Asking

    def question(self, view: View) -> Question:
        return runs_question()

    @property
    def line(self) -> RunLine | None:
        """The run under the cursor."""
        row = self._table.selected
        if row is None or self.board is None or self.part is Part.LIBRARY:
            return None
        return next((each for each in self.board.runs if str(each.id) == row.key), None)

    @property
    def runbook(self) -> Runbook | None:
        """The runbook under the cursor."""
        row = self._table.selected
        if row is None or self.library is None or self.part is not Part.LIBRARY:
            return None
        return next((each for each in self.library.runbooks if each.id == row.key), None)

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == LIBRARY:
            self.library = answer.value  # type: ignore[assignment]
            if self.library is not None and self.library.problems:
                self.note("; ".join(self.library.problems))
        else:
            self.board = answer.value  # type: ignore[assignment]
            if self.library is None:
                self.deck.live.ask(library_question())
        self._lists.redraw()
        self._show_table()

    def _show_table(self) -> None:
        if self.board is None or (self.part is Part.LIBRARY and self.library is None):
            return
        if self.part is Part.LIBRARY and self.library is not None:
            found = run_rows.library_rows(self.library.runbooks)
        else:
            found = run_rows.run_rows(self.board.runs, self.part, self.now)
        with self._table.prevent(Table.Moved):
            self._table.show(found, title=run_rows.title(self.part, len(found)))
        self._show_detail()

    def _show_detail(self) -> None:
        row = self._table.selected
        looked_at = f"{self.part} {row.key}" if row is not None else ""
        if looked_at != self._looked_at:
            self._looked_at = looked_at
            self._detail.rewind()
        self._detail.redraw()

    def _draw_detail(self, width: int) -> list[Line]:
        if self.line is not None:
            return draw_run(self.line, self.now, width)
        return draw_runbook(self.runbook, width) if self.runbook is not None else []

    def _draw_lists(self) -> Line:
        return draw_parts(((part.value, self._count(part)) for part in Part), self.part.value)

    def _count(self, part: Part) -> int | None:
        if part is Part.LIBRARY:
            return None if self.library is None else len(self.library.runbooks)
        return None if self.board is None else len(part.of(self.board.runs))

    def tick(self) -> None:
        self._show_table()

    @property
    def status(self) -> Status | None:
        return self.board.status if self.board else None

    # Moving

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_detail()

    def _turn(self, part: Part) -> None:
        self.part, self._alert = part, None
        self._table.set_columns(run_rows.columns(part), run_rows.order(part))
        self._table.narrow("")
        self._table.empty = run_rows.EMPTY[part]
        self._lists.redraw()
        self._show_table()

    def action_next_runs(self) -> None:
        self._turn(self.part.turned(1))

    def action_previous_runs(self) -> None:
        self._turn(self.part.turned(-1))

    def action_turn(self, part: str) -> None:
        """A click on a list's name."""
        self._turn(Part(part))

    def copied(self, row: Row) -> str:
        line = self.line
        return row.key if line is None else f"run {line.id}: {line.title}"

    def incident(self) -> int | str | None:
        line = self.line
        if line is None or line.incident is not None:
            return None if line is None else line.incident
        return f"Run {line.id} belongs to no incident."

    # Opening and starting

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """The run in full, or the form that starts the runbook."""
        event.prevent_default()
        if self.line is not None:
            self.deck.open_run(Target(run=self.line.id))
        elif self.runbook is not None:
            self._start(self.runbook)

    def action_new_run(self) -> None:
        if self._table.waits:
            self.note(UNREAD)  # for which alert it would be is not known yet
        elif self.part is not Part.LIBRARY:
            alert = self.line.alert if self.line is not None else None
            self._turn(Part.LIBRARY)
            self._alert = alert
            about = "" if alert is None else f" for alert {alert}"
            self.note(f"Choose a runbook{about}: Enter or n starts it.")
        elif self.runbook is not None:
            self._start(self.runbook)

    def _start(self, runbook: Runbook) -> None:
        alert = self._alert

        def known() -> None:
            if reason := not_started(runbook, self._person):
                self.deck.forget_keys()
                self.note(reason)
                return
            self.open_form(
                IntentKind.START_RUN,
                lambda settings: FormScreen(wishes.new_run(runbook, alert)),
                partial(self._started, runbook),
            )

        self.may(IntentKind.START_RUN, known, for_form=True)

    @property
    def _person(self) -> Person | None:
        return self.deck.standing.person if self.deck.standing is not None else None

    def _started(self, runbook: Runbook, want: Want | None) -> None:
        """The run is shown as soon as the agent has made it."""
        person = self._person
        if want is None or person is None:
            return
        newest = max((each.id for each in self.board.runs), default=0) if self.board is not None else 0
        opened = self.deck.open_run(Target(runbook=runbook.id, by=person.name, after=newest))
        self.deck.want(replace(want, refused=opened.refused))
