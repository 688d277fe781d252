"""The agent's part of runs: it asks the ledger, tests, waits, tells, and looks after actions.

`look` reads and takes its time; `keep` writes what was found, unless the step has moved meanwhile. Between
the two anything may die: what was not kept is found again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.domain.action import ActionState
from agent.domain.person import AGENT
from agent.domain.run import Run, RunState, StepRun, StepState
from agent.errors import BurndeckError, LedgerError
from agent.runbooks import progress, records
from agent.runbooks.asking import Context
from agent.runbooks.progress import Moved
from agent.runbooks.reach import not_ours, readable, run_in
from agent.runbooks.telling import notify, to_incident
from agent.runbooks.working import Found, Work

if TYPE_CHECKING:
    from agent.ledger.action_store import ActionStore
    from agent.ledger.reader import LedgerReader
    from agent.ledger.run_store import RunStore
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_log = logging.getLogger(__name__)


def look(reader: LedgerReader, settings: Settings, now: float) -> list[Found]:
    """What the agent has to do for the runs at work; raises nothing that one run causes."""
    return [
        found for ident, _ in reader.run_store().at_work() for found in look_at(reader, settings, ident, now)
    ]


def look_at(
    reader: LedgerReader, settings: Settings, ident: int, now: float, since: float = 0.0
) -> list[Found]:
    """What an agent that runs since then has to do for one run; one that cannot be read has nothing to do."""
    store, actions = reader.run_store(), reader.action_store()
    with reader.snapshot():
        run = readable(partial(records.load, store, ident), ident)
        current = settings_now(settings, actions, now)
        foreign = store.foreign(ident)
    if run is None or run.state is not RunState.OPEN or not_ours(ident, foreign):
        return []
    return list(_look_at(Context(reader, current, now, run, since), run, store, actions))


def keep(writer: LedgerWriter, settings: Settings, found: Found, now: float) -> bool:
    """Writes what was found, in one transaction; False where the step has moved meanwhile.

    What cannot be written fails its step, and nothing else.
    """
    try:
        return _keep(writer, settings, found, now)
    except LedgerError:
        raise
    except BurndeckError as error:
        why = f"{error.message}. {error.hint}".strip()
    except Exception as error:  # noqa: BLE001 - the other runs go on
        _log.exception("run %d, step %d could not be kept", found.run, found.step)
        why = f"the agent failed on it ({type(error).__name__}); its log says more"
    return _keep(writer, settings, replace(found, state=StepState.FAILED, outcome=why, notifies=False), now)


def _keep(writer: LedgerWriter, settings: Settings, found: Found, now: float) -> bool:
    with writer.transaction():
        run = run_in(writer, found.run)
        if run is None or run.state is not RunState.OPEN or writer.runs.foreign(found.run):
            return False
        step = run.step(found.step)
        if (step.attempt, step.state) != (found.attempt, found.was):
            return False
        outcome = found.outcome
        if found.notifies:
            outcome = notify(writer, settings, run, run.runbook.step(step.seq), int(now))
        moved = _moved(run, step, found, outcome, int(now))
        after = records.save(writer.runs, run, moved)
        digests = [
            writer.runs.add_evidence(found.run, step.seq, step.attempt, int(now), AGENT, each)
            for each in found.evidence
        ]
        detail = {
            "step": step.seq,
            "attempt": step.attempt,
            "state": found.state.value,
            "outcome": outcome,
            "evidence": digests,
        }
        writer.control.audit(int(now), AGENT, "run.step", f"run:{found.run}", detail)
        if after.state is not RunState.OPEN:
            to_incident(writer, after, int(now), "runbook", AGENT, f"{run.runbook.title} is at its end")
    return True


def _moved(run: Run, step: StepRun, found: Found, outcome: str, now: int) -> Moved:
    if found.state is StepState.READY:
        return progress.opened(run, step.seq)
    if found.state is StepState.FAILED:
        return progress.failed(run, step.seq, now, outcome)
    if found.state is StepState.UNDONE:
        return progress.undone(run, step.seq, now, found.actor, outcome)
    return progress.done(
        run,
        step.seq,
        now,
        actor=found.actor,
        outcome=outcome,
        answer=found.answer,
        go=found.go,
        kept=found.kept,
    )


def _look_at(context: Context, run: Run, store: RunStore, actions: ActionStore) -> Iterator[Found]:
    yield from _ended_actions(run, actions)
    step, declared = run.current, run.declared
    if step is None or declared is None or step.state is not StepState.WORKING:
        return
    work = Work(context, run, declared, step, store, actions)
    try:
        found = work.found()
    except LedgerError:
        _log.exception("run %s, step %d could not be looked at; it is tried again", run.id, step.seq)
        return
    except BurndeckError as error:
        found = work.failing(f"{error.message}. {error.hint}".strip())
    except Exception as error:  # noqa: BLE001 - a person decides what to do about it
        _log.exception("run %s, step %d failed", run.id, step.seq)
        found = work.failing(f"the agent failed on it ({type(error).__name__}); its log says more")
    if found is not None:
        yield found


def _ended_actions(run: Run, actions: ActionStore) -> Iterator[Found]:
    """Steps that were done and whose action is undone by now."""
    assert run.id is not None
    for step in () if run.drill else run.steps:  # what a drill makes is over at once
        if step.state is not StepState.DONE or step.action is None:
            continue
        action = actions.action(step.action)
        if action is None or action.state not in (ActionState.REVERSED, ActionState.EXPIRED):
            continue
        who = action.ended_by or AGENT
        how = "its time was up" if action.state is ActionState.EXPIRED else f"released by {who}"
        yield Found(
            run.id,
            step.seq,
            step.attempt,
            StepState.UNDONE,
            was=StepState.DONE,
            outcome=f"action {action.id} is undone: {how}",
            actor=who,
        )
