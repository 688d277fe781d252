"""The Allocations screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.domain.allocation import Scope
from agent.domain.intent import IntentKind
from console.actions import bindings
from console.live import Answer, Question
from console.screens.actions import wishes as decisions
from console.screens.allocations import glass, making, wishes
from console.screens.allocations import rows as tree_rows
from console.screens.allocations.asking import (
    DECIDE,
    EXPLAIN,
    AllocationBoard,
    Explained,
    allocations_question,
    decide_question,
    explain_question,
)
from console.screens.allocations.detail import chain_of, draw_detail, draw_new
from console.screens.forms.form import FormScreen
from console.screens.forms.preview import PreviewForm, PreviewScreen
from console.screens.live_screen import UNREAD
from console.screens.now_screen import NowScreen
from console.view import View
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.reports.action_report import ActionDetail
    from agent.reports.allocation_tree import PendingChange, TreeRow
    from agent.reports.status import Status


class AllocationsScreen(NowScreen):
    """The tree of allocations, one of them in full, and what is asked of it."""

    BINDINGS = [*bindings("allocations"), *bindings("deciding")]  # noqa: RUF012 - as Textual reads it
    CSS_PATH = "../../styles/control.tcss"
    topic = "allocations"

    def __init__(self) -> None:
        super().__init__(Table("rows", tree_rows.COLUMNS, tree_rows.AS_A_TREE))
        self.board: AllocationBoard | None = None
        self.explained: Explained | None = None
        self._explain_asked: Question | None = None
        self._decide_asked: Question | None = None
        self._shown: str | None = None  # the row that the detail is of
        self._table.empty = (
            "No allocation yet: n asks for the first, or write [[allocations]] into burndeck.toml"
        )

    def on_mount(self) -> None:
        self._lists.paint(
            lambda width, height: [tree_rows.draw_pool(self.board.tree if self.board else None, width)]
        )
        self.deck.know()

    # Asking

    def question(self, view: View) -> Question:
        return allocations_question()

    @property
    def row(self) -> TreeRow | None:
        """The allocation under the cursor."""
        row = self._table.selected
        return None if row is None or self.board is None else self.board.tree.row(row.key)

    @property
    def bare(self) -> bool:
        """Whether nothing has an allocation."""
        return self.board is not None and not self.board.tree.rows

    @property
    def waiting(self) -> tuple[PendingChange, ...]:
        """What is asked for of the row under the cursor."""
        row = self.row
        if row is not None:
            return row.pending
        key = self._table.selected.key if self._table.selected is not None else ""
        new = self.board.tree.new if self.board is not None else ()
        return tuple(change for change in new if key == f"{tree_rows.NEW}{change.action}")

    @property
    def _decidable(self) -> tuple[PendingChange, ...]:
        """The changes that wait for approval on the row under the cursor."""
        return tuple(change for change in self.waiting if change.state == "standby")

    def _ask_detail(self) -> None:
        row = self.row
        key = self._table.selected.key if self._table.selected is not None else None
        if key != self._shown:
            self._shown, self.explained = key, None
            self._detail.rewind()
        self._paint_detail()
        if row is not None:
            self._explain_asked = explain_question(Scope.parse(row.budget.scope))
            self.ask_beside(self._explain_asked)

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == EXPLAIN:
            if answer.question is self._explain_asked:
                self.explained = answer.value  # type: ignore[assignment]
                self._paint_detail()
            return
        if answer.question.topic == DECIDE:
            self._open_decision(answer)
            return
        board: AllocationBoard = answer.value  # type: ignore[assignment]
        self.board = board
        self._lists.redraw()
        with self._table.prevent(Table.Moved):
            self._table.show(tree_rows.rows(board.tree), title=tree_rows.title(board.tree))
        self._ask_detail()

    def _paint_detail(self) -> None:
        board, row, waiting, explained = self.board, self.row, self.waiting, self.explained
        if board is not None and row is not None:
            self._detail.show(
                lambda width, height: draw_detail(board.tree, row, explained, self.now, width, height)
            )
        elif waiting:
            self._detail.show(lambda width, height: draw_new(waiting[0], self.now, width, height))
        else:
            self._detail.show(lambda width, height: [])

    @property
    def status(self) -> Status | None:
        return self.board.status if self.board else None

    def on_table_moved(self, event: Table.Moved) -> None:
        self._ask_detail()
        self._hints.redraw()

    @property
    def hinted(self) -> str:
        """Approving comes first where something waits for it, and nothing else is left where nothing is."""
        if self._decidable:
            return "allocations_asked"
        return "allocations_bare" if self.bare else self.topic

    def copied(self, row: Row) -> str:
        return row.key

    # Acting

    def action_propose(self) -> None:
        self._ask_for(IntentKind.ALLOCATE, wishes.propose)

    def action_top_up(self) -> None:
        self._ask_for(IntentKind.TOP_UP, wishes.top_up)

    def action_create(self) -> None:
        row = self.row
        if row is not None and (why := making.not_below(row)):
            self.note(why)
        elif self.bare:
            self.ask_for(IntentKind.ALLOCATE, lambda settings: PreviewScreen(making.first()))
        else:
            self._ask_for(IntentKind.ALLOCATE, making.create)

    def action_retire(self) -> None:
        self._ask_for(IntentKind.ALLOCATE, lambda row: making.retire(row, self._around(row)))

    def _around(self, row: TreeRow) -> TreeRow | None:
        """What lies directly around an allocation."""
        chain = (
            chain_of(self.board.tree, row) if self.board is not None and row in self.board.tree.rows else []
        )
        return chain[-2] if len(chain) > 1 else None

    def action_break_glass(self) -> None:
        self._ask_for(IntentKind.BREAK_GLASS, glass.break_glass)

    def _ask_for(self, kind: IntentKind, form: Callable[[TreeRow], PreviewForm]) -> None:
        row = self.row
        if self.bare:
            self.note("There is no allocation yet: n asks for the first one.")
        elif row is None:
            self.none_here("allocation")
        else:
            self.ask_for(kind, lambda settings: PreviewScreen(form(row)))

    def action_approve(self) -> None:
        self._decide(approve=True)

    def action_deny(self) -> None:
        self._decide(approve=False)

    def _decide(self, *, approve: bool) -> None:
        """Reads a change that waits on this row in full; the form opens with the answer."""
        waiting = self._decidable
        if not waiting:
            self.note(UNREAD if self._table.waits else "Nothing waits for approval here.")
        elif len(waiting) == 1:
            self._read_decision(str(waiting[0].action), approve)
        else:
            from console.screens.runbook.choices import ChoiceScreen

            which = [(str(each.action), each.text, f"by {each.asked_by}") for each in waiting]
            title = "Approve" if approve else "Deny"
            self.deck.push_form(
                ChoiceScreen(title, "which of them?", which),
                lambda chosen: self._read_decision(chosen, approve),
            )

    def _read_decision(self, chosen: str | None, approve: bool) -> None:
        if chosen is not None:
            self._decide_asked = self.ask_first(decide_question(int(chosen), approve=approve))

    def _open_decision(self, answer: Answer) -> None:
        if answer.question is not self._decide_asked:
            return
        self._decide_asked = None
        if answer.value is None:
            return
        detail: ActionDetail = answer.value  # type: ignore[assignment]
        approve = bool(answer.question.about[1])
        wish = decisions.approve if approve else decisions.deny
        person = self.deck.standing.person if self.deck.standing is not None else None
        if person is not None and (why := decisions.not_decided(detail.entry, person, approve=approve)):
            self.note(why)
            self.deck.stopped(decisions.KINDS[wish], why, f"action:{detail.entry.id}")
            return
        self.ask_for(decisions.KINDS[wish], lambda settings: FormScreen(wish(detail, self.now)))
