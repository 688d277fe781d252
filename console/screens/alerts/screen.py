"""The Alerts screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind
from agent.domain.intent import IntentKind
from console.actions import bindings
from console.live import Answer, Question
from console.questions import ALERT, alert_question, alerts_question
from console.screens.acting.aim import Aim, NoAim, aim_of_alert
from console.screens.acting.open import open_preview
from console.screens.alerts import rows as alert_rows
from console.screens.alerts import wishes
from console.screens.alerts.detail import draw_detail
from console.screens.alerts.rows import Listed
from console.screens.alerts.target import drill_of, instant_of
from console.screens.detail_screen import PAST, DetailScreen, Looked, draw_parts
from console.screens.forms.form import Form, FormScreen
from console.view import View
from console.widgets.ink import Line
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.reports.alert_board import AlertBoard
    from agent.reports.alert_list import AlertEntry
    from agent.reports.alert_report import AlertDetail
    from agent.reports.status import Status
    from agent.settings import Settings
    from console.screens.triage.drill import Drill

Wish = Callable[["Settings", "AlertEntry", "AlertBoard", float], Form]


class AlertsScreen(DetailScreen):
    """Alerts in four lists, one of them in detail, and what a person can do about it."""

    BINDINGS = [*bindings("alerts"), *bindings("acting"), *bindings("answering")]  # noqa: RUF012 - as Textual reads it
    CSS_PATH = ["../../styles/control.tcss", "../../styles/alerts.tcss"]  # noqa: RUF012 - as Textual reads it
    topic = "alerts"

    def __init__(self, select: int | None = None) -> None:
        listed = Listed.ACTIVE
        super().__init__(Table("rows", alert_rows.columns(listed), alert_rows.order(listed)))
        self.board: AlertBoard | None = None
        self.listed = listed
        self._wanted = select
        self._looked: Looked[AlertDetail] = Looked(
            self._detail, lambda detail, width, height: draw_detail(detail, self._seen_at, width, height)
        )
        self._table.empty = alert_rows.EMPTY[listed]

    def on_mount(self) -> None:
        self._lists.paint(lambda width, height: [self._draw_lists()])
        self.deck.know()

    # Asking

    def question(self, view: View) -> Question:
        return alerts_question(view)

    def _ask_detail(self) -> None:
        entry = self.entry
        if entry is None:
            self._looked.clear()
        else:
            self._looked.ask(self.ask_beside, alert_question(entry.id, self.deck.view), entry.id)

    @property
    def entry(self) -> AlertEntry | None:
        """The alert under the cursor."""
        row = self._table.selected
        return None if row is None or self.board is None else self.board.entry(int(row.key))

    @property
    def detail(self) -> AlertDetail | None:
        """The alert that is shown in full."""
        return self._looked.value

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == ALERT:
            self._looked.show(answer)
            return
        board: AlertBoard = answer.value  # type: ignore[assignment]
        self.board = board
        if self._wanted is not None:
            self.go_to(self._wanted)
        self._lists.redraw()
        self._show_table()
        self._ask_detail()

    def _show_table(self) -> None:
        board = self.board
        if board is None:
            return
        found = alert_rows.rows(self.listed.of(board), self.listed, self._seen_at)
        with self._table.prevent(Table.Moved):
            self._table.show(found, title=alert_rows.title(self.listed, board))

    @property
    def _seen_at(self) -> float:
        """The instant that ages and countdowns are counted from: in the past, that instant."""
        return self.now if self.board is None or self.board.live else self.board.at

    def _draw_lists(self) -> Line:
        board = self.board
        counted = ((each.value, None if board is None else len(each.of(board))) for each in Listed)
        return draw_parts(counted, self.listed.value)

    def tick(self) -> None:
        self._show_table()
        self._detail.redraw()

    @property
    def hinted(self) -> str:
        return "alert" if self.opened else self.topic

    @property
    def times(self) -> tuple[int, int] | None:
        board = self.board
        if board is None or board.status.data_as_of is None:
            return None
        return board.at, board.status.data_as_of

    @property
    def status(self) -> Status | None:
        return self.board.status if self.board else None

    @property
    def empty(self) -> str:
        return self.board.empty if self.board else ""

    # Moving

    def go_to(self, ident: int) -> None:
        """Puts the cursor on an alert, in the list that it is in."""
        self._wanted = ident
        if self.board is None or self.board.entry(ident) is None:
            return
        self._wanted = None
        listed = next(each for each in Listed if any(e.id == ident for e in each.of(self.board)))
        if listed is not self.listed:
            self._turn(listed)
        self._table.narrow("")
        self._table.select(str(ident))

    def on_table_moved(self, event: Table.Moved) -> None:
        self._wanted = None  # somebody looks elsewhere
        self._ask_detail()

    def _turn(self, listed: Listed) -> None:
        self.listed = listed
        self._table.set_columns(alert_rows.columns(listed), alert_rows.order(listed))
        self._table.narrow("")
        self._table.empty = alert_rows.EMPTY[listed]
        self._lists.redraw()
        self._show_table()
        self._ask_detail()

    def action_next_list(self) -> None:
        self._turn(self.listed.turned(1))

    def action_previous_list(self) -> None:
        self._turn(self.listed.turned(-1))

    def action_turn(self, listed: str) -> None:
        """A click on a list's name."""
        self._turn(Listed(listed))

    def copied(self, row: Row) -> str:
        entry = self.entry
        return row.key if entry is None else f"alert {entry.id}: {' '.join(entry.summary.split())}"

    def triage(self) -> tuple[Drill, str | None, int | None] | None:
        entry, times = self.entry, self.times
        if entry is None or times is None:
            return None
        view = self.deck.view
        at = view.at if view.at is not None else instant_of(entry, times[1], view.window_s)
        return (*drill_of(entry), at)

    def incident(self) -> int | str | None:
        entry = self.entry
        if entry is None or entry.incident is not None:
            return None if entry is None else entry.incident
        return f"Alert {entry.id} belongs to no incident."

    # Acting

    def action_acknowledge(self) -> None:
        self._act(IntentKind.ACKNOWLEDGE, wishes.not_acknowledged, wishes.acknowledge)

    def action_silence(self) -> None:
        self._act(IntentKind.SILENCE, wishes.not_silenced, wishes.silence)

    def action_lift(self) -> None:
        self._act(IntentKind.UNSILENCE, wishes.not_lifted, wishes.lift)

    def action_planned(self) -> None:
        self._act(IntentKind.PLANNED_ACTIVITY, wishes.not_planned, wishes.planned)

    def action_runbook(self) -> None:
        entry = self.entry
        # Opened from the bar, it is meant before it is in the list: never the row that happens to be there.
        ident = self._wanted if self._wanted is not None or entry is None else entry.id
        if ident is None:
            self.none_here("alert")
        elif self.deck.view.at is not None:
            self.note(PAST)
        else:
            from console.screens.runbook.asking import Target  # not needed before somebody asks

            self.deck.open_run(Target(alert=ident))

    def _act(self, kind: IntentKind, refuses: Callable[[AlertEntry], str], wish: Wish) -> None:
        """Opens the form of an action on the alert under the cursor, where it can be done at all."""
        entry, board = self.entry, self.board
        if self._wanted is not None:
            self.note(f"Alert {self._wanted} is not in the list yet: again in a moment.")
        elif entry is None or board is None:
            self.none_here("alert")
        elif not board.live:
            self.note(PAST)
        elif reason := refuses(entry):
            self.note(reason)
            self.deck.stopped(kind, reason, f"alert:{entry.id}")
        else:
            self.ask_for(kind, lambda settings: FormScreen(wish(settings, entry, board, self.now)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the list t still turns to Triage, and b to Burn; they act on an alert that is opened."""
        if action in ("throttle", "block", "cap", "more") and not self.opened:
            return False
        return super().check_action(action, parameters)

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
        """Goes on with what the alert under the cursor is about; says why where it cannot."""
        entry, board = self.entry, self.board
        if entry is None or board is None:
            self.none_here("alert")
        elif not board.live:
            self.note(PAST)
        else:
            try:
                detail = self._looked.of(entry.id)
                aim = aim_of_alert(entry, detail.key if detail is not None else "")
            except NoAim as why:
                self.note(str(why))
            else:
                go_on(aim)
