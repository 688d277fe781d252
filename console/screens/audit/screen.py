"""The Audit screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.audit import EMPTY, AuditRecord
from console.actions import bindings
from console.live import Answer, Question
from console.screens.audit import words
from console.screens.audit.asking import PROOF, AuditBoard, audit_question, proof_question
from console.screens.now_screen import NowScreen
from console.view import View
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.control.audit import Progress
    from agent.reports.status import Status


class AuditScreen(NowScreen):
    """Who did what, newest first, one record in full, and the proof of the whole chain."""

    BINDINGS = bindings("audit")
    CSS_PATH = "../../styles/control.tcss"
    topic = "audit"

    def __init__(self) -> None:
        super().__init__(Table("rows", words.COLUMNS, words.NEWEST))
        self.board: AuditBoard | None = None
        self.progress: Progress | None = None
        self._records: dict[str, AuditRecord] = {}
        self._proof_asked: Question | None = None
        self._shown: tuple[AuditRecord, str] | None = None  # with why it is broken
        self._broken_at: int | None = None  # where the chain breaks, once it was found
        self._gone_to: int | None = None  # the broken row that the cursor went to
        self._table.empty = "nothing was done in the last 30 days"

    def on_mount(self) -> None:
        self._lists.paint(
            lambda width, height: [
                words.draw_proof(self.progress, width, self.board.finding if self.board else None)
            ]
        )

    # Asking

    def question(self, view: View) -> Question:
        return audit_question(self._broken_at)

    def _follow(self) -> None:
        """Goes on with the proof from where it stands."""
        self._proof_asked = proof_question(self.progress.at if self.progress is not None else EMPTY)
        self.deck.live.ask(self._proof_asked)

    def action_verify(self) -> None:
        self.progress = None
        self._lists.redraw()
        self._follow()

    # Showing

    def show(self, answer: Answer) -> None:
        if answer.question.topic == PROOF:
            self._show_proof(answer)
            return
        board: AuditBoard = answer.value  # type: ignore[assignment]
        self.board = board
        self._records = {str(record.seq): record for record in board.records}
        broken = board.broken.seq if board.broken is not None else None
        found = [words.row(record, self.now, broken=record.seq == broken) for record in board.records]
        self._table.show(found, title=words.title(len(found), board.seals))
        if broken is not None and self._gone_to != broken:
            self._gone_to = broken
            self._table.select(str(broken))
        self._show_record()
        self._lists.redraw()
        self._follow()

    def _show_proof(self, answer: Answer) -> None:
        if answer.question is not self._proof_asked:
            return  # of a proof that was begun anew meanwhile
        self.progress = answer.value  # type: ignore[assignment]
        self._lists.redraw()
        if self.progress is None:
            return
        if self.progress.verdict is None:
            self._follow()
        elif self.progress.verdict.broken_at != self._broken_at:
            self._broken_at = self.progress.verdict.broken_at
            self._gone_to = None
            self.deck.live.watch(self.question(self.deck.view))  # with that row, however old it is

    def _show_record(self) -> None:
        row = self._table.selected
        record = self._records.get(row.key) if row is not None else None
        if record is None:
            self._detail.show(lambda width, height: [])
            self._shown = None
        elif (record, self._why(record)) != self._shown:
            self._detail.rewind()
            self._shown = shown, why = record, self._why(record)
            self._detail.show(lambda width, height: words.draw_record(shown, self.now, width, height, why))

    def _why(self, record: AuditRecord) -> str:
        """Why the chain breaks at a record; empty where it does not."""
        verdict = self.progress.verdict if self.progress is not None else None
        broken = self.board.broken if self.board is not None else None
        if verdict is None or broken is None or record.seq != broken.seq:
            return ""
        return f"BROKEN at row {verdict.broken_at}: {verdict.problem}"

    @property
    def status(self) -> Status | None:
        return self.board.status if self.board else None

    # Moving

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_record()

    def copied(self, row: Row) -> str:
        record = self._records.get(row.key)
        if record is None:
            return row.key
        return f"{record.seq} {record.actor} {record.kind} {record.subject} {record.detail}"
