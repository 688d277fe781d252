"""The Incident screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from console.actions import bindings
from console.live import Answer, Question
from console.screens.actions import wishes
from console.screens.actions.undoing import Undoing
from console.screens.detail_screen import PAST, DetailScreen, Looked, draw_parts
from console.screens.exporting import export_incident
from console.screens.incident import rows as incident_rows
from console.screens.incident.asking import INCIDENT, incident_question, incidents_question
from console.screens.incident.detail import draw_detail
from console.screens.incident.rows import Stage
from console.view import View
from console.widgets.ink import Line
from console.widgets.pane import Pane
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.reports.incident_board import IncidentBoard
    from agent.reports.incident_view import IncidentView
    from agent.reports.status import Status


class IncidentScreen(DetailScreen):
    """Incidents in two lists, and one of them as a whole.

    Opened for one incident it shows that one, and Esc goes back to where it was opened.
    """

    BINDINGS = [*bindings("incident"), *bindings("answering")]  # noqa: RUF012 - as Textual reads it
    CSS_PATH = "../../styles/control.tcss"
    topic = "incident"

    def __init__(self, select: int | None = None) -> None:
        stage = Stage.OPEN
        super().__init__(Table("rows", incident_rows.columns(stage), incident_rows.order(stage)))
        self.board: IncidentBoard | None = None
        self.stage = stage
        self._for = select  # the one that it was opened for, until a person looks at the list
        self._wanted = select
        self._looked: Looked[IncidentView] = Looked(
            self._detail, lambda view, width, height: draw_detail(view, self._seen_at, width, height)
        )
        self._undoing = Undoing(self)
        self._table.empty = incident_rows.EMPTY[stage]

    def on_mount(self) -> None:
        self._lists.paint(lambda width, height: [self._draw_lists()])
        self.deck.know()
        if self._for is not None:
            self.call_after_refresh(self.open_detail, True)

    # Asking

    def question(self, view: View) -> Question:
        return incidents_question(view)

    @property
    def hinted(self) -> str:
        return "incident_full" if self.opened else self.topic

    @property
    def ident(self) -> int | None:
        """The incident that is looked at; the one it was opened for may be too old to be listed."""
        if self._for is not None:
            return self._for
        row = self._table.selected
        return None if row is None else int(row.key)

    @property
    def view(self) -> IncidentView | None:
        """The incident that is looked at, as far as it is known."""
        return self._looked.of(self.ident)

    def _ask_detail(self) -> None:
        ident = self.ident
        if ident is None:
            self._looked.clear()
        else:
            self._looked.ask(self.ask_beside, incident_question(ident, self.deck.view), ident)

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == INCIDENT:
            self._looked.show(answer)
            return
        if self._undoing.takes(answer):
            return
        self.board = answer.value  # type: ignore[assignment]
        if self._wanted is not None:
            self._go_to(self._wanted)
        self._lists.redraw()
        self._show_table()
        self._ask_detail()

    def _go_to(self, ident: int) -> None:
        """Puts the cursor on an incident, in the list that it is in."""
        row = self.board.row(ident) if self.board is not None else None
        if row is None:
            return
        self._wanted = None
        stage = Stage.OPEN if row.entry.closed_at is None else Stage.CLOSED
        if stage is not self.stage:
            self._turn(stage)
        self._show_table()
        self._table.select(str(ident))

    def _show_table(self) -> None:
        if self.board is None:
            return
        found = incident_rows.rows(self.board.incidents, self.stage, self._seen_at)
        with self._table.prevent(Table.Moved):
            self._table.show(found, title=incident_rows.title(self.stage, len(found)))

    def _draw_lists(self) -> Line:
        board = self.board
        counted = ((each.value, None if board is None else len(each.of(board.incidents))) for each in Stage)
        return draw_parts(counted, self.stage.value)

    @property
    def _seen_at(self) -> float:
        """The instant that ages and countdowns are counted from: in the past, that instant."""
        return self.now if self.board is None or self.board.live else self.board.at

    def tick(self) -> None:
        self._show_table()
        self._detail.redraw()

    @property
    def times(self) -> tuple[int, int] | None:
        board = self.board
        if board is None or board.status.data_as_of is None:
            return None
        return board.at, board.status.data_as_of

    @property
    def status(self) -> Status | None:
        return self.board.status if self.board else None

    # Moving

    def on_table_moved(self, event: Table.Moved) -> None:
        self._ask_detail()

    def on_pane_chosen(self, event: Pane.Chosen) -> None:
        """The list, which is then what Esc comes back to."""
        self._for = None

    def step_out(self) -> bool:
        if self._for is None and super().step_out():
            return True
        self.app.pop_screen()
        return True

    def _turn(self, stage: Stage) -> None:
        self.stage = stage
        self._table.set_columns(incident_rows.columns(stage), incident_rows.order(stage))
        self._table.narrow("")
        self._table.empty = incident_rows.EMPTY[stage]
        self._lists.redraw()
        self._show_table()
        self._ask_detail()

    def action_next_stage(self) -> None:
        self._for = None
        self.open_detail(False)
        self._turn(self.stage.other)

    def action_turn(self, stage: str) -> None:
        """A click on a list's name."""
        self._for = None
        self.open_detail(False)
        self._turn(Stage(stage))

    def copied(self, row: Row) -> str:
        found = self.board.row(int(row.key)) if self.board is not None else None
        return row.key if found is None else f"incident {row.key}: {' '.join(found.entry.title.split())}"

    # Acting

    def action_export_incident(self) -> None:
        if self.ident is None:
            self.none_here("incident")
        else:
            export_incident(self, self.ident)

    def action_runbook(self) -> None:
        """The run that answers it; of several that are open the newest."""
        view = self.view
        if view is None:
            self.note("There is no incident under the cursor, or it is still being read.")
        elif not view.live:
            self.note(PAST)
        else:
            from console.screens.runbook.asking import Target  # not needed before somebody asks

            self.deck.open_run(Target(incident=view.entry.id))

    def action_undo_incident(self) -> None:
        view = self.view
        if view is None:
            self.note("There is no incident under the cursor, or it is still being read.")
        elif not view.live:
            self.note(PAST)
        elif reason := wishes.nothing_of(view.entry.id, [each.entry for each in view.actions]):
            self.note(reason)
            self.deck.stopped(IntentKind.RELEASE, reason, f"incident:{view.entry.id}")
        else:
            self._undoing.begin(view.entry.id)
