"""What people do with runs, carried out inside the transaction that also marks their intent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.alerts.handlers import handlers as alert_handlers
from agent.control.bounds import known_person
from agent.control.occasion import Tell
from agent.control.roles import may
from agent.domain.alert import AlertState
from agent.domain.allocation import Scope
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.person import Role
from agent.domain.run import Run, RunEvent, RunState
from agent.ledger.control_store import IntentHandler
from agent.ledger.run_store import RunRow
from agent.runbooks import progress, records
from agent.runbooks.reach import (
    WHOLE,
    around_run,
    known_run,
    may_do,
    number,
    reason_in,
    text_in,
    unreadable_row,
)
from agent.runbooks.signing import signers
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
        IntentKind.CLOSE_RUN: IntentHandler(_scopes_of_close, desk.close),
    }


@dataclass(frozen=True)
class _Desk:
    settings: Settings
    tell: Tell

    def scopes_of_start(self, writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
        """What lies around what a new run will be about."""
        return around_run(writer, new_run(writer, self.settings, intent, intent.made_at))

    def start(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """A run begins with the text that the person was shown."""
        run = new_run(writer, self.settings, intent, now)
        not_twice(writer, run)
        kept = records.add(writer.runs, progress.begin(run, now))
        to_incident(writer, kept, now, "runbook", intent.person, f"{run.runbook.title} started")
        if not kept.drill:
            self._take(writer, kept, intent, now)

    def _take(self, writer: LedgerWriter, run: Run, intent: Intent, now: int) -> None:
        """Whoever works on an alert has taken it: nobody else is woken."""
        alert = None if run.alert is None else writer.alerts.alert(run.alert)
        if alert is None or alert.state is not AlertState.FIRING:
            return
        note = f"works on it: run {run.id} of {run.runbook.id}"
        taken = replace(intent, subject=f"alert:{run.alert}", payload={"note": note})
        alert_handlers(self.settings)[IntentKind.ACKNOWLEDGE].apply(writer, taken, now)

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
        if intent.payload.get("shown") != run.digest:
            raise Refused(f"run {run.id} has changed since it was shown: look again")
        if run.state is not RunState.OPEN and done != "reopen":
            raise Refused(f"run {run.id} is {run.state.value}: reopen a step of it first")
        if done not in ("reopen", "sign") and run.at != seq:
            raise Refused(f"run {run.id} is at step {run.at}, not at {seq}")
        asked = Asked(self.settings, self.tell, writer, intent, now, run, run.runbook.step(step.seq), step)
        if done != "sign":  # back to a step goes the holder alone
            may_do(run, None if done == "reopen" else asked.declared, asked.person)
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
        if not may(holder, IntentKind.RUN_STEP) or not holder.reaches(around_run(writer, run)):
            raise Refused(f"{name} may not do its steps")
        if name in signers(writer, run):
            raise Refused(f"{name} has signed the step that it is at: somebody else takes it")
        records.save(writer.runs, run, progress.held_by(run, now, name, intent.person))
        to_incident(writer, run, now, "runbook", intent.person, f"held by {name} from now on")

    def close(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """A run ends early. What it has done stays as it is."""
        if (row := unreadable_row(writer, intent.subject)) is not None:
            self._close_unreadable(writer, row, intent, now)
            return
        run = known_run(writer, intent.subject, foreign=True)
        if run.state is not RunState.OPEN:
            raise Refused(f"run {run.id} is {run.state.value} already")
        may_do(run, None, known_person(self.settings, intent.person))
        reason = reason_in(intent.payload, "why it ends early")
        after = records.save(writer.runs, run, progress.closed(run, now, intent.person, reason))
        _tell_end(writer, after, now)

    def _close_unreadable(self, writer: LedgerWriter, row: RunRow, intent: Intent, now: int) -> None:
        """A run that another version, or somebody else than the agent, has written can only end."""
        assert row.id is not None
        person = known_person(self.settings, intent.person)
        if person.name != row.holder and Role.ADMIN not in person.roles:
            raise Refused(f"{row.holder} holds run {row.id}")
        reason = reason_in(intent.payload, "why it ends early")
        over = replace(
            row,
            state=RunState.ABANDONED.value,
            at_step=0,
            ended_at=now,
            ended_by=person.name,
            outcome=reason,
            revision=row.revision + 1,
        )
        told = RunEvent(now, "closed", person.name, f"ended early: {reason}")
        writer.runs.save(over, [], [told])


def _tell_end(writer: LedgerWriter, run: Run, now: int) -> None:
    if run.state is not RunState.OPEN:
        text = f"{run.runbook.title} is {run.state.value}" + (f": {run.outcome}" if run.outcome else "")
        to_incident(writer, run, now, "runbook", run.ended_by, text)


def _scopes_of_run(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    return around_run(writer, known_run(writer, intent.subject))


def _scopes_of_close(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    if unreadable_row(writer, intent.subject) is not None:
        return {WHOLE}
    return around_run(writer, known_run(writer, intent.subject, foreign=True))
