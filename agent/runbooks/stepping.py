"""What a person does about one step of a run, as the run after it. Everything happens in the transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.control.bounds import known_person
from agent.control.duties import assess
from agent.control.glass import POSTMORTEM, breakers, check, sign_postmortem
from agent.control.occasion import Tell
from agent.control.roles import may, refusal
from agent.control.standing import out_of_reach
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.person import Person
from agent.domain.run import Run, RunState, StepRun, StepState
from agent.domain.runbook import Choice, ParameterKind, Step, StepKind
from agent.runbooks import progress
from agent.runbooks.filling import MissingParameter, check_value
from agent.runbooks.progress import ASKED, Moved
from agent.runbooks.reach import around_run, ident_of, reason_in, text_in
from agent.runbooks.required import lacking_now, must_hold
from agent.runbooks.signing import sign, signed_gates
from agent.runbooks.specs import RELEASE
from agent.runbooks.starting import not_twice
from agent.runbooks.telling import notify
from agent.secrets import redact

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

LONGEST_NOTE = 8_000
CRITICAL, NOT_CRITICAL = "critical", "not-critical"
"""The answers of a decision that records the criticality of an incident."""


@dataclass(frozen=True)
class Asked:
    """One person's wish about one step, while it is carried out."""

    settings: Settings
    tell: Tell
    writer: LedgerWriter
    intent: Intent
    now: int
    run: Run
    declared: Step
    step: StepRun

    @property
    def person(self) -> Person:
        return known_person(self.settings, self.intent.person)

    @property
    def answer_text(self) -> str:
        return text_in(self.intent.payload, "answer")

    def must_be(self, *states: StepState) -> None:
        if self.step.state not in states:
            raise Refused(f"step {self.step.seq} is {self.step.state.value}")

    def must_hold(self) -> None:
        must_hold(self.writer, self.settings, self.run, self.step.seq, self.now)

    def end(
        self, outcome: str, answer: str = "", go: str = "", kept: Mapping[str, str] | None = None
    ) -> Moved:
        """The step is done by this person."""
        return progress.done(
            self.run,
            self.step.seq,
            self.now,
            actor=self.intent.person,
            outcome=outcome,
            answer=answer,
            go=go,
            kept=kept,
        )


def _answer(asked: Asked) -> Moved:
    """A decision is taken, or a note is written."""
    asked.must_be(StepState.READY)
    asked.must_hold()
    if asked.declared.kind is StepKind.DECISION:
        return _decide(asked)
    if asked.declared.kind is StepKind.NOTE:
        return _note(asked)
    raise Refused(f"step {asked.step.seq} is no decision and no note")


def _decide(asked: Asked) -> Moved:
    choices = asked.declared.choices
    choice = next((each for each in choices if each.answer == asked.answer_text), None)
    if choice is None:
        known = ", ".join(each.answer for each in choices)
        raise Refused(f"answer: {asked.answer_text or 'nothing'} is none of {known}")
    if asked.declared.records == "criticality":
        _assess(asked, choice)
    return asked.end(f"{choice.answer}: {choice.label}", choice.answer, choice.go)


def _assess(asked: Asked, choice: Choice) -> None:
    """The incident keeps it too, but not of a drill; who may say so is not the holder's question."""
    if not may(asked.person, IntentKind.ASSESS):
        raise Refused(refusal(asked.person, IntentKind.ASSESS))
    if asked.run.drill:
        return
    if asked.run.incident is None:
        raise Refused("there is no incident to assess")
    said = {"critical": choice.answer == CRITICAL, "note": text_in(asked.intent.payload, "reason")}
    told = replace(asked.intent, payload=said)
    assess(asked.writer, asked.run.incident, told, asked.now, asked.tell)


def _note(asked: Asked) -> Moved:
    text = asked.answer_text
    if not 0 < len(text) <= LONGEST_NOTE:
        raise Refused(f"a note has 1 to {LONGEST_NOTE} characters; a step that has none is skipped")
    if asked.declared.records == "postmortem":
        _sign_postmortem(asked, text)
    name = asked.declared.fills
    if name:
        kinds = (each.kind for each in asked.run.runbook.parameters if each.name == name)
        if problem := check_value(next(kinds, ParameterKind.TEXT), text):
            raise Refused(f"{name}: {problem}")
    first = text.splitlines()[0]
    kept = {name: text} if name else {}
    return asked.end(first if first == text else f"{first} ...", text, kept=kept)


def _sign_postmortem(asked: Asked, text: str) -> None:
    """The incident keeps it too where the glass was broken; a drill asks for the same, and keeps nothing."""
    run, writer = asked.run, asked.writer
    if run.drill:
        made = (writer.actions.action(each) for each in writer.runs.actions(ident_of(run)))
        if broke := breakers((each for each in made if each is not None), drill=True):
            check(text, asked.person.name, broke, asked.settings.people)
        return
    duties = {row["kind"]: row for row in writer.actions.duties([run.incident])} if run.incident else {}
    if run.incident and POSTMORTEM in duties and not duties[POSTMORTEM]["answer"]:
        told = replace(asked.intent, payload={"text": text})
        sign_postmortem(writer, asked.settings, run.incident, told, asked.now)


def _go(asked: Asked) -> Moved:
    """A message is sent, or a release finds nothing to release."""
    asked.must_be(StepState.READY)
    asked.must_hold()
    declared = asked.declared
    if declared.kind is StepKind.NOTIFY:
        try:
            told = notify(asked.writer, asked.settings, asked.run, declared, asked.now)
        except MissingParameter as missing:
            raise Refused(f"{missing.message}. {missing.hint}") from None
        return asked.end(told)
    if declared.kind is StepKind.ACTION and declared.action == RELEASE:
        if held := _to_release(asked):
            raise Refused(f"{_these(held)} in force: release them")
        return asked.end(f"nothing of {'step ' + declared.of if declared.of else 'this run'} is in force")
    raise Refused(f"step {asked.step.seq} takes more than that: `burndeck runbook resume {asked.run.id}`")


def _to_release(asked: Asked) -> list[int]:
    """What a release step undoes: the actions of the step that it names, else all that the run has made."""
    of = asked.declared.of
    named = asked.run.runbook.named(of) if of else None
    return in_force(asked.writer, asked.run, None if named is None else named.seq)


def _skip(asked: Asked) -> Moved:
    asked.must_be(StepState.READY, StepState.FAILED, StepState.WORKING)
    reason = text_in(asked.intent.payload, "reason")
    if not reason and not asked.declared.optional:
        raise Refused("it needs a reason; everybody sees it")
    gate = asked.declared.kind is StepKind.APPROVAL
    if (gate or asked.step.state is StepState.FAILED) and "skip" not in asked.declared.remedies:
        raise Refused(f"the runbook does not let step {asked.step.seq} be skipped: retry it, or roll back")
    return progress.skipped(asked.run, asked.step.seq, asked.now, asked.intent.person, reason)


def _retry(asked: Asked) -> Moved:
    asked.must_be(StepState.FAILED)
    if "retry" not in asked.declared.remedies:
        raise Refused(f"the runbook does not let step {asked.step.seq} be tried again")
    reason = text_in(asked.intent.payload, "reason")
    return progress.retried(asked.run, asked.step.seq, asked.now, asked.intent.person, reason)


def _overrule(asked: Asked) -> Moved:
    asked.must_be(StepState.FAILED, StepState.WORKING, StepState.READY)
    declared, step = asked.declared, asked.step
    if step.state is StepState.READY:
        _overrule_what_was_so(asked)
    by_test = declared.kind in (StepKind.CHECK, StepKind.WAIT_FOR)
    asks = step.answer == ASKED
    by_rule = declared.requires and step.state in (StepState.FAILED, StepState.READY) and not asks
    if not by_test and not by_rule:
        raise Refused(f"step {step.seq} tests nothing that a person could overrule")
    reason = reason_in(asked.intent.payload, "why the finding is overruled")
    met = asked.intent.payload.get("met") is not False
    return progress.overruled(asked.run, step.seq, asked.now, asked.intent.person, met=met, reason=reason)


def _overrule_what_was_so(asked: Asked) -> None:
    """What a step requires was so on arrival: only what is so no more can be overruled."""
    run, seq = asked.run, asked.step.seq
    if asked.declared.requires and not lacking_now(asked.writer, asked.settings, run, seq, asked.now):
        raise Refused(f"what step {seq} requires is so: there is nothing to overrule")


def _reopen(asked: Asked) -> Moved:
    """Back to a step that is behind, or to one that failed; never on past what was not done yet."""
    step, run = asked.step, asked.run
    if not (step.state.over or step.state is StepState.FAILED):
        raise Refused(f"step {step.seq} is {step.state.value}: there is nothing to reopen")
    if held := in_force(asked.writer, run, step.seq):
        raise Refused(f"{_these(held)} in force: undo it first")
    if run.state is not RunState.OPEN:
        not_twice(asked.writer, run)
    reason = text_in(asked.intent.payload, "reason")
    return progress.reopened(run, step.seq, asked.now, asked.intent.person, reason)


def _set(asked: Asked) -> Moved:
    """A parameter gets a value that the run lacked, or another one."""
    asked.must_be(StepState.READY, StepState.FAILED)
    given = asked.intent.payload.get("parameters")
    known = {parameter.name: parameter for parameter in asked.run.runbook.parameters}
    if not isinstance(given, dict) or not given:
        raise Refused("parameters: say which, as NAME=VALUE")
    for name, value in given.items():
        if name not in known or not isinstance(value, str):
            raise Refused(f"parameters: the run has no {name}; it has {', '.join(sorted(known)) or 'none'}")
        if problem := check_value(known[name].kind, value):
            raise Refused(f"{name}: {problem}")
    if signed := signed_gates(asked.run):
        raise Refused(f"people have signed the run as it is: reopen step {signed[0]} before it changes")
    kept = {name: redact(value) for name, value in given.items()}
    text = ", ".join(f"{name} is {value}" for name, value in kept.items())
    run = replace(asked.run, parameters={**asked.run.parameters, **kept})
    if not asked.person.reaches(around_run(asked.writer, run)):
        raise Refused(out_of_reach(asked.person))
    return Moved(run).telling(asked.now, "set", asked.intent.person, text, asked.step.seq)


WORK: Mapping[str, Callable[[Asked], Moved]] = {
    "answer": _answer,
    "go": _go,
    "skip": _skip,
    "retry": _retry,
    "overrule": _overrule,
    "reopen": _reopen,
    "set": _set,
    "sign": sign,
}


def in_force(writer: LedgerWriter, run: Run, step: int | None = None) -> list[int]:
    """The actions of a run, or of one step of it, of which something may still become."""
    made = set(writer.runs.actions(ident_of(run), step))
    return [each.id for each in writer.actions.open_actions() if each.id in made and each.id is not None]


def _these(actions: Collection[int]) -> str:
    names = ", ".join(str(each) for each in actions)
    return f"action {names} is" if len(actions) == 1 else f"actions {names} are"
