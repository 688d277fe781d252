"""How a run goes from step to step: pure functions to the run after it, with what to tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.domain.person import AGENT
from agent.domain.run import Run, RunEvent, RunState, StepRun, StepState
from agent.domain.runbook import Step, StepKind

MET, NOT_MET, OUT_OF_TIME = "met", "not met", "out of time"
"""Answers of checks and waits."""
APPROVED, DENIED, NOT_NEEDED = "approved", "denied", "not needed"
ASKED = "asked"
"""Of an action step while the agent looks after what a person asked for."""
OVERRULED = "overruled"
"""Of a step whose preconditions a person has overruled, until it ends."""
MOST_TRIES = 20
"""So often a step of the agent is reached without a person asking for it: what goes round is stopped."""
_AGENTS = (StepKind.QUERY, StepKind.CHECK, StepKind.WAIT_FOR, StepKind.APPROVAL)


@dataclass(frozen=True, slots=True)
class Moved:
    """A run after something happened, and the lines of its timeline that tell it."""

    run: Run
    events: tuple[RunEvent, ...] = ()

    def telling(self, at: int, kind: str, actor: str, text: str, step: int | None = None) -> Moved:
        """The same with one more line."""
        return Moved(self.run, (*self.events, RunEvent(at, kind, actor, text, step)))


def begin(run: Run, now: int) -> Moved:
    """A new run at its first step."""
    steps = tuple(StepRun(step.seq) for step in run.runbook.steps)
    fresh = replace(run, steps=steps, state=RunState.OPEN)
    drill = " as a drill" if run.drill else ""
    moved = Moved(fresh).telling(now, "started", run.started_by, f"{run.runbook.title} started{drill}")
    return _arrive(moved, run.runbook.steps[0].seq, now)


def opened(run: Run, seq: int) -> Moved:
    """What a step requires is so: it waits for a person now."""
    return Moved(_put(run, replace(run.step(seq), state=StepState.READY)))


def done(
    run: Run,
    seq: int,
    now: int,
    *,
    actor: str = AGENT,
    outcome: str = "",
    answer: str = "",
    reason: str = "",
    go: str = "",
    kept: Mapping[str, str] | None = None,
) -> Moved:
    """A step has come to its end; where the run is at it, it goes on, by way of `go` if that is named."""
    step = replace(
        run.step(seq),
        state=StepState.DONE,
        ended_at=now,
        actor=actor,
        outcome=outcome,
        answer=answer,
        reason=reason,
        due_at=None,
    )
    values = {**run.parameters, **(kept or {})}
    moved = Moved(_put(replace(run, parameters=values), step)).telling(now, "done", actor, outcome, seq)
    return _onward(moved, seq, now, go) if run.at == seq else moved


def failed(run: Run, seq: int, now: int, outcome: str) -> Moved:
    """A step cannot be done: a person retries, skips or rolls back."""
    step = replace(
        run.step(seq), state=StepState.FAILED, ended_at=now, actor=AGENT, outcome=outcome, due_at=None
    )
    return Moved(_put(run, step)).telling(now, "failed", AGENT, outcome, seq)


def skipped(run: Run, seq: int, now: int, actor: str, reason: str) -> Moved:
    """A person goes on without a step."""
    step = replace(
        run.step(seq), state=StepState.SKIPPED, ended_at=now, actor=actor, reason=reason, due_at=None
    )
    text = f"skipped: {reason}" if reason else "skipped"
    declared = run.runbook.step(seq)
    # Without the agreement that it asks for, the way on is that of a no.
    go = declared.otherwise if declared.kind is StepKind.APPROVAL else ""
    return _onward(Moved(_put(run, step)).telling(now, "skipped", actor, text, seq), seq, now, go)


def retried(run: Run, seq: int, now: int, actor: str, reason: str = "") -> Moved:
    """A step that failed is tried again."""
    text = _with("tried again", reason)
    return _arrive(Moved(run).telling(now, "retried", actor, text, seq), seq, now, wanted=True)


def overruled(run: Run, seq: int, now: int, actor: str, *, met: bool, reason: str) -> Moved:
    """A person decides otherwise than the agent found, or before it found anything."""
    declared = run.runbook.step(seq)
    if declared.kind not in (StepKind.CHECK, StepKind.WAIT_FOR):
        text = f"what it requires is overruled: {reason}"
        by_agent = _agents(declared)
        step = replace(
            run.step(seq),
            state=StepState.WORKING if by_agent else StepState.READY,
            ended_at=None,
            actor="",
            outcome="",
            answer=OVERRULED,
            reason=reason,
        )
        return Moved(_put(run, step)).telling(now, "overruled", actor, text, seq)
    answer = MET if met else NOT_MET
    text = f"overruled, {answer}: {reason}"
    go = "" if met else declared.otherwise
    return done(run, seq, now, actor=actor, outcome=text, answer=answer, reason=reason, go=go)


def reopened(run: Run, seq: int, now: int, actor: str, reason: str = "") -> Moved:
    """Back to a step that is behind, or on to one that was passed; the run is open again."""
    steps = tuple(_fresh(step) if step.seq == run.at else step for step in run.steps)
    again = replace(run, steps=steps, state=RunState.OPEN, ended_at=None, ended_by="", outcome="")
    text = _with("reopened", reason)
    return _arrive(Moved(again).telling(now, "reopened", actor, text, seq), seq, now, wanted=True)


def asked(run: Run, seq: int, now: int, actor: str, text: str, *, action: int | None = None) -> Moved:
    """A person has asked for what an action step is about: the agent looks after it now."""
    step = run.step(seq)
    made = step.action if action is None else action
    after = replace(step, state=StepState.WORKING, answer=ASKED, action=made)
    return Moved(_put(run, after)).telling(now, "asked", actor, text, seq)


def undone(run: Run, seq: int, now: int, actor: str, text: str) -> Moved:
    """The action of a step that was done is undone; the run stays where it is."""
    step = replace(run.step(seq), state=StepState.UNDONE, outcome=text)
    return Moved(_put(run, step)).telling(now, "undone", actor, text, seq)


def held_by(run: Run, now: int, person: str, actor: str) -> Moved:
    """Another person does the steps from now on."""
    text = f"taken over from {run.holder}" if person == actor else f"handed to {person}"
    return Moved(replace(run, holder=person)).telling(now, "held", actor, text)


def closed(run: Run, now: int, actor: str, reason: str) -> Moved:
    """The run ends before its end."""
    over = replace(
        run, state=RunState.ABANDONED, at=0, ended_at=now, ended_by=actor, outcome=reason, steps=_rest(run)
    )
    return Moved(over).telling(now, "closed", actor, f"ended early: {reason}")


def _arrive(moved: Moved, seq: int, now: int, *, wanted: bool = False) -> Moved:
    """The run is at a step; `wanted` where a person has asked for just that.

    Where it has been here before, all that follows is still to be done again.
    """
    run = moved.run
    if run.step(seq).attempt:
        run = replace(run, steps=tuple(_fresh(step) if step.seq > seq else step for step in run.steps))
    declared, step = run.runbook.step(seq), run.step(seq)
    missing = _missing(run, declared)
    if not missing and not wanted and _agents(declared) and step.attempt >= MOST_TRIES:
        missing = (
            f"the run has come here {step.attempt} times without a person: somebody decides how it goes on"
        )
    at_work = _agents(declared) or bool(declared.requires)
    here = StepRun(
        seq,
        state=StepState.FAILED if missing else StepState.WORKING if at_work else StepState.READY,
        attempt=step.attempt + 1,
        began_at=now,
        outcome=missing,
        action=step.action,
        due_at=now + declared.timeout_s if declared.timeout_s and not missing else None,
    )
    arrived = Moved(_put(replace(run, at=seq), here), moved.events)
    return arrived.telling(now, "failed", AGENT, missing, seq) if missing else arrived


def _fresh(step: StepRun) -> StepRun:
    """A step that is still to come; of earlier tries it keeps their number and what they have made."""
    return StepRun(step.seq, attempt=step.attempt, action=step.action)


def _with(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text


def _agents(declared: Step) -> bool:
    return declared.kind in _AGENTS or (declared.kind is StepKind.NOTIFY and declared.auto)


def _missing(run: Run, declared: Step) -> str:
    """Which steps must be done before and are not; empty where none is missing."""
    found = [run.runbook.named(ident) for ident in declared.needs]
    open_ = [each for each in found if each and run.step(each.seq).state is not StepState.DONE]
    return "; ".join(f"step {each.seq} ({each.title}) must be done before it" for each in open_)


def _onward(moved: Moved, seq: int, now: int, go: str = "") -> Moved:
    run = moved.run
    following = run.runbook.after(run.runbook.step(seq), go)
    if following is None:
        over = replace(
            run, state=RunState.DONE, at=0, ended_at=now, ended_by=run.step(seq).actor, steps=_rest(run)
        )
        return Moved(over, moved.events).telling(now, "ended", over.ended_by, "the runbook is at its end")
    between = tuple(
        replace(step, state=StepState.PASSED) if seq < step.seq < following and not _touched(step) else step
        for step in run.steps
    )
    return _arrive(Moved(replace(run, steps=between), moved.events), following, now)


def _touched(step: StepRun) -> bool:
    return step.state is not StepState.AHEAD


def _rest(run: Run) -> tuple[StepRun, ...]:
    """The steps of a run that is over: what was not reached is passed."""
    return tuple(
        step if step.state.over or step.state is StepState.FAILED else replace(step, state=StepState.PASSED)
        for step in run.steps
    )


def _put(run: Run, changed: StepRun) -> Run:
    return replace(run, steps=tuple(changed if step.seq == changed.seq else step for step in run.steps))
