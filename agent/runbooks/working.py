"""The agent's work on one step of a run: what it finds, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionState
from agent.domain.action import Verdict as Said
from agent.domain.action_words import open_needs, spec_title
from agent.domain.person import AGENT
from agent.domain.run import Evidence, Run, StepRun, StepState
from agent.domain.runbook import Ask, Step, StepKind
from agent.runbooks.about import values_of
from agent.runbooks.asking import Context
from agent.runbooks.deadline import deadline
from agent.runbooks.filling import MissingParameter, fill, fill_given
from agent.runbooks.progress import (
    APPROVED,
    ASKED,
    DENIED,
    MET,
    NOT_MET,
    NOT_NEEDED,
    OUT_OF_TIME,
    OVERRULED,
)
from agent.runbooks.queries import QUERIES
from agent.runbooks.required import tested

if TYPE_CHECKING:
    from agent.ledger.action_store import ActionStore
    from agent.ledger.run_store import RunStore


@dataclass(frozen=True, slots=True)
class Found:
    """What the agent found of one try of one step, and what becomes of the step by it."""

    run: int
    step: int
    attempt: int
    state: StepState  # READY: what it requires is so; DONE, FAILED or UNDONE
    was: StepState = StepState.WORKING  # it counts only while the step is still so
    outcome: str = ""
    answer: str = ""
    go: str = ""
    actor: str = AGENT
    evidence: tuple[Evidence, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    notifies: bool = False


@dataclass(frozen=True)
class Work:
    """The agent's work on one step."""

    context: Context
    run: Run
    declared: Step
    step: StepRun
    store: RunStore
    actions: ActionStore

    def found(self) -> Found | None:
        """What came of it; None while nothing has."""
        kind = self.declared.kind
        required: tuple[Evidence, ...] = ()
        if self.step.answer not in (ASKED, OVERRULED) and self.declared.requires:
            verdicts = [tested(self.context, each) for each in self.declared.requires]
            required = tuple(verdict.evidence for verdict in verdicts)
            unmet = [verdict.evidence.sentence for verdict in verdicts if not verdict.met]
            if unmet:
                return self.failing(f"not yet: {'; '.join(unmet)}", required)
        if kind is StepKind.QUERY:
            return self._query(required)
        if kind in (StepKind.CHECK, StepKind.WAIT_FOR):
            return self._judge(required)
        if kind is StepKind.NOTIFY and self.declared.auto:
            for text in (self.declared.text, *self.declared.to):
                fill(text, values_of(self.run))  # whatever is missing fails the step here
            return self._ends("", required, notifies=True)
        if kind is StepKind.APPROVAL:
            return self._approval(required)
        if kind is StepKind.ACTION and self.step.answer == ASKED:
            return self._release() if self.step.action is None else self._action(self.step.action)
        return self._as(StepState.READY, "", required)

    def failing(self, why: str, evidence: tuple[Evidence, ...] = ()) -> Found:
        """A person has to look at it."""
        return self._as(StepState.FAILED, why, evidence)

    def _query(self, required: tuple[Evidence, ...]) -> Found:
        """Asks one question after the other: what one keeps, the next may use."""
        answers: list[Evidence] = []
        kept: dict[str, str] = {}
        missing: list[MissingParameter] = []
        for ask in self.declared.asks:
            try:
                answer = self._ask(ask, kept)
            except MissingParameter as error:
                missing.append(error)
                continue
            answers.append(answer)
            kept |= self._kept(ask, answer)
        if not answers:
            raise missing[0]
        said = [answer.sentence for answer in answers if answer.sentence]
        said += [f"{error.name} is not known: one question is left out." for error in missing]
        return self._ends(" ".join(said), (*required, *answers), kept=kept)

    def _kept(self, ask: Ask, answer: Evidence) -> dict[str, str]:
        """What the run keeps of an answer: of its first row, where nothing is known yet."""
        found = {}
        for name, column in ask.keeps.items():
            if not self.run.parameters.get(name) and answer.rows and column in answer.columns:
                value = answer.rows[0][answer.columns.index(column)]
                if value not in _NOTHING:
                    found[name] = value
        return found

    def _judge(self, required: tuple[Evidence, ...]) -> Found | None:
        assert self.declared.test is not None
        verdict = tested(self.context, self.declared.test)
        evidence = (*required, verdict.evidence)
        said = verdict.evidence.sentence
        if verdict.met:
            return self._ends(said, evidence, answer=MET)
        waits = self.declared.kind is StepKind.WAIT_FOR
        timed_out = waits and not verdict.never
        answer = OUT_OF_TIME if timed_out else NOT_MET
        if timed_out:
            over = deadline(self.context, self.declared.test, self.step.due_at)
            if over is None or not over.counts(self.context.now, self.context.since):
                return None
            said = f"out of time: {said}"
            said += f" What was until then is not wholly known: {over.unknown}." if over.unknown else ""
        if self.declared.otherwise:
            return self._ends(said, evidence, answer=answer, go=self.declared.otherwise)
        return self.failing(said, evidence)

    def _approval(self, required: tuple[Evidence, ...]) -> Found | None:
        late = self.step.due_at is not None and self.context.now >= self.step.due_at
        if self.declared.of:
            waited = self._approval_of(required)
            if waited is not None or not late:
                return waited
        elif not late:
            return None
        return self._denied("not approved in time", OUT_OF_TIME, required)

    def _approval_of(self, required: tuple[Evidence, ...]) -> Found | None:
        of = self.run.runbook.named(self.declared.of)
        asked = None if of is None else self.run.step(of.seq)
        action, problem = (None, "") if asked is None or asked.action is None else self._read(asked.action)
        if action is None and asked is not None and asked.state is StepState.SKIPPED:
            return self._denied(f"step {asked.seq} was skipped: nothing was asked for", NOT_NEEDED, required)
        if action is None:
            return self.failing(f"step {self.declared.of} has asked for nothing that could be approved")
        if problem:
            return self.failing(problem)
        if action.accepted_at is not None:  # whatever has become of it since
            return self._approved(action, required)
        if action.state.ended:
            return self._denied(f"action {action.id} is {_how(action)}", DENIED, required)
        return None

    def _approved(self, action: Action, required: tuple[Evidence, ...]) -> Found:
        given = [
            each
            for each in self.actions.approvals(action.id or 0)
            if not each.void and each.verdict is Said.APPROVED and each.digest == action.digest
        ]
        text = f"action {action.id} is {'a drill' if self.run.drill else action.state.value}"
        if open_needs(action.needs, given):
            return self.failing(f"{text}, though not everybody has approved it")
        who = ", ".join(f"{each.person} ({each.role})" for each in given)
        if who:
            only = "; that counts for it alone" if self.run.drill else ""
            return self._ends(f"{text}, approved by {who}{only}", required, answer=APPROVED)
        how = "the glass was broken: nobody approved it" if action.spec.emergency else "it needed no approval"
        return self._ends(f"{text}; {how}", required, answer=NOT_NEEDED)

    def _read(self, ident: int) -> tuple[Action | None, str]:
        """An action, and why it says nothing about this run; both of one moment: the agent goes on."""
        with self.context.reader.snapshot():
            action = self.actions.action(ident)
            return action, "" if action is None else self._not_ours(action)

    def _not_ours(self, action: Action) -> str:
        """Why an action says nothing about this run; empty where it does."""
        if not self.actions.own(action):
            return f"action {action.id} was changed by somebody else than the agent"
        if action.spec.drill is not self.run.drill:
            return (
                f"action {action.id} is {'a drill' if action.spec.drill else 'no drill'}, other than this run"
            )
        return ""

    def _denied(self, why: str, answer: str, evidence: tuple[Evidence, ...]) -> Found:
        if self.declared.otherwise:
            return self._ends(why, evidence, answer=answer, go=self.declared.otherwise)
        return self.failing(why, evidence)

    def _action(self, ident: int) -> Found | None:
        action, problem = self._read(ident)
        if action is None:
            return self.failing(f"action {ident} is gone")
        title = spec_title(action.spec)
        if problem:
            return self.failing(problem)
        if action.state in _TAKEN:
            return self._ends(f"{title}: {action.state.value}", (), actor=action.requested_by)
        if action.state in (ActionState.REVERSED, ActionState.EXPIRED, ActionState.REVERSING):
            what = "nothing was changed" if self.run.drill else f"done, and {action.state.value}"
            return self._ends(f"{title}: {what}", (), actor=action.requested_by)
        if action.state.ended:
            return self.failing(f"{title}: {_how(action)}")
        if action.state is ActionState.STANDBY and self._approved_later():
            waits = open_needs(action.needs, [a for a in self.actions.approvals(ident) if not a.void])
            whom = " and ".join(" or ".join(roles) for roles in waits)
            return self._ends(f"{title}: waits for {whom}", (), actor=action.requested_by)
        return None

    def _approved_later(self) -> bool:
        return any(
            each.kind is StepKind.APPROVAL and each.of == self.declared.id for each in self.run.runbook.steps
        )

    def _release(self) -> Found | None:
        assert self.run.id is not None
        of = self.run.runbook.named(self.declared.of) if self.declared.of else None
        made = set(self.store.actions(self.run.id, None if of is None else of.seq))
        left = [each for each in self.actions.open_actions() if each.id in made]
        if not left:
            return self._ends("nothing of it is in force any more", ())
        return None

    def _ask(self, ask: Ask, kept: Mapping[str, str]) -> Evidence:
        query = QUERIES[ask.report]
        values = {**values_of(self.run), **kept}
        return query.ask(self.context, fill_given(ask.using, values, query.parameters))

    def _ends(
        self,
        outcome: str,
        evidence: tuple[Evidence, ...],
        *,
        answer: str = "",
        go: str = "",
        actor: str = AGENT,
        kept: Mapping[str, str] | None = None,
        notifies: bool = False,
    ) -> Found:
        assert self.run.id is not None
        return Found(
            self.run.id,
            self.step.seq,
            self.step.attempt,
            StepState.DONE,
            outcome=outcome,
            answer=answer,
            go=go,
            actor=actor,
            evidence=evidence,
            kept=kept or {},
            notifies=notifies,
        )

    def _as(self, state: StepState, outcome: str, evidence: tuple[Evidence, ...]) -> Found:
        assert self.run.id is not None
        ident, seq, attempt = self.run.id, self.step.seq, self.step.attempt
        return Found(ident, seq, attempt, state, outcome=outcome, evidence=evidence)


_NOTHING = ("", "-", "–", "—")  # cells of tables that say that nothing is known
_TAKEN = (ActionState.ACCEPTED, ActionState.CONFIRMED)


def _how(action: Action) -> str:
    return action.state.value + (f": {action.why}" if action.why else "")
