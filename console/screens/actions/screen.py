"""The Actions screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from console.actions import bindings
from console.live import Answer, Question
from console.screens.actions import folded, wishes
from console.screens.actions import rows as action_rows
from console.screens.actions.asking import (
    ACTION,
    WITHDRAW,
    ActionBoard,
    action_question,
    actions_question,
    withdraw_question,
)
from console.screens.actions.detail import draw_detail
from console.screens.actions.folded import FOLD, Fold
from console.screens.actions.folding import Folding
from console.screens.actions.queued import draw_queued, withdraw
from console.screens.actions.rows import Part
from console.screens.actions.undoing import Undoing
from console.screens.detail_screen import Looked, draw_parts
from console.screens.forms.form import Form, FormScreen
from console.screens.live_screen import UNREAD
from console.screens.now_screen import NowScreen
from console.view import View
from console.widgets.ink import Line
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.control.queued import Queued
    from agent.domain.person import Person
    from agent.reports.action_report import ActionDetail, ActionEntry
    from agent.reports.status import Status

Wish = Callable[..., Form]
"""The form on an action in full, at an instant; of an incident, with what becomes of its actions."""


class ActionsScreen(NowScreen):
    """Actions in three lists, one of them in detail, and their undo."""

    BINDINGS = [*bindings("actions"), *bindings("deciding")]  # noqa: RUF012 - as Textual reads it
    CSS_PATH = "../../styles/control.tcss"
    topic = "actions"

    def __init__(self) -> None:
        super().__init__(Table("rows", action_rows.columns(Part.IN_FORCE), action_rows.order(Part.IN_FORCE)))
        self.board: ActionBoard | None = None
        self.part = Part.IN_FORCE
        self._turned = False  # the list is chosen, by a person or by what was there at first
        self._looked: Looked[ActionDetail] = Looked(
            self._detail, lambda detail, width, height: draw_detail(detail, self.now, width, height)
        )
        self._withdraw_asked: Question | None = None
        self._undoing = Undoing(self)
        self._folding = Folding(self, self._detail)
        self._table.empty = action_rows.EMPTY[self.part]

    def on_mount(self) -> None:
        self._lists.paint(lambda width, height: [self._draw_lists()])
        self.deck.know()

    # Asking

    def question(self, view: View) -> Question:
        return actions_question()

    def _ask_detail(self) -> None:
        entry, queued, fold = self.entry, self.queued, self.fold
        self._hints.redraw()
        if fold is not None:
            self._looked.forget()
            self._folding.look(fold)
            return
        self._folding.leave()
        if entry is not None:
            self._looked.ask(self.ask_beside, action_question(entry.id), entry.id)
            return
        self._looked.clear()
        if queued is not None:
            alive = self.board is not None and self.board.agent_alive
            self._detail.show(lambda width, height: draw_queued(queued, self.now, width, alive=alive))

    @property
    def entry(self) -> ActionEntry | None:
        """The action under the cursor."""
        row = self._table.selected
        if row is None or self.board is None or not row.key.isdecimal():
            return None
        return self.board.entry(int(row.key))

    @property
    def fold(self) -> Fold | None:
        """What stands for several actions, where it is under the cursor."""
        row = self._table.selected
        if row is None or self.board is None or not row.key.startswith(FOLD):
            return None
        found = folded.fold(self.part.of(self.board.entries))
        return next((each for each in found if isinstance(each, Fold) and each.key == row.key), None)

    @property
    def _about(self) -> ActionEntry | None:
        """The action under the cursor, or one of several: what they answer is the same of each."""
        fold = self.fold
        return self.entry if fold is None else fold.first

    @property
    def queued(self) -> Queued | None:
        """What waits for the agent, where it is under the cursor."""
        row = self._table.selected
        if row is None or self.board is None or not row.key.startswith(action_rows.INTENT):
            return None
        return self.board.intent(int(row.key.removeprefix(action_rows.INTENT)))

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == ACTION:
            self._looked.show(answer)
            return
        if self._undoing.takes(answer) or self._folding.takes(answer):
            return
        if answer.question.topic == WITHDRAW:
            self._open_withdrawal(answer)
            return
        board: ActionBoard = answer.value  # type: ignore[assignment]
        before, self.board = self.board, board
        stuck = board.queued if not board.agent_alive else ()
        if not self._turned and not self.part.of(board.entries) and (Part.WAITING.of(board.entries) or stuck):
            self._turn(Part.WAITING)  # what is to be done comes before an empty list
        self._turned = True  # later a row of another list would come under the hands of who undoes one
        if before is not None and (undone := action_rows.undone(before.entries, board.entries)):
            self.note(undone)
        self._lists.redraw()
        self._show_table()
        self._ask_detail()

    def _show_table(self) -> None:
        if self.board is None:
            return
        found = folded.rows(self.board.entries, self.part, self.now, self._folding.unfolded)
        if self.part is Part.WAITING:  # what people have signed stands above what the agent asks for
            found = [*action_rows.queued_rows(self.board.queued, self.now), *found]
        with self._table.prevent(Table.Moved):
            listed = self.part.of(self.board.entries)
            unwritten = len(listed) - len(action_rows.written(listed))
            self._table.show(
                found, title=action_rows.title(self.part, self._count(self.part) or 0, unwritten)
            )

    def _draw_lists(self) -> Line:
        return draw_parts(((part.value, self._count(part)) for part in Part), self.part.value)

    def _count(self, part: Part) -> int | None:
        board = self.board
        if board is None:
            return None
        return len(action_rows.written(part.of(board.entries))) + (
            len(board.queued) if part is Part.WAITING else 0
        )

    def tick(self) -> None:
        self._show_table()
        self._detail.redraw()

    @property
    def status(self) -> Status | None:
        return self.board.status if self.board else None

    @property
    def hinted(self) -> str:
        return self.topic if self.fold is None else "actions_folded"

    # Moving

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """All of the row in place of the table; of what is folded, a row of each below it."""
        fold = self.fold
        if fold is not None:
            event.prevent_default()
            self._folding.turn(fold)
            self._show_table()

    def on_table_moved(self, event: Table.Moved) -> None:
        self._ask_detail()

    def _turn(self, part: Part) -> None:
        self.part = part
        self._table.set_columns(action_rows.columns(part), action_rows.order(part))
        self._table.narrow("")
        self._table.empty = action_rows.EMPTY[part]
        self._lists.redraw()
        self._show_table()
        self._ask_detail()

    def action_next_part(self) -> None:
        self._turned = True
        self._turn(self.part.turned(1))

    def action_previous_part(self) -> None:
        self._turned = True
        self._turn(self.part.turned(-1))

    def action_turn(self, part: str) -> None:
        """A click on a list's name."""
        self._turned = True
        self._turn(Part(part))

    def copied(self, row: Row) -> str:
        entry, queued, fold = self.entry, self.queued, self.fold
        if fold is not None:
            return f"actions {', '.join(map(str, fold.ids))}: {fold.title}"
        if queued is not None:
            return f"intent {queued.id}: {queued.title}"
        return row.key if entry is None else f"action {entry.id}: {entry.named_fully}"

    def action_occasion(self) -> None:
        entry = self._about
        if entry is None or entry.alert is None:
            self.note("No alert stands behind it.")
        else:
            self.deck.open_alert(entry.alert)

    def incident(self) -> int | str | None:
        entry = self._about
        if entry is None or entry.incident is not None:
            return None if entry is None else entry.incident
        return f"Action {entry.id} belongs to no incident."

    # Acting

    def action_undo(self) -> None:
        """Undoes the action, or takes back what no agent has taken yet."""
        queued = self.queued
        if queued is None:
            self._act(wishes.undo, wishes.not_undone)
        else:
            self.may(IntentKind.WITHDRAW, lambda: self._ask_withdrawal(queued.id), for_form=True)

    def _ask_withdrawal(self, ident: int) -> None:
        """Asks whether the person here may take it back; the form opens with the answer."""
        person = self.deck.standing.person if self.deck.standing is not None else None
        if person is not None:
            self._withdraw_asked = self.ask_first(withdraw_question(ident, person.name))

    def _open_withdrawal(self, answer: Answer) -> None:
        if answer.question is not self._withdraw_asked:
            return
        self._withdraw_asked = None
        found = answer.value
        if isinstance(found, str):
            self.note(found)
            self.deck.stopped(IntentKind.WITHDRAW, found, f"intent:{answer.question.about[0]}")
        else:
            self.ask_for(IntentKind.WITHDRAW, lambda settings: FormScreen(withdraw(found)))  # type: ignore[arg-type]

    def action_undo_all(self) -> None:
        known = self.board.entries if self.board is not None else ()
        entry = self._target(
            wishes.undo_incident, lambda entry: wishes.not_undone_all(entry, known), self._about
        )
        if entry is not None and entry.incident is not None:
            self._undoing.begin(entry.incident)

    def action_renew(self) -> None:
        self._act(wishes.renew, wishes.not_renewed)

    def action_approve(self) -> None:
        self._decide(wishes.approve, approve=True)

    def action_deny(self) -> None:
        self._decide(wishes.deny, approve=False)

    def _decide(self, wish: Wish, *, approve: bool) -> None:
        fold = self.fold
        if fold is not None:
            self._folding.decide(fold, approve=approve)
            return
        person: Person | None = self.deck.standing.person if self.deck.standing is not None else None
        self._act(
            wish,
            lambda entry: wishes.not_decided(entry, person, approve=approve) if person is not None else "",
        )

    def _act(self, wish: Wish, refuses: Callable[[ActionEntry], str]) -> None:
        """Opens a form on the action under the cursor."""
        entry = self._target(wish, refuses, self.entry)
        if entry is None:
            return
        detail = self._looked.of(entry.id)
        if detail is None:
            self.note(UNREAD)
        else:
            self.ask_for(wishes.KINDS[wish], lambda settings: FormScreen(wish(detail, self.now)))

    def _target(
        self, wish: Wish, refuses: Callable[[ActionEntry], str], entry: ActionEntry | None
    ) -> ActionEntry | None:
        """The action that is meant; none where nothing is done of it, which is said and on record."""
        if entry is None and self.fold is not None:
            self.note(f"{len(self.fold.entries)} actions are folded here: Enter shows a row of each.")
        elif self.queued is not None:
            self.note(
                "No agent has taken it yet: until then u takes it back, and nothing else is done with it."
            )
        elif entry is None:
            self.none_here("action")
        elif reason := refuses(entry):
            self.note(reason)
            self.deck.stopped(wishes.KINDS[wish], reason, wishes.subject(wish, entry))
        else:
            return entry
        return None
