"""The Burn screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal

from agent.ledger.kinds import Kind
from console.actions import bindings
from console.live import Answer, Question
from console.questions import burn_question
from console.screens.burn import rows as burn_rows
from console.screens.burn.alerts import draw_alerts, lines_needed
from console.screens.burn.plots import draw_plots
from console.screens.burn.tiles import draw_tiles
from console.screens.live_screen import LiveScreen
from console.view import View
from console.widgets.canvas import Canvas
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.reports.burn_report import BurnReport
    from agent.reports.status import Status


class BurnScreen(LiveScreen):
    """Burn now against usual, month against allocation, who and what burns, open alerts."""

    BINDINGS = bindings("burn")
    topic = "burn"

    def __init__(self) -> None:
        super().__init__()
        self.report: BurnReport | None = None
        self._alerts = Canvas("alerts")
        self._tiles = Canvas("tiles")
        self._plots = Canvas("plots")
        self._teams = Table("teams", burn_rows.columns("team"), burn_rows.BY_NOW)
        self._models = Table("models", burn_rows.columns("model"), burn_rows.BY_NOW)
        self._models.add_class("-other", update=False)
        self._current = self._teams

    def body(self) -> ComposeResult:
        yield self._alerts
        yield self._tiles
        yield self._plots
        yield Horizontal(self._teams, self._models, id="tables")

    def on_mount(self) -> None:
        self._teams.focus()

    def question(self, view: View) -> Question:
        return burn_question(view)

    def show(self, answer: Answer) -> None:
        report: BurnReport = answer.value  # type: ignore[assignment]
        self.report = report
        if report.empty:
            return
        self._alerts.styles.height = lines_needed(report, 1 if self.size.height < 30 else 4)
        self._alerts.paint(lambda width, height: draw_alerts(report, self.now, width, height))
        self._tiles.paint(lambda width, height: draw_tiles(report, self.now, width, height))
        self._plots.paint(lambda width, height: draw_plots(report, width, height))
        for table, name, burning in (
            (self._teams, "Teams", report.teams),
            (self._models, "Models", report.models),
        ):
            table.show(burn_rows.rows(burning), title=burn_rows.title(name, report, len(burning)))

    def tick(self) -> None:
        self._tiles.redraw()
        self._alerts.redraw()

    @property
    def table(self) -> Table:
        return self._current

    @property
    def times(self) -> tuple[int, int] | None:
        report = self.report
        if report is None or report.empty or report.status.data_as_of is None:
            return None
        return report.at, report.status.data_as_of

    @property
    def status(self) -> Status | None:
        return self.report.status if self.report else None

    @property
    def empty(self) -> str:
        return self.report.empty if self.report else ""

    def action_next_table(self) -> None:
        self._turn_to(self._models if self._current is self._teams else self._teams)

    def action_previous_table(self) -> None:
        self.action_next_table()

    def on_descendant_focus(self) -> None:
        """A click into the other table makes it the current one."""
        if isinstance(self.focused, Table) and self.focused is not self._current:
            self._turn_to(self.focused)

    def _turn_to(self, table: Table) -> None:
        self._current.add_class("-other")
        table.remove_class("-other")
        self._current = table
        table.focus()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Drills into a team or model: Triage shows what is inside it."""
        from console.screens.triage.drill import Drill, Step  # not needed for the first frame

        kind = Kind.TEAM if event.table is self._teams else Kind.MODEL
        self.deck.open_triage(Drill().into(Step(kind, event.row.key, event.row.key)))
