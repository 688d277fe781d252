"""Actions, approvals, allocation changes and what gateways hold, on the connection of the ledger's writer."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from agent.domain.action import Action, ActionState, Approval, Step
from agent.domain.canonical import canonical
from agent.domain.gateway import Target
from agent.domain.planned import Planned
from agent.ledger.action_rows import (
    Answer,
    Row,
    action_columns,
    actions_of,
    answer_of,
    approval_columns,
    said_of,
    step_columns,
    step_of,
)
from agent.ledger.allocation_changes import AllocationChange, AllocationChangeStore, allocation_change_of
from agent.ledger.as_written import Remembered, Written
from agent.ledger.copies import HELD, Copies
from agent.ledger.gateway_store import GatewayStore
from agent.ledger.seals import (
    ACTION,
    ALLOCATION,
    NotOurOwnError,
    action_proof,
    action_text,
    action_time,
    change_proof,
    change_row,
)
from agent.ledger.sql import statement
from agent.ledger.store import Transaction


@dataclass(frozen=True, slots=True)
class _Open:
    """Open actions, and what the ledger was like when they were read."""

    mark: tuple[int, int]
    actions: Sequence[Action]
    unreadable: Sequence[int]


class ActionStore(AllocationChangeStore, GatewayStore):
    """What acting needs of the ledger. Writes join the transaction that is open."""

    def __init__(self, conn: sqlite3.Connection, lock: threading.RLock, transaction: Transaction) -> None:
        super().__init__(conn, lock, transaction)
        self._answers: Mapping[int, Answer] = {}  # that were proved
        self._changes = 0  # of actions, on this connection
        self._open: _Open | None = None
        self._written = Remembered()

    def action(self, ident: int) -> Action | None:
        """The action of an id, with its steps; None when there is none."""
        with self._lock:
            if self._open is not None and self._open.mark == self._mark():
                for action in self._open.actions:
                    if action.id == ident:
                        return action
            found = self._actions("action_by_id", id=ident)
        return found[0] if found else None

    def open_actions(self) -> list[Action]:
        """Every action of which something may still become, oldest first."""
        return self.open_rows()[0]

    def open_rows(self) -> tuple[list[Action], list[int]]:
        """Every open action, and the ids of rows that nobody can read: the agent has not written them so.

        Read anew only when something has changed: of thousands of steps that takes a while.
        """
        with self._lock:
            found, mark = self._open, self._mark()
            if found is None or found.mark != mark:
                rows = self._rows("actions_open")
                actions = self._with_steps(rows)
                unreadable = {row["id"] for row in rows} - {action.id for action in actions}
                found = _Open(mark, actions, sorted(unreadable))
                # What is read in a transaction may never have been.
                self._open = None if self._conn.in_transaction else found
        return list(found.actions), list(found.unreadable)

    def of_incident(self, incident: int) -> list[Action]:
        """Every action of an incident, oldest first."""
        return self._actions("actions_of_incident", incident=incident)

    def answers(self, since: int) -> list[Answer]:
        """What the agent has begun or proposed by itself since an instant, ended or not, oldest first.

        Each is proved to be the agent's own again whenever it reads differently.
        """
        with self._lock:
            read = [answer_of(row) for row in self._rows("action_answers", since=since)]
            own = [each for each in read if each is not None and self._is_own(each)]
        self._answers = {each.id: each for each in own}
        return own

    def held(self, since: int) -> list[Planned]:
        """The scopes that throttles and blocks have held since a time, each for as long as it did."""
        return [
            Planned(row["scope_kind"], row["scope"], row["begun_at"], row["until"], "", "", row["id"])
            for row in self._rows("actions_holding", since=since)
        ]

    def step(self, action: int, seq: int) -> tuple[ActionState, Step] | None:
        """One step as it is now, and the state of its action; None when there is no such step."""
        rows = self._rows("step_now", action=action, seq=seq)
        return (ActionState(rows[0]["action_state"]), step_of(rows[0])) if rows else None

    def own_step(self, action: int, seq: int) -> tuple[ActionState, Step] | None:
        """The same as the agent has written it: the row is believed only how far the step came.

        Raises `NotOurOwnError` while nothing proves the action.
        """
        found, proved = self.step(action, seq), self._as_written(action)
        if found is None:
            return None
        step = None if proved is None else proved.as_far_as(found[1])
        if proved is None or step is None:
            raise _not_ours(action)
        return proved.action.state, step

    def holding(self, target: Target, beside: int) -> list[tuple[int, Step]]:
        """The steps of actions beside one that hold at a target, with the actions' ids; oldest first.

        Only those of the agent's own actions that are in force: whoever inherits what is to be undone must
        have an end to undo it at. A drill holds nothing.
        """
        about = {"gateway": target.gateway, "kind": target.kind.value, "target": target.id}
        rows = self._rows("steps_holding", **about, beside=beside)
        # A row is read only once its action is proved: somebody else may have written anything into it.
        return [each for row in rows for each in self._in_force(row["action"], target, map(step_of, (row,)))]

    def in_force_at(self, target: Target, beside: int) -> list[tuple[int, Step]]:
        """The same, also where a row says that nothing of the step holds: anybody can have written that."""
        return [
            each
            for action in self.open_actions()
            if action.id is not None and action.id != beside
            for each in self._in_force(action.id, target, action.steps)
        ]

    def _in_force(self, ident: int, target: Target, rows: Iterable[Step]) -> Iterator[tuple[int, Step]]:
        """Steps at a target, as far as these rows say that they came, where their action is in force."""
        proved = self._as_written(ident)
        if proved is None or proved.action.state not in HELD or proved.action.spec.drill:
            return
        for row in rows:
            step = proved.as_far_as(row)
            if step is not None and step.target == target:
                yield ident, step

    def add(self, action: Action) -> Action:
        """Keeps a new action with its steps; returns it with its id."""
        with self._writing() as conn:
            ident = conn.execute(statement("add_action"), action_columns(action)).lastrowid
            assert ident is not None
            for name in ("drop_steps", "drop_approvals"):  # of an action that was none yet
                conn.execute(statement(name), {"action": ident})
            self._put_steps(ident, action.steps)
            self._seal(ident)
        return replace(action, id=ident)

    def save(self, action: Action) -> Action:
        """Keeps a changed action and its steps; returns it. Raises `NotOurOwnError`, as all changes do."""
        assert action.id is not None
        with self._changing(action.id) as conn:
            before = self.action(action.id)
            conn.execute(statement("update_action"), action_columns(action))
            known = {step.seq: step for step in before.steps} if before else {}
            if known.keys() - {step.seq for step in action.steps}:
                conn.execute(statement("drop_steps"), {"action": action.id})
                known = {}
            self._put_steps(action.id, (step for step in action.steps if known.get(step.seq) != step))
        return action

    def save_step(self, action: int, step: Step) -> None:
        """Keeps one step."""
        with self._writing():
            known = self.step(action, step.seq)
            if (
                known is not None
                and replace(known[1], state=step.state, detail=step.detail, at=step.at) == step
            ):
                self._write("put_step", step_columns(action, step))
                return
            with self._changing(action):
                self._write("put_step", step_columns(action, step))

    def own(self, action: Action) -> bool:
        """Whether an action reads as the agent has written it; what somebody else wrote is not acted on."""
        assert action.id is not None
        with self._lock:
            try:
                proof = action_proof(action, self.approvals(action.id))
            except (ValueError, TypeError, RecursionError):
                return False  # bytes, say, where the agent writes text
            return self._seals.holds(ACTION, f"action:{action.id}", proof)

    def _as_written(self, ident: int) -> Written | None:
        """An action as it was proved, while that proof is the newest: of thousands of steps it is read once.

        None where nothing proves what its rows say.
        """
        known = self._written.get(ident)
        if known is None or not self._seals.holds(ACTION, f"action:{ident}", known.proof):
            action = self.action(ident)
            if action is None or not self.own(action):
                return None
            steps = {step.seq: step for step in action.steps}
            known = Written(action_proof(action, self.approvals(ident)), action, steps)
        self._written.keep(ident, known)
        return known

    def _is_own(self, answer: Answer) -> bool:
        if self._answers.get(answer.id) == answer:
            return True
        action = self.action(answer.id)
        return action is not None and self.own(action)

    def noted(self, kind: str, subject: str) -> bool:
        """Whether the audit log has a record of a kind on a subject: what is said once is not said again."""
        return bool(self._all("newest_seal", {"kind": kind, "subject": subject}))

    def disown(self, ident: int, why: str, at: int) -> None:
        """Ends an action that is not the agent's own, without believing anything in its row."""
        with self._writing() as conn:
            conn.execute(statement("disown_action"), {"id": ident, "why": why, "at": at})
            conn.execute(statement("drop_copy"), {"action": ident})

    def lost(self, there: Collection[int]) -> list[int]:
        """Actions that the agent has not ended, and that are none of `there`, the rows that are open."""
        return self._copies.lost(there)

    def restore(self, ident: int) -> Action | None:
        """Puts an action back as the agent had written it, where something of it may hold outside."""
        found = self._copies.read(ident, self._seals)
        if found is None or found[0].state not in HELD:
            return None
        action, said = found
        with self._writing() as conn:
            conn.execute(statement("put_action"), action_columns(action))
            for name in ("drop_steps", "drop_approvals"):
                conn.execute(statement(name), {"action": ident})
            self._put_steps(ident, action.steps)
            for each in said:
                self._write("add_approval", approval_columns(each))
        return action if self.own(action) else None

    def approvals(self, action: int) -> list[Approval]:
        """Everybody's word on an action, void ones too, oldest first."""
        return [said_of(row) for row in self._rows("approvals_of", action=action)]

    def add_approval(self, approval: Approval) -> None:
        """Keeps one person's word."""
        with self._changing(approval.action):
            self._write("add_approval", approval_columns(approval))

    def count_approval_for(self, approval: Approval, role: str) -> None:
        """Counts what a person of several roles said for another one of them."""
        bound = {"action": approval.action, "digest": approval.digest, "person": approval.person}
        with self._changing(approval.action):
            self._write("count_approval_for", bound | {"role": role})

    def void_approvals(self, action: int, why: str) -> None:
        """Everything that was said of an action counts no more."""
        with self._changing(action):
            self._write("void_approvals", {"action": action, "why": why})

    def add_allocation_change(self, change: AllocationChange) -> None:
        """Puts a change of an allocation into force; the same action never does it twice."""
        with self._transaction():
            if self.allocation_change(change.action) is None:
                self._write("add_allocation_change", _change_columns(change))
                self._seal_change(change.action, change.starts_at)

    def undo_allocation_change(self, action: int, at: int) -> None:
        """Takes back what an action has made of an allocation."""
        with self._transaction():
            kept = self.allocation_change(action)
            if kept is not None and kept.undone_at is None:
                if kept.forged:  # what is undone is what the agent wrote, and its row tells so again
                    self._write("add_allocation_change", _change_columns(kept.change))
                self._write("undo_allocation_change", {"action": action, "at": at})
                self._seal_change(action, at)

    def duties(self, incidents: Iterable[int]) -> list[dict[str, Any]]:
        """What incidents want before they are over: rows of `incident_duty`."""
        return self._rows("incident_duties", incidents=json.dumps(list(incidents)))

    def save_duty(
        self,
        incident: int,
        kind: str,
        *,
        due_at: int | None = None,
        answer: str = "",
        person: str = "",
        at: int | None = None,
    ) -> None:
        """Keeps a duty of an incident, or its answer."""
        bound = {"incident": incident, "kind": kind, "due_at": due_at, "answer": answer}
        self._write("put_incident_duty", bound | {"person": person, "at": at})

    @property
    def _copies(self) -> Copies:
        return Copies(self._conn, self._lock, self._transaction)

    @contextlib.contextmanager
    def _changing(self, ident: int) -> Iterator[sqlite3.Connection]:
        """A transaction that changes an action, which must be the agent's own until then."""
        with self._transaction() as conn:
            action = self.action(ident)
            if action is None or not self.own(action):
                raise _not_ours(ident)
            self._changes += 1
            yield conn
            self._seal(ident)

    def _seal(self, ident: int) -> None:
        action, said = self.action(ident), self.approvals(ident)
        assert action is not None
        text = action_text(action, said)
        self._copies.keep(action, str(text))
        self._seals.seal(
            ACTION, f"action:{ident}", text.proof, action_time(action, said), parts=dict(text.parts)
        )

    def _seal_change(self, action: int, at: int) -> None:
        for row in self._rows("allocation_change_of", action=action):
            change, undone_at = allocation_change_of(row), row["undone_at"]
            proof, was = change_proof(change, undone_at), change_row(change, undone_at)
            self._seals.seal(ALLOCATION, f"action:{action}", proof, at, was=was)

    def _put_steps(self, action: int, steps: Iterable[Step]) -> None:
        with self._transaction() as conn:
            conn.executemany(statement("put_step"), (step_columns(action, step) for step in steps))

    def _actions(self, name: str, **bound: Any) -> list[Action]:
        with self._lock:
            return self._with_steps(self._rows(name, **bound))

    def _with_steps(self, rows: Sequence[Row]) -> list[Action]:
        steps = self._rows("steps_of_actions", actions=json.dumps([row["id"] for row in rows]))
        return actions_of(rows, steps)

    def _mark(self) -> tuple[int, int]:
        """Changes whenever an action may have: by others, or on this connection."""
        (version,) = self._conn.execute("PRAGMA data_version").fetchone()
        return int(version), self._changes

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes rows of actions or steps."""
        with self._transaction() as conn:
            self._changes += 1
            yield conn


def _change_columns(change: AllocationChange) -> dict[str, Any]:
    return {**asdict(change), "change": canonical(dict(change.change))}


def _not_ours(ident: int) -> NotOurOwnError:
    return NotOurOwnError(
        f"action {ident} was changed by somebody else than the agent",
        hint="`burndeck audit verify` proves the log; look at who may write the ledger's file.",
    )
