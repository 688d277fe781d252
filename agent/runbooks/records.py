"""Runs between the ledger and the engine: rows with their snapshot read, and written back whole."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.domain.run import Run, RunState
from agent.domain.runbook import Runbook
from agent.ledger.run_store import RunRow
from agent.runbooks.format import parse
from agent.runbooks.progress import Moved

if TYPE_CHECKING:
    from agent.ledger.run_store import RunStore


def load(store: RunStore, ident: int) -> Run | None:
    """A run with the runbook that it was started with; None where there is none.

    Raises `RunbookError` where the snapshot cannot be read: the agent has not written it so.
    """
    row = store.run(ident)
    return None if row is None else run_of(row)


def run_of(row: RunRow) -> Run:
    """The run of a row; `ValueError` where its steps are not those of its runbook."""
    runbook = _read(row.text, row.source)
    numbers = [step.seq for step in runbook.steps]
    if [step.seq for step in row.steps] != numbers or row.at_step not in (0, *numbers):
        raise ValueError(f"run {row.id} does not fit the runbook that it was started with")
    return Run(
        runbook=runbook,
        started_by=row.started_by,
        started_at=row.started_at,
        holder=row.holder,
        parameters=row.parameters,
        steps=row.steps,
        at=row.at_step,
        state=RunState(row.state),
        alert=row.alert,
        incident=row.incident,
        drill=row.drill,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        outcome=row.outcome,
        revision=row.revision,
        id=row.id,
    )


def add(store: RunStore, moved: Moved) -> Run:
    """Keeps a new run with its first events; returns it with its id. Joins the transaction under way."""
    ident = store.add(_row(moved.run), moved.events)
    return replace(moved.run, id=ident)


def save(store: RunStore, before: Run, moved: Moved) -> Run:
    """Keeps what has become of a run; `LedgerError` where it has moved since `before` was read."""
    assert before.id is not None
    after = replace(moved.run, id=before.id, revision=before.revision + 1)
    known = {step.seq: step for step in before.steps}
    store.save(_row(after), [step for step in after.steps if known.get(step.seq) != step], moved.events)
    return after


def _row(run: Run) -> RunRow:
    return RunRow(
        text=run.runbook.text,
        source=run.runbook.source,
        parameters=run.parameters,
        alert=run.alert,
        incident=run.incident,
        drill=run.drill,
        started_by=run.started_by,
        started_at=run.started_at,
        holder=run.holder,
        at_step=run.at,
        state=run.state.value,
        ended_at=run.ended_at,
        ended_by=run.ended_by,
        outcome=run.outcome,
        revision=run.revision,
        steps=run.steps,
        id=run.id,
        runbook=run.runbook.id,
        title=run.runbook.title,
    )


@lru_cache(maxsize=64)
def _read(text: str, source: str) -> Runbook:
    return parse(text, source)
