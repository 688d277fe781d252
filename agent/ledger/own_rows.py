"""Which rows of actions, steps, approvals, allocation changes and runs are not as the agent wrote them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.ledger.action_rows import approval_of
from agent.ledger.run_seals import RUN
from agent.ledger.seals import ACTION, ALLOCATION, ActionText, action_text

if TYPE_CHECKING:
    from agent.domain.action import Action, Approval
    from agent.ledger.reader import LedgerReader

CHANGED, ADDED, GONE, UNREADABLE = (
    *("was changed", "was not written by the agent"),
    *("was taken away", "cannot be read"),
)
_PAGE = 20  # subjects: some milliseconds


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """A row by another hand."""

    table: str  # action | action_step | approval | allocation_change | run
    row: int | None  # its number there; None where it is one of several
    of: str  # action:12 | run:3
    problem: str
    about: str = ""  # what it tells of, where that helps to find it

    @property
    def words(self) -> str:
        """`approval row 31 of action 12 was changed`."""
        if self.table == "run":
            return f"run {self.row}: {self.about}"
        place = f"{self.table} row {self.row}" if self.row is not None else f"a row of {self.table}"
        kind, _, ident = self.of.partition(":")
        of = "" if (self.table, str(self.row)) == (kind, ident) else f" of {kind} {ident}"
        return f"{place}{of}{f' ({self.about})' if self.about else ''} {self.problem}"


def foreign_parts(noted: Mapping[str, Any], action: Action, said: Mapping[int, Approval]) -> list[ForeignRow]:
    """Rows of an action that read otherwise than was noted; `said` by the numbers of the rows."""
    of = f"action:{action.id}"
    if not noted:
        return [ForeignRow("action", action.id, of, ADDED)]
    text, parts = action_text(action, list(said.values())), noted.get("parts")
    own = text.proof == noted.get("proof")
    if not isinstance(parts, dict):  # noted by a version that kept the proof alone
        about = "or a step or an approval of it"
        return [] if own else [ForeignRow("action", action.id, of, CHANGED, about)]
    found = list(_parts(of, action, text, parts, list(said)))
    return found or ([] if own else [ForeignRow("action", action.id, of, CHANGED)])


def _parts(
    of: str, action: Action, text: ActionText, noted: Mapping[str, Any], numbers: Sequence[int]
) -> Iterator[ForeignRow]:
    now = text.parts
    if now["row"] != noted.get("row"):
        yield ForeignRow("action", action.id, of, CHANGED)
    if now["steps"] != noted.get("steps"):
        yield from _steps(of, action, now["steps"], noted.get("steps"))
    yield from _told_apart(
        "approval", of, dict(zip(numbers, now["said"], strict=True)), noted.get("said", ())
    )


def _steps(of: str, action: Action, now: object, noted: object) -> Iterator[ForeignRow]:
    if not isinstance(now, list) or not isinstance(noted, list):
        yield ForeignRow("action_step", None, of, CHANGED)
        return
    numbers = [step.seq for step in action.steps]
    yield from _told_apart("action_step", of, dict(zip(numbers, now, strict=True)), noted)


def _told_apart(table: str, of: str, found: Mapping[int, str], noted: Iterable[str]) -> Iterator[ForeignRow]:
    """Rows, by their numbers, whose digests were not noted, and those that are gone."""
    left, strange = list(noted), []
    for number, digest in found.items():
        if digest in left:
            left.remove(digest)
        else:
            strange.append(number)
    for place, number in enumerate(strange):
        yield ForeignRow(table, number, of, CHANGED if place < len(left) else ADDED)
    for _ in left[len(strange) :]:
        yield ForeignRow(table, None, of, GONE)


@dataclass(frozen=True)
class OwnRows:
    """Proves rows, each subject in a snapshot of its own: a row and its proof are written at once."""

    reader: LedgerReader

    def foreign(self, kind: str, subject: str) -> list[ForeignRow]:
        """Rows of one subject of a seal that are not as the agent wrote them."""
        number = subject.partition(":")[2]
        if not number.isdigit():
            return []
        ident = int(number)
        with self.reader.snapshot():
            if kind == ACTION:
                return self.action(ident)
            return self.change(ident) if kind == ALLOCATION else self.run(ident)

    def again(self, row: ForeignRow) -> list[ForeignRow]:
        """The same subject once more."""
        kind = {"allocation_change": ALLOCATION, "run": RUN}.get(row.table, ACTION)
        return self.foreign(kind, row.of)

    def every(self) -> Iterator[list[ForeignRow]]:
        """All there are, a few subjects at a time."""
        for kind, table in ((ACTION, "action"), (ALLOCATION, "allocation_change"), (RUN, "run")):
            for page in self._pages("sealed_subjects", kind):
                yield [row for subject in page for row in self.foreign(kind, subject)]
            for page in self._pages(f"unsealed_of_{table}", kind):
                yield [row for subject in page for row in self.foreign(kind, subject)]

    def action(self, ident: int) -> list[ForeignRow]:
        """Rows of an action, its steps and its approvals."""
        store = self.reader.action_store()
        noted, of = store.sealed(ACTION, f"action:{ident}"), f"action:{ident}"
        there = bool(self.reader.rows("action_is_there", {"id": ident}))
        if not there:
            return [ForeignRow("action", ident, of, GONE)] if noted else []
        try:
            action = store.action(ident)
            rows = map(dict, self.reader.rows("numbered_approvals", {"action": ident}))
            if action is not None:
                return foreign_parts(noted, action, {row["id"]: approval_of(row) for row in rows})
        except (ValueError, TypeError, sqlite3.OperationalError):
            pass  # text or a verdict that the agent never writes
        return [ForeignRow("action", ident, of, UNREADABLE, "or a step or an approval of it")]

    def change(self, ident: int) -> list[ForeignRow]:
        """The row of what an action has made of an allocation."""
        store = self.reader.action_store()
        found = store.allocation_change_row(ident)
        noted = store.sealed(ALLOCATION, f"action:{ident}")
        of = f"action:{ident}"
        if found is None:
            about = str((noted.get("was") or [["", ""]])[0][1])
            return [ForeignRow("allocation_change", None, of, GONE, about)] if noted else []
        number, about, own = found
        if own:
            return []
        return [ForeignRow("allocation_change", number, of, CHANGED if noted else ADDED, about)]

    def run(self, ident: int) -> list[ForeignRow]:
        """A run with its steps and its timeline."""
        found = self.reader.run_store().foreign(ident)
        return [ForeignRow("run", ident, f"run:{ident}", CHANGED, found.words)] if found else []

    def _pages(self, query: str, kind: str) -> Iterator[list[str]]:
        """Subjects, a page a read: none holds up the agent's checkpoints."""
        prefix = "run:" if kind == RUN else "action:"
        after: object = prefix if query == "sealed_subjects" else 0
        while rows := self.reader.rows(
            query, {"kind": kind, "after": after, "end": f"{prefix[:-1]};", "most": _PAGE}
        ):
            yield [str(row[0]) for row in rows]
            after = rows[-1]["after"]
