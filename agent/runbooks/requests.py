"""What people do with runs, carried out inside the transaction that also marks their intent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.control.bounds import around_incident, known_person, scopes_around
from agent.control.occasion import Tell
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.run import Run, RunState
from agent.ledger.control_store import IntentHandler
from agent.runbooks import progress, records
from agent.runbooks.about import scope_of_run
from agent.runbooks.reach import known_run, may_do, number, reason_in, text_in
from agent.runbooks.starting import may_run, new_run, not_twice
from agent.runbooks.stepping import WORK, Asked
from agent.runbooks.telling import to_incident

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


def handlers(settings: Settings, tell: Tell) -> Mapping[IntentKind, IntentHandler]:
    """The handlers of the intents that move runs."""
    desk = _Desk(settings, tell)
    return {
        IntentKind.START_RUN: IntentHandler(desk.scopes_of_start, desk.start),
        IntentKind.RUN_STEP: IntentHandler(_scopes_of_run, desk.step),
        IntentKind.HOLD_RUN: IntentHandler(_scopes_of_run, desk.hold),
        IntentKind.CLOSE_RUN: IntentHandler(_scopes_of_run, desk.close),
    }


@dataclass(frozen=True)
class _Desk:
    settings: Settings
    tell: Tell

    def scopes_of_start(self, writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
        """What lies around what a new run will be about."""
        return _around(writer, new_run(writer, self.settings, intent, intent.made_at))

    def start(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """A run begins with the text that the person was shown."""
        run = new_run(writer, self.settings, intent, now)
        not_twice(writer, run)
        kept = records.add(writer.runs, progress.begin(run, now))
        to_incident(writer, kept, now, "runbook", intent.person, f"{run.runbook.title} started")

    def step(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """A person does something about one step."""
        run = known_run(writer, intent.subject)
        seq, attempt = number(intent.payload, "step"), number(intent.payload, "attempt")
        done = text_in(intent.payload, "do")
        work = WORK.get(done)
        if work is None:
            raise Refused(f"do: {done or 'nothing'} is none of {', '.join(WORK)}")
        step = next((each for each in run.steps if each.seq == seq), None)
        if step is None:
            raise Refused(f"run {run.id} has no step {seq}")
        if step.attempt != attempt:
            raise Refused(f"step {seq} has moved since it was shown: it is {step.state.value}, look again")
        if run.state is not RunState.OPEN and done != "reopen":
            raise Refused(f"run {run.id} is {run.state.value}: reopen a step of it first")
        if done not in ("reopen", "sign") and run.at != seq:
            raise Refused(f"run {run.id} is at step {run.at}, not at {seq}")
        asked = Asked(self.settings, self.tell, writer, intent, now, run, run.runbook.step(step.seq), step)
        if done != "sign":
            may_do(run, asked.declared, asked.person)
        moved = work(asked)
        after = records.save(writer.runs, run, moved)
        _tell_end(writer, after, now)

    def hold(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Somebody takes a run over, or its holder hands it on."""
        run = known_run(writer, intent.subject)
        if run.state is not RunState.OPEN:
            raise Refused(f"run {run.id} is {run.state.value}")
        name = text_in(intent.payload, "holder") or intent.person
        if name == run.holder:
            raise Refused(f"{name} holds run {run.id} already")
        if intent.person not in (name, run.holder):
            raise Refused(f"{run.holder} holds run {run.id}: take it over, then hand it on")
        holder = known_person(self.settings, name)
        may_run(run.runbook, holder)
        records.save(writer.runs, run, progress.held_by(run, now, name, intent.person))
        to_incident(writer, run, now, "runbook", intent.person, f"held by {name} from now on")

    def close(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """A run ends early. What it has done stays as it is."""
        run = known_run(writer, intent.subject)
        if run.state is not RunState.OPEN:
            raise Refused(f"run {run.id} is {run.state.value} already")
        may_do(run, None, known_person(self.settings, intent.person))
        reason = reason_in(intent.payload, "why it ends early")
        after = records.save(writer.runs, run, progress.closed(run, now, intent.person, reason))
        _tell_end(writer, after, now)


def _tell_end(writer: LedgerWriter, run: Run, now: int) -> None:
    if run.state is not RunState.OPEN:
        text = f"{run.runbook.title} is {run.state.value}" + (f": {run.outcome}" if run.outcome else "")
        to_incident(writer, run, now, "runbook", run.ended_by, text)


def _scopes_of_run(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    return _around(writer, known_run(writer, intent.subject))


def _around(writer: LedgerWriter, run: Run) -> Collection[Scope]:
    """What lies around all that a run is about; one about nothing is about the whole organization."""
    scope = scope_of_run(run) or Scope(ScopeKind.ORGANIZATION)
    around = scopes_around(writer, scope)
    return around if run.incident is None else around & around_incident(writer, run.incident)
