"""Plays a run to its end from a script: what waits for a person is done by somebody of a cast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from agent.domain.intent import Refused
from agent.domain.run import StepState
from agent.errors import BurndeckError
from agent.runbooks.asks import action_of, hold_of, releases_of, step_of
from agent.runbooks.specs import spec_of
from agent.runbooks.view import RunView, run_view
from console.runs import moves
from console.runs.moves import Move, next_move, way_out

if TYPE_CHECKING:
    from agent.control.asking import Ask
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from console.runs.answers import Answers
    from console.runs.cast import Cast

PATIENCE_S = 8 * 86_400
"""Longer than any wait of a shipped runbook: what has not moved by then never will."""
MOST_TRIES = 12
"""A step that is tried more often is part of a circle."""
_REASON = "drill of the runbook"


class Ground(Protocol):
    """Where a run is played: a ledger, an agent, and people."""

    @property
    def reader(self) -> LedgerReader: ...
    @property
    def settings(self) -> Settings:
        """With the allocations in force."""
        ...

    @property
    def cast(self) -> Cast: ...

    def now(self) -> float: ...
    def tell(self, person: str, ask: Ask) -> str:
        """Somebody asks for something; returns why it was refused, or nothing."""
        ...

    def wait(self, so_far_s: float) -> None:
        """Time goes on, the faster the longer it was waited `so_far_s`."""
        ...


@dataclass(frozen=True, slots=True)
class StepEnd:
    """A try of a step that has come to its end."""

    seq: int
    id: str
    title: str
    kind: str
    attempt: int
    state: str
    answer: str
    sentence: str  # what came of it
    actor: str
    began_at: int
    ended_at: int
    action: int | None
    evidence: tuple[str, ...]  # one sentence each


@dataclass(frozen=True, slots=True)
class Played:
    """A run after it was played."""

    view: RunView
    stuck: str  # why it did not come to its end; empty where it did
    steps: tuple[StepEnd, ...] = ()

    @property
    def failed(self) -> tuple[int, ...]:
        """Steps that are failed to the last."""
        return tuple(each.declared.seq for each in self.view.steps if each.state.state is StepState.FAILED)

    @property
    def fine(self) -> bool:
        """Whether it came to its end, and no step failed."""
        return not self.stuck and not self.failed


Told = Callable[[str | StepEnd], None]
"""Hears of each step as it ends, and in a sentence of what else happens."""


def play(ground: Ground, run: int, answers: Answers, told: Told) -> Played:
    """Takes a run to its end, or to where nobody knows what to do."""
    return _Player(ground, run, answers, told).play()


@dataclass
class _Player:
    ground: Ground
    run: int
    answers: Answers
    told: Told
    _ends: dict[tuple[int, int, str], StepEnd] = field(default_factory=dict)
    _here: tuple[int, int] = (0, 0)
    _since: float = 0.0

    def play(self) -> Played:
        while True:
            view = self._look()
            move = next_move(view, self.answers, self.ground.cast)
            stuck = move.text if move.do == moves.STUCK else self._circles(view)
            if not stuck and move.do not in (moves.OVER, moves.WAIT):
                stuck = self._do(view, move)
            if stuck or move.do == moves.OVER:
                return Played(self._look(), stuck, tuple(self._ends.values()))
            if move.do == moves.WAIT:
                self.ground.wait(self.ground.now() - self._since)

    def _look(self) -> RunView:
        """The run as it stands, having told of what has ended."""
        view = run_view(self.ground.reader, self.ground.settings, self.run, self.ground.now())
        assert view is not None
        for end in _ends_of(view):
            key = (end.seq, end.attempt, "" if end.state == StepState.UNDONE else end.state)
            if key not in self._ends and (end.seq, end.attempt, StepState.DONE.value) not in self._ends:
                self._ends[key] = end
                self.told(end)
        return view

    def _circles(self, view: RunView) -> str:
        """Why it is no use to go on."""
        current = view.current
        if current is None:
            return ""
        here = (current.declared.seq, current.state.attempt)
        if here != self._here:
            self._here, self._since = here, self.ground.now()
        if current.state.attempt > MOST_TRIES:
            return f"step {here[0]} was reached {current.state.attempt} times: it goes in a circle"
        if self.ground.now() - self._since > PATIENCE_S:
            return f"step {here[0]} waits in vain: {current.waits or 'nothing comes of it'}"
        return ""

    def _do(self, view: RunView, move: Move) -> str:
        """Carries a move out, or what is done instead; returns why it was refused."""
        refusal = self._try(view, move)
        if not refusal or move.do != moves.ACT:
            return refusal
        instead = way_out(view, self.answers, self.ground.cast, refusal)
        if instead is None:
            return refusal
        if instead.do == moves.REOPEN:
            self.told(f"step {view.run.at} is refused, so step {instead.step} is decided anew: {refusal}")
        return self._try(view, instead)

    def _try(self, view: RunView, move: Move) -> str:
        """Carries a move out; returns why it was refused."""
        try:
            asks = list(self._asks(view, move))
        except Refused as refused:
            return refused.reason
        except BurndeckError as error:
            return f"{error.message}. {error.hint}".strip()
        refusals = (self.ground.tell(move.person, ask) for ask in asks)
        return next((refusal for refusal in refusals if refusal), "")

    def _asks(self, view: RunView, move: Move) -> Iterator[Ask]:
        from agent.control.asking import decision_on

        run, seq = view.run, view.run.at
        if move.do == moves.TAKE:
            yield hold_of(run)
        elif move.do == moves.ACT:
            yield self._action(view)
        elif move.do == moves.RELEASE:
            yield from releases_of(run, seq, move.actions, _REASON)
        elif move.do in (moves.APPROVE, moves.DENY):
            action = self.ground.reader.action_store().action(move.actions[0])
            assert action is not None
            yield decision_on(action, approve=move.do == moves.APPROVE, note=move.text)
        elif move.do == moves.SIGN:
            yield step_of(run, seq, "sign", approve=not move.text, reason=move.text)
        elif move.do == moves.ANSWER:
            yield step_of(run, seq, "answer", answer=move.text, reason=_REASON)
        else:
            yield step_of(run, move.step or seq, move.do, **({"reason": move.text} if move.text else {}))

    def _action(self, view: RunView) -> Ask:
        from agent.control.asking import preview

        current, ground = view.current, self.ground
        assert current is not None
        changed = self.answers.act.get(current.declared.id)
        spec = spec_of(ground.settings, view.run, current.declared, changed)
        made = preview(ground.reader, ground.settings, spec, ground.now())
        return action_of(view.run, current.declared.seq, made, _REASON)


def _ends_of(view: RunView) -> Iterator[StepEnd]:
    """Steps that have ended, in the order in which they did."""
    over = (StepState.DONE, StepState.SKIPPED, StepState.FAILED, StepState.UNDONE)
    ended = [each for each in view.steps if each.state.state in over]
    for each in sorted(ended, key=lambda step: (step.state.ended_at or 0, step.declared.seq)):
        step, state = each.declared, each.state
        yield StepEnd(
            seq=step.seq,
            id=step.id,
            title=step.title,
            kind=step.kind.value,
            attempt=state.attempt,
            state=state.state.value,
            answer=state.answer,
            sentence=state.outcome or state.reason,
            actor=state.actor,
            began_at=state.began_at or 0,
            ended_at=state.ended_at or 0,
            action=state.action,
            evidence=tuple(
                kept.evidence.sentence
                for kept in each.evidence
                if kept.attempt == state.attempt and kept.evidence.sentence
            ),
        )
