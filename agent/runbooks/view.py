"""Runs as the Runbook screen and `burndeck runbook` show them: plain data, with what a person can do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.control.roles import missing_people, nobody_words
from agent.domain.action import ActionState
from agent.domain.run import KeptEvidence, Run, RunEvent, RunState, SignOff, StepRun, StepState, told_nobody
from agent.domain.runbook import Remedy, Step, StepKind
from agent.domain.words import instant
from agent.errors import BurndeckError
from agent.reports.action_report import ActionEntry
from agent.reports.actions import action_entry
from agent.reports.runs import RunLine, runs
from agent.runbooks import records
from agent.runbooks.about import values_of
from agent.runbooks.asking import Context
from agent.runbooks.deadline import deadline
from agent.runbooks.filling import MissingParameter, fill
from agent.runbooks.own import marked, told
from agent.runbooks.progress import ASKED, OVERRULED
from agent.runbooks.required import tested
from agent.runbooks.specs import RELEASE

__all__ = [
    "Requirement",
    "RunBadge",
    "RunLine",
    "RunView",
    "StepView",
    "run_badge",
    "run_view",
    "runs",
    "shown",
]

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.ledger.reader import LedgerReader
    from agent.ledger.run_store import RunStore
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that must be so before a step, as it is now."""

    met: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a run with all that hangs on it."""

    declared: Step
    state: StepRun
    evidence: tuple[KeptEvidence, ...]  # of every try, oldest first
    sign_offs: tuple[SignOff, ...]  # of this try
    action: ActionEntry | None
    can: tuple[str, ...]  # act | release | answer | go | sign | set | skip | retry | overrule | reopen | undo
    requires: tuple[Requirement, ...] = ()  # of the step that the run is at
    waits: str = ""  # what it waits for, with figures, while it does
    asked: ActionEntry | None = None  # whose approval it waits for

    @property
    def due_at(self) -> int | None:
        """When its time is up, while it is under way: its own, or that of the approvals that it waits for."""
        if self.state.state is not StepState.WORKING:
            return None
        ends = (self.state.due_at, self.asked.approve_by if self.asked is not None else None)
        return min((each for each in ends if each is not None), default=None)

    @property
    def text(self) -> str:
        """What became of it in one line; empty while nothing has."""
        return self.state.outcome or self.state.reason

    @property
    def told_nobody(self) -> bool:
        """Whether its message reached nobody, though it is done."""
        return told_nobody(self.declared, self.state)


@dataclass(frozen=True, slots=True)
class RunView:
    """One run with everything around it."""

    now: int
    run: Run
    values: Mapping[str, str]  # what each {name} stands for
    steps: tuple[StepView, ...]
    events: tuple[RunEvent, ...]
    actions: tuple[ActionEntry, ...]  # that it has made
    changed_evidence: tuple[int, ...]  # ids of evidence that reads differently than it was kept

    @property
    def current(self) -> StepView | None:
        """The step that it is at."""
        return next((each for each in self.steps if each.declared.seq == self.run.at), None)


@dataclass(frozen=True, slots=True)
class RunBadge:
    """Runs in progress, for the header of every screen."""

    open: int = 0
    sign: tuple[tuple[int, int], ...] = ()  # (run, step) that ask for somebody's agreement
    roles: tuple[tuple[tuple[str, ...], ...], ...] = ()  # of each of those, the roles that are asked
    barred: tuple[frozenset[str], ...] = ()  # of each of those: who runs it or has spoken
    drills: frozenset[int] = frozenset()  # which of those runs are drills
    waiting: tuple[int, ...] = ()  # runs that wait for their holder

    def asked_of(self, person: Person | None, *, drill: bool = False) -> int:
        """How many steps ask for this person's agreement, of real runs or of drills."""
        if person is None:
            return 0
        mine = {role.value for role in person.roles}
        return sum(
            person.name not in barred and any(mine & set(roles) for roles in needs)
            for (run, _), needs, barred in zip(self.sign, self.roles, self.barred, strict=True)
            if (run in self.drills) is drill
        )


def run_badge(reader: LedgerReader) -> RunBadge:
    """What every header says of runs; without open ones one look at a small index."""
    store = reader.run_store()
    sign, roles, barred, drills, waiting = [], [], [], set(), []
    idents = store.open_ids()
    for ident in idents:
        run = _loaded(store, ident)
        if run is None or run.current is None or run.declared is None:
            continue
        if run.current.state in (StepState.READY, StepState.FAILED):
            waiting.append(ident)
        elif run.declared.kind is StepKind.APPROVAL and run.declared.roles:
            sign.append((ident, run.at))
            roles.append(run.declared.roles)
            if run.drill:
                drills.add(ident)
            here = (run.at, run.current.attempt)
            said = [each.person for each in store.sign_offs(ident) if (each.step, each.attempt) == here]
            barred.append(frozenset({run.holder, run.started_by, *said}))
    signing = (tuple(sign), tuple(roles), tuple(barred), frozenset(drills))
    return RunBadge(len(idents), *signing, tuple(waiting))


def run_view(reader: LedgerReader, settings: Settings, ident: int, now: float) -> RunView | None:
    """A run as it stands; None where there is none. `RunbookError` where its snapshot is unreadable."""
    with reader.snapshot():
        store = reader.run_store()
        run = records.load(store, ident)
        if run is None:
            return None
        foreign = store.foreign(ident)
        events = told(store.events(ident), run, foreign)
        run = marked(run, foreign)
        evidence, signed = store.evidence(ident), store.sign_offs(ident)
        written = store.kept_hashes(ident)
        found = ((each, action_entry(reader, each, now)) for each in store.actions(ident))
        made = {each: entry for each, entry in found if entry is not None}
        context = Context(reader, settings_now(settings, reader.action_store(), now), now, run)
        steps = tuple(
            _step_view(context, run, declared, evidence, signed, made) for declared in run.runbook.steps
        )
    changed = tuple(each.id or 0 for each in evidence if each.evidence.sha256() not in written)
    return RunView(int(now), run, values_of(run), steps, events, tuple(made.values()), changed)


def _loaded(store: RunStore, ident: int) -> Run | None:
    try:
        return records.load(store, ident)
    except (BurndeckError, ValueError, KeyError, TypeError):
        return None


def _step_view(
    context: Context,
    run: Run,
    declared: Step,
    evidence: tuple[KeptEvidence, ...],
    signed: tuple[SignOff, ...],
    made: Mapping[int, ActionEntry],
) -> StepView:
    state = run.step(declared.seq)
    action = made.get(state.action) if state.action is not None else None
    asked = _asked(run, declared, action, made)
    here = run.at == declared.seq
    requires = _requirements(context, declared) if here else ()
    return StepView(
        declared=declared,
        state=state,
        evidence=tuple(each for each in evidence if each.step == declared.seq),
        sign_offs=tuple(
            each for each in signed if (each.step, each.attempt) == (declared.seq, state.attempt)
        ),
        action=action,
        can=_can(run, declared, state, action, lacks=not all(each.met for each in requires)),
        requires=requires,
        waits=_waits(context, declared, state, asked or action, signed) if here else "",
        asked=asked,
    )


def _asked(
    run: Run, declared: Step, action: ActionEntry | None, made: Mapping[int, ActionEntry]
) -> ActionEntry | None:
    """The action whose approval a step waits for: its own, or that of the step which it is about."""
    of = run.runbook.named(declared.of) if declared.kind is StepKind.APPROVAL and declared.of else None
    found = made.get(run.step(of.seq).action or 0) if of is not None else action
    return found if found is not None and found.waits_for else None


def _can(
    run: Run, declared: Step, state: StepRun, action: ActionEntry | None, *, lacks: bool
) -> tuple[str, ...]:
    """What somebody may do about a step now, the first thing first; `lacks`: what it requires is not so."""
    holds = action is not None and action.open and action.state != ActionState.REVERSING
    undo = ("undo",) if holds else ()
    if run.at != declared.seq or run.state is not RunState.OPEN:
        again = state.state.over or (state.state is StepState.FAILED)
        return (*undo, *(("reopen",) if again and not holds else ()))
    if state.state is StepState.FAILED:
        remedies = tuple(each.value for each in declared.remedies if each is not Remedy.ROLL_BACK)
        rule = ("overrule",) if _overrulable(declared, state) else ()
        roll = ("roll-back",) if Remedy.ROLL_BACK in declared.remedies else ()
        return (*remedies, *rule, *undo, *roll, *(("set",) if run.runbook.parameters else ()))
    if state.state is StepState.WORKING:
        sign = ("sign",) if declared.kind is StepKind.APPROVAL and declared.roles else ()
        approve = ("approve",) if declared.kind is StepKind.APPROVAL and declared.of else ()
        rule = ("overrule",) if declared.kind is StepKind.WAIT_FOR else ()
        return (*sign, *approve, *rule, "skip", *undo)
    first = {
        StepKind.DECISION: "answer",
        StepKind.NOTE: "answer",
        StepKind.NOTIFY: "go",
        StepKind.ACTION: "release" if declared.action == RELEASE else "act",
    }.get(declared.kind)
    rule = ("overrule",) if lacks and state.answer != OVERRULED else ()
    return (*((first,) if first else ()), *rule, "skip", *undo, *(("set",) if run.runbook.parameters else ()))


def _overrulable(declared: Step, state: StepRun) -> bool:
    if declared.kind in (StepKind.CHECK, StepKind.WAIT_FOR):
        return True
    return bool(declared.requires) and state.answer != ASKED


def _requirements(context: Context, declared: Step) -> tuple[Requirement, ...]:
    found = []
    for test in declared.requires:
        try:
            verdict = tested(context, test)
            found.append(Requirement(verdict.met, verdict.evidence.sentence))
        except BurndeckError as error:
            found.append(Requirement(False, error.message))
    return tuple(found)


def _waits(
    context: Context,
    declared: Step,
    state: StepRun,
    action: ActionEntry | None,
    signed: tuple[SignOff, ...],
) -> str:
    if state.state is not StepState.WORKING:
        return ""
    if declared.kind is StepKind.WAIT_FOR and declared.test is not None:
        try:
            verdict = tested(context, declared.test)
        except BurndeckError as error:
            return error.message
        over = deadline(context, declared.test, state.due_at)
        return f"{verdict.evidence.sentence} {over.words if over is not None else ''}".strip()
    if declared.kind is StepKind.APPROVAL and declared.roles:
        return _waits_for_signs(context, declared, state, signed)
    if action is not None:
        waits = " and ".join(" or ".join(roles) for roles in action.waits_for)
        spoken = (action.requested_by, *(each.person for each in action.given))
        nobody = nobody_words(missing_people(action.waits_for, context.settings.people, spoken))
        text = f"action {action.id} is {action.state}" + (f", waits for {waits}" if waits else "")
        until = f" until {instant(action.approve_by)}" if waits and action.approve_by else ""
        return f"{text}{until}" + (f"; {nobody}" if nobody else "")
    return ""


def _waits_for_signs(context: Context, declared: Step, state: StepRun, signed: tuple[SignOff, ...]) -> str:
    """Whose agreement is asked, and whether anybody is there to give what of it is missing."""
    run = context.run
    assert run is not None
    here = [each for each in signed if (each.step, each.attempt) == (declared.seq, state.attempt)]
    given = {each.role for each in here}
    needs = tuple(roles for roles in declared.roles if given.isdisjoint(roles))
    spoken = (run.holder, run.started_by, *(each.person for each in here))
    nobody = nobody_words(missing_people(needs, context.settings.people, spoken))
    waits = "waits for " + " and ".join(" or ".join(roles) for roles in declared.roles)
    return waits + (f"; {nobody}" if nobody else "")


def shown(text: str, values: Mapping[str, str]) -> str:
    """A text of a step with what is known filled in; what is not known stays `{name}`."""
    try:
        return fill(text, values)
    except MissingParameter as missing:
        return shown(text, {**values, missing.name: f"<{missing.name}>"})
