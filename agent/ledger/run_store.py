"""Runs of runbooks in the ledger: rows as they are; what a snapshot's text means is read above the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from agent.domain.run import (
    Evidence,
    KeptEvidence,
    RunEvent,
    SignOff,
    StepRun,
    StepState,
    evidence_of,
)
from agent.errors import LedgerError
from agent.ledger.run_seals import OWN, Foreign, RunSeal, RunSeals, compared, digest_of, timeline_digest
from agent.ledger.sql import statement
from agent.ledger.store import Store


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run before its runbook is read."""

    text: str  # of the runbook
    source: str
    parameters: Mapping[str, str]
    alert: int | None
    incident: int | None
    drill: bool
    started_by: str
    started_at: int
    holder: str
    at_step: int
    state: str
    ended_at: int | None
    ended_by: str
    outcome: str
    revision: int
    steps: tuple[StepRun, ...]
    id: int | None = None
    runbook: str = ""
    title: str = ""


class RunStore(Store):
    """What runs need of the ledger. Writes join the transaction that is open."""

    def add(self, row: RunRow, events: Sequence[RunEvent] = ()) -> int:
        """Keeps a new run and how its timeline begins; returns its id."""
        with self._transaction() as conn:
            ident = conn.execute(statement("start_run"), _columns(row)).lastrowid
            assert ident is not None
            self._put_steps(ident, row.steps)
            self.add_events(ident, events)
            if self._seals.begun():
                self._seals.note(ident, self._found(ident), _time_of(row, events))
            else:
                self._note_all(_time_of(row, events))
        return ident

    def save(self, row: RunRow, changed: Iterable[StepRun], events: Sequence[RunEvent] = ()) -> None:
        """Keeps a changed run, those of its steps that changed, and what its timeline tells of it.

        `row.revision` is the one that it becomes; `LedgerError` where somebody else has written it since.
        """
        assert row.id is not None
        with self._transaction() as conn:
            before = self._found(row.id)
            if conn.execute(statement("update_run"), _columns(row)).rowcount != 1:
                raise LedgerError(f"run {row.id} has moved meanwhile", hint="Look at it again.")
            self._put_steps(row.id, changed)
            self.add_events(row.id, events)
            noted = self._seals.noted(row.id)
            if noted is not None:
                self._seals.note(row.id, noted.grown(before, self._found(row.id)), _time_of(row, events))
            elif not self._seals.begun():
                self._note_all(_time_of(row, events))

    def foreign(self, run: int) -> Foreign:
        """What of a run somebody else than the agent has written.

        Where no run was ever noted, as an older version left the ledger, all of it counts as the agent's.
        """
        with self._lock:
            noted = self._seals.noted(run)
            if noted is not None:
                return compared(noted, self._found(run))
            return Foreign(row=True) if self._seals.begun() else OWN

    @property
    def _seals(self) -> RunSeals:
        return RunSeals(self._conn, self._lock, self._transaction)

    def _found(self, run: int) -> RunSeal:
        """How a run reads now."""
        rows = self._rows("run_by_id", id=run)
        steps = {str(row["seq"]): digest_of(row) for row in self._rows("run_steps", run=run)}
        events = timeline_digest(self._rows("run_events", run=run))
        signed = tuple(digest_of(row) for row in self._rows("run_sign_offs", run=run))
        return RunSeal(digest_of(rows), steps, events, signed)

    def _note_all(self, at: int) -> None:
        """Notes every run as it is, before the first is noted: an older version has noted none."""
        for (run,) in self._all("run_ids"):
            self._seals.note(run, self._found(run), at)

    def _put_steps(self, run: int, steps: Iterable[StepRun]) -> None:
        for step in steps:
            self._write("put_run_step", {**asdict(step), "run": run, "state": step.state.value})

    def run(self, ident: int) -> RunRow | None:
        """A run; None where there is none."""
        with self._lock:
            rows = self._rows("run_by_id", id=ident)
            steps = self._rows("run_steps", run=ident) if rows else []
        if not rows:
            return None
        row = {**rows[0], "drill": bool(rows[0]["drill"]), "parameters": json.loads(rows[0]["parameters"])}
        return RunRow(**row, steps=tuple(_step(each) for each in steps))

    def open_ids(self) -> list[int]:
        """Runs that go on."""
        return [row[0] for row in self._all("runs_open")]

    def at_work(self) -> list[tuple[int, int]]:
        """Runs whose step the agent has to look at, and those with an action that may have ended.

        Each with its revision.
        """
        return [(row[0], row[1]) for row in self._all("runs_at_work")]

    def of_incident(self, incident: int) -> list[int]:
        """Runs of an incident, oldest first."""
        return [row[0] for row in self._all("runs_of_incident", {"incident": incident})]

    def of_alert(self, alert: int, *, ended: bool = True) -> list[int]:
        """Runs of an alert, oldest first; with `ended`, also those that are over."""
        return [row[0] for row in self._all("runs_of_alert", {"alert": alert, "ended": ended})]

    def actions(self, run: int, step: int | None = None) -> list[int]:
        """Every action that a run has made, or one step of it in all its tries, oldest first."""
        rows = self._all("run_actions", {"run": run})
        return [action for action, of in rows if step is None or of == step]

    def link(self, run: int, step: int, attempt: int, action: int) -> None:
        """Remembers that a step's try has made an action."""
        self._write("add_run_action", {"run": run, "step": step, "attempt": attempt, "action": action})

    def newest_action(self) -> int | None:
        """The id of the newest action there is."""
        ((ident,),) = self._all("newest_action")
        return None if ident is None else int(ident)

    def add_events(self, run: int, events: Iterable[RunEvent]) -> None:
        """Adds lines to a run's timeline."""
        for event in events:
            self._write("add_run_event", {**asdict(event), "run": run})

    def events(self, run: int) -> tuple[RunEvent, ...]:
        """A run's timeline, oldest first."""
        return tuple(RunEvent(**row) for row in self._rows("run_events", run=run))

    def add_evidence(self, run: int, step: int, attempt: int, at: int, actor: str, found: Evidence) -> str:
        """Keeps evidence; returns its hash."""
        digest = found.sha256()
        row = {"run": run, "step": step, "attempt": attempt, "at": at, "actor": actor}
        self._write("add_run_evidence", {**row, "text": found.text(), "sha256": digest})
        return digest

    def evidence(self, run: int) -> tuple[KeptEvidence, ...]:
        """A run's evidence, oldest first."""
        return tuple(_kept(row) for row in self._rows("run_evidence_of", run=run))

    def kept_hashes(self, run: int) -> set[str]:
        """The hashes of a run's evidence as the audit log has them."""
        rows = self._all("run_evidence_kept", {"subject": f"run:{run}"})
        found = (json.loads(row[0]).get("evidence", []) for row in rows)
        return {digest for digests in found for digest in digests}

    def sign(self, run: int, word: SignOff) -> None:
        """Keeps a person's word."""
        with self._transaction():
            self._write("put_run_sign_off", {**asdict(word), "run": run})
            noted = self._seals.noted(run)
            if noted is not None:
                row = {**asdict(word), "approved": int(word.approved)}
                self._seals.note(run, replace(noted, signed=(*noted.signed, digest_of(row))), word.at)

    def sign_offs(self, run: int) -> tuple[SignOff, ...]:
        """What people have said in approval steps, oldest first."""
        rows = self._rows("run_sign_offs", run=run)
        return tuple(SignOff(**{**row, "approved": bool(row["approved"])}) for row in rows)


def _time_of(row: RunRow, events: Sequence[RunEvent]) -> int:
    """The newest time that a run tells of."""
    steps = (at for step in row.steps for at in (step.began_at, step.ended_at) if at is not None)
    return max(row.started_at, row.ended_at or 0, *(event.at for event in events), *steps)


def _columns(row: RunRow) -> dict[str, Any]:
    columns = {name: getattr(row, name) for name in RunRow.__dataclass_fields__ if name != "steps"}
    return {**columns, "parameters": json.dumps(dict(row.parameters), sort_keys=True)}


def _step(row: Mapping[str, Any]) -> StepRun:
    return StepRun(**{**row, "state": StepState(row["state"])})


def _kept(row: Mapping[str, Any]) -> KeptEvidence:
    values = {**row, "evidence": evidence_of(json.loads(row["text"]))}
    values.pop("text")
    return KeptEvidence(**values)
