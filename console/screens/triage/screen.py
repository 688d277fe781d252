"""The Triage screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from agent.domain.action import ActionKind
from agent.domain.intent import IntentKind
from agent.ledger.kinds import Kind
from console.actions import bindings
from console.live import Answer, Question
from console.questions import DETAIL, detail_question, triage_question
from console.screens.acting.aim import Aim, NoAim, aim_of_row
from console.screens.acting.open import open_preview
from console.screens.live_screen import UNREAD, LiveScreen
from console.screens.triage import rows as triage_rows
from console.screens.triage.detail import draw_detail
from console.screens.triage.drill import INSIDE, WORDS, Drill, Step
from console.screens.triage.summary import draw_dimensions, draw_summary
from console.view import View
from console.widgets.canvas import Canvas
from console.widgets.ink import Line
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.reports.status import Status
    from agent.reports.triage_report import TriageDetail, TriageReport


class TriageScreen(LiveScreen):
    """A window against the same hour of recent weeks, by six dimensions, and one row taken apart."""

    BINDINGS = [*bindings("triage"), *bindings("acting")]  # noqa: RUF012 - as Textual reads it
    CSS_PATH = "../../styles/triage.tcss"
    topic = "triage"

    def __init__(self, drill: Drill | None = None, select: str | None = None) -> None:
        super().__init__()
        self.report: TriageReport | None = None
        self.detail: TriageDetail | None = None
        self._detail_asked: Question | None = None
        self.drill = drill or Drill()
        self._shown_status: Status | None = None
        self._summary = Canvas("summary")
        self._dimensions = Canvas("dimensions")
        self._table = Table("rows", triage_rows.columns(self.drill.dimension), triage_rows.BY_RISE)
        self._detail = Canvas("detail")
        if select is not None:
            self._table.select(select)

    def body(self) -> ComposeResult:
        yield self._summary
        yield self._dimensions
        yield Container(self._table, self._detail, id="main")

    def on_mount(self) -> None:
        self._dimensions.paint(lambda width, height: [draw_dimensions(self.drill, width)])
        self._table.focus()

    # Asking

    def question(self, view: View) -> Question:
        return triage_question(view, self.drill.within)

    def _ask_detail(self) -> None:
        row, report, kind = self._table.selected, self.report, self.drill.dimension
        if row is None or report is None:
            self.detail = self._detail_asked = None
            self._detail.paint(lambda width, height: [])
            return
        self._detail_asked = detail_question(report, kind, row.key)
        self.ask_beside(self._detail_asked)

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == DETAIL:
            self._show_detail(answer)
            return
        if self.report is None:
            self.deck.know()  # who could sign; after the first report, because it may take a moment
        report: TriageReport
        report, self._shown_status = answer.value  # type: ignore[misc]
        self.report = report
        self._summary.paint(lambda width, height: self._draw_summary(width))
        self._show_table()

    def _draw_summary(self, width: int) -> list[Line]:
        return [draw_summary(self.report, self.now, width)] if self.report else []

    def _show_table(self) -> None:
        """Other rows, or the same with other figures: the detail is asked for once in either case."""
        if self.report is None:
            return
        kind = self.drill.dimension
        table = self.report.table(kind).rows
        with self._table.prevent(Table.Moved):
            self._table.show(triage_rows.rows(table), title=triage_rows.title(kind, self.report, len(table)))
        self._ask_detail()

    def _show_detail(self, answer: Answer) -> None:
        if answer.question is not self._detail_asked:
            return  # of a row or a report that is no longer the one looked at
        detail: TriageDetail = answer.value  # type: ignore[assignment]
        self.detail = detail
        self._detail.paint(lambda width, height: draw_detail(detail, self.now, width, height))

    def tick(self) -> None:
        self._summary.redraw()

    @property
    def table(self) -> Table:
        return self._table

    @property
    def times(self) -> tuple[int, int] | None:
        report, status = self.report, self._shown_status
        if report is None or report.empty or status is None or status.data_as_of is None:
            return None
        return report.at, status.data_as_of

    @property
    def status(self) -> Status | None:
        return self._shown_status

    @property
    def empty(self) -> str:
        return self.report.empty if self.report else ""

    # Moving

    def on_table_moved(self, event: Table.Moved) -> None:
        self._ask_detail()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Drills into the row: team, then project, then key."""
        kind = self.drill.dimension
        if kind not in INSIDE:
            self.note(f"A {WORDS[kind]} is as deep as it goes.")
            return
        step = Step(kind, event.row.key, event.row.cells[0].text)
        deeper = self.drill.into(step)
        if deeper is not None:
            self._go(deeper)

    def step_out(self) -> bool:
        outer = self.drill.out()
        if outer is None:
            return False
        inner = self.drill.steps[-1].value
        self._go(outer, select=inner)
        return True

    def _go(self, drill: Drill, *, select: str | None = None) -> None:
        """Another place or dimension; only another place needs another report."""
        moved = drill.within != self.drill.within
        self.drill, self._detail_asked = drill, None
        self._table.set_columns(triage_rows.columns(drill.dimension), triage_rows.BY_RISE)
        self._table.narrow("")
        self._dimensions.redraw()
        if select is not None:
            self._table.select(select)
        if moved:
            self.deck.live.watch(self.question(self.deck.view))
        else:
            self._show_table()

    def action_next_dimension(self) -> None:
        self._go(self.drill.turned(1))

    def action_previous_dimension(self) -> None:
        self._go(self.drill.turned(-1))

    def action_by(self, name: str) -> None:
        """A click on a dimension."""
        self._go(Drill(Kind[name], self.drill.steps))

    # Acting

    def action_throttle(self) -> None:
        self._hold(IntentKind.THROTTLE, ActionKind.THROTTLE)

    def action_block(self) -> None:
        self._hold(IntentKind.BLOCK, ActionKind.BLOCK)

    def action_cap(self) -> None:
        self._hold(IntentKind.CAP, ActionKind.CAP)

    def action_more(self) -> None:
        from console.screens.acting.more import open_more  # not needed before somebody asks for it

        self._aimed(lambda aim: open_more(self, aim))

    def _hold(self, kind: IntentKind, action: ActionKind) -> None:
        """Opens the preview of acting on what is aimed at."""
        self._aimed(lambda aim: open_preview(self, kind, action, aim))

    def _aimed(self, go_on: Callable[[Aim], None]) -> None:
        """Goes on with the row under the cursor, or with what was drilled into; says why where it cannot."""
        if self.report is None:
            self.note(UNREAD)
            return
        if self.deck.view.at is not None:
            self.note("This is the past, where nothing can be changed: press . for now.")
            return
        key = self._table.selected.key if self._table.selected is not None else None
        rows = self.report.table(self.drill.dimension).rows
        try:
            aim = aim_of_row(self.drill, next((row for row in rows if row.value == key), None))
        except NoAim as why:
            self.note(str(why))
        else:
            go_on(aim)
