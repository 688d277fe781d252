"""A run in full: its steps, the one that is looked at, and the newest of its timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from agent.errors import BurndeckError
from console.actions import bindings
from console.live import Answer, Question
from console.screens.now_screen import NowScreen
from console.screens.runbook.asking import DECISION, RunBoard, Target, run_question
from console.screens.runbook.brief import draw_next
from console.screens.runbook.doing import Doing
from console.screens.runbook.head import draw_head, draw_head_of_next
from console.screens.runbook.starting import Starting
from console.screens.runbook.step import draw_step
from console.screens.runbook.steps import Steps, step_rows, steps_title
from console.screens.runbook.timeline import draw_newest
from console.view import View
from console.widgets.canvas import Canvas
from console.widgets.ink import Line
from console.widgets.pane import Pane
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.reports.status import Status
    from agent.runbooks.view import RunView, StepView

HINT = "The agent has been asked to start it, and answers its first questions."


class RunScreen(NowScreen):
    """A run; what can be done about it is in `Doing`."""

    BINDINGS = bindings("run")
    CSS_PATH = ["../../styles/control.tcss", "../../styles/runbook.tcss"]  # noqa: RUF012 - as Textual reads it
    topic = "run"

    def __init__(self, target: Target) -> None:
        super().__init__(Steps(self._turn_page))
        self.target = target
        self.board: RunBoard | None = None
        self._at = 0  # the step that the run was at when it was shown last
        self._looked_at = ""
        self._head = Canvas("head")
        self._newest = Canvas("newest")
        self._doing = Doing(self)
        self._starting = Starting(self)

    def body(self) -> ComposeResult:
        yield self._head
        yield Container(self._table, self._detail, id="main")
        yield self._newest

    def on_mount(self) -> None:
        self._head.paint(lambda width, height: self._draw_head(width))
        self._detail.show(self._draw_step)
        self._newest.paint(self._draw_newest)
        self.deck.know()

    # Asking

    def question(self, view: View) -> Question:
        return run_question(self.target)

    @property
    def view(self) -> RunView | None:
        """The run as it was read last."""
        return self.board.view if self.board is not None else None

    @property
    def hinted(self) -> str:
        return "run_ended" if self.view is not None and not self.view.run.at else self.topic

    @property
    def step(self) -> StepView | None:
        """The step under the cursor."""
        row, view = self._table.selected, self.view
        if row is None or view is None:
            return None
        return next((each for each in view.steps if str(each.declared.seq) == row.key), None)

    @property
    def person(self) -> Person | None:
        """Who is here, as far as that is known."""
        return self.deck.standing.person if self.deck.standing is not None else None

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == DECISION:
            self._doing.decide(answer)
            return
        board: RunBoard = answer.value  # type: ignore[assignment]
        before, self.board = self.view, board
        if board.view is None:
            self._starting.go_on(board)
            self.wait()
            return
        if self.target.run is None:
            self.target = Target(run=board.view.run.id)
            self.deck.live.watch(self.question(self.deck.view))
        self._tell_taken(before, board.view)
        self._show_run(board.view)

    def refused(self, reason: str) -> None:
        """What this screen waits for will not come."""
        if self.is_attached and self.view is None:
            self._starting.refused(reason)
            self.wait()

    def _tell_taken(self, before: RunView | None, after: RunView) -> None:
        """Whoever held the run a moment ago hears that somebody else does now."""
        me, holder = self.person, after.run.holder
        if before is None or me is None or not before.run.holder == me.name != holder:
            return
        held = next((each for each in reversed(after.events) if each.kind == "held"), None)
        if held is None or held.actor != me.name:
            self.note(f"{holder} has taken run {after.run.id} over: its steps are not yours any more.")

    def wait(self) -> None:
        """There is no run yet: what is about to begin shows, if it is known."""
        self._say_trouble(BurndeckError(self.empty) if self.empty else None)
        self._head.redraw()
        self._detail.redraw()

    def _show_run(self, view: RunView) -> None:
        """The cursor follows the run, unless it was put on another step."""
        followed = not self._at or self._looked_at in ("", str(self._at))
        if self.focused is None:
            self.call_after_refresh(self._table.focus)  # it was hidden while there was no run
        self._table.show(step_rows(view), title=steps_title(view))
        if view.run.at != self._at and view.run.at and followed:
            self._table.select(str(view.run.at))
        elif not self._at and not view.run.at:
            self._table.select(str(max((s.seq for s in view.run.steps if s.ended_at), default=1)))
        self._at = view.run.at
        self._show_step()

    def _show_step(self) -> None:
        row = self._table.selected
        if row is not None and row.key != self._looked_at:
            self._looked_at = row.key
            self._detail.rewind()
        for canvas in (self._head, self._detail, self._newest):
            canvas.redraw()

    def _draw_head(self, width: int) -> list[Line]:
        if self.view is not None:
            return [draw_head(self.view, self.person, self.now, width)]
        waited = self._starting.runbook
        return [] if waited is None else [draw_head_of_next(waited, width)]

    def _draw_step(self, width: int, height: int) -> list[Line]:
        view, step, waited = self.view, self.step, self._starting.runbook
        if view is None and waited is not None:
            return draw_next(waited, HINT, width)
        if view is None or step is None:
            return []
        below = not self._newest.size.height
        return draw_step(
            view,
            step,
            self.person,
            self.now,
            (width, height),
            events=below,
            read_only=self.deck.read_only,
            widened=self.opened,
        )

    def _draw_newest(self, width: int, height: int) -> list[Line]:
        return [] if self.view is None else draw_newest(self.view, width, height)

    def tick(self) -> None:
        self._head.redraw()
        self._detail.redraw()

    def hear_alarm(self) -> None:
        super().hear_alarm()
        self.tick()  # who is here may be known by now

    @property
    def tab(self) -> str:
        return "runbooks"

    @property
    def status(self) -> Status | None:
        return self.board.status if self.board else None

    @property
    def empty(self) -> str:
        if self.board is None or self.board.view is not None:
            return ""
        waits = self._starting.runbook is not None
        return self.board.missing or self._starting.said or ("" if waits else HINT)

    # Moving

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_step()

    def _turn_page(self, by: int) -> None:
        """Keys that turn pages turn those of the step, wherever the cursor is."""
        if by > 0:
            self._detail.action_half_page_down()
        else:
            self._detail.action_half_page_up()

    def action_widen(self) -> None:
        self.open_detail(not self.opened)

    def step_out(self) -> bool:
        """Back to the steps, to all of them, then to where the run was opened from."""
        if super().step_out():
            return True
        if self._table.filter.text:
            self._table.narrow("")
        else:
            self.app.pop_screen()
        return True

    def copied(self, row: Row) -> str:
        view = self.view
        return row.key if view is None else f"run {view.run.id}, step {row.key}"

    def incident(self) -> int | str | None:
        if self.view is None:
            return None
        run = self.view.run
        return run.incident if run.incident is not None else f"Run {run.id} belongs to no incident."

    # Acting

    def on_table_chosen(self, event: Table.Chosen) -> None:
        event.prevent_default()  # Enter acts here, also on the step in full
        self._doing.next()

    def on_pane_chosen(self, event: Pane.Chosen) -> None:
        event.prevent_default()
        self._doing.next()

    def action_skip(self) -> None:
        self._doing.skip()

    def action_take_back(self) -> None:
        self._doing.take_back()

    def action_roll_back(self) -> None:
        self._doing.roll_back()

    def action_agree(self) -> None:
        self._doing.agree()

    def action_overrule(self) -> None:
        self._doing.overrule()

    def action_reopen(self) -> None:
        self._doing.reopen()

    def action_assign(self) -> None:
        self._doing.assign()

    def action_set_value(self) -> None:
        self._doing.set_value()

    def action_close_run(self) -> None:
        self._doing.close()

    def action_export(self) -> None:
        self._doing.export()
