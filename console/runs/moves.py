"""What a script does next in a run: a pure look at the run as it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.control.requests import REQUESTS
from agent.domain.intent import IntentKind
from agent.domain.run import StepState
from agent.domain.runbook import StepKind
from agent.runbooks.specs import KINDS

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.domain.runbook import Step
    from agent.reports.action_report import ActionEntry
    from agent.runbooks.view import RunView, StepView
    from console.runs.answers import Answers
    from console.runs.cast import Cast

OVER, WAIT, STUCK, TAKE = "over", "wait", "stuck", "take"
ANSWER, GO, SKIP, OVERRULE, SIGN, REOPEN = "answer", "go", "skip", "overrule", "sign", "reopen"
ACT, RELEASE, APPROVE, DENY = "act", "release", "approve", "deny"


@dataclass(frozen=True, slots=True)
class Move:
    """Something that a person of the cast does, or why nobody does anything."""

    do: str
    person: str = ""
    text: str = ""  # the answer; a reason; why it is stuck
    actions: tuple[int, ...] = ()  # that are released, approved or denied
    step: int = 0  # that is reopened


def next_move(view: RunView, answers: Answers, cast: Cast) -> Move:
    """The one thing that is next."""
    current = view.current
    if current is None:
        return Move(OVER)
    ident, can = current.declared.id, current.can
    if ident in answers.skip and SKIP in can:
        return _by_mover(view, cast, Move(SKIP, text=answers.skip[ident]))
    if ident in answers.overrule and OVERRULE in can:
        return _by_mover(view, cast, Move(OVERRULE, text=answers.overrule[ident]))
    if current.state.state is StepState.FAILED:
        return Move(STUCK, text=current.state.outcome)
    if current.state.state is StepState.WORKING:
        return _while_working(view, current, answers, cast)
    return _when_ready(view, current, answers, cast)


def way_out(view: RunView, answers: Answers, cast: Cast, why: str) -> Move | None:
    """What is done instead of an action that is refused, where the script says nothing of it.

    The decision that led to it is taken otherwise, as long as it has another answer; then it is skipped. A
    script that asks for the action hears why it cannot be: None.
    """
    current = view.current
    if current is None or current.declared.id in answers.act:
        return None
    led = max(
        (each for each in view.steps if _leads(view, each, current.declared)),
        key=lambda each: each.state.ended_at or 0,
        default=None,
    )
    if led is not None and led.declared.id in answers.answers:
        return None
    if led is not None and led.state.attempt < len(led.declared.choices) and REOPEN in led.can:
        return _by_mover(view, cast, Move(REOPEN, text=why, step=led.declared.seq))
    return _by_mover(view, cast, Move(SKIP, text=why)) if SKIP in current.can else None


def _leads(view: RunView, decision: StepView, to: Step) -> bool:
    """Whether a decision was answered with the way to a step."""
    ways = {choice.answer: choice.go for choice in decision.declared.choices}
    answer = decision.state.answer
    if decision.state.state is not StepState.DONE or answer not in ways:
        return False
    named = view.run.runbook.named(ways[answer])
    return named is not None and named.seq == to.seq


def _when_ready(view: RunView, current: StepView, answers: Answers, cast: Cast) -> Move:
    step, first = current.declared, current.can[0]
    if first == RELEASE:
        held = tuple(_held(view, step))
        return _by_mover(view, cast, Move(RELEASE, actions=held) if held else Move(GO))
    if first == ACT:
        return _by_mover(view, cast, Move(ACT), _kind_of(step))
    if first == ANSWER:
        said = answers.answer(step, current.state.attempt)
        kind = IntentKind.ASSESS if step.records == "criticality" else IntentKind.RUN_STEP
        broke = {each.requested_by for each in view.actions if each.emergency}
        but = broke if step.records == "postmortem" else ()
        return _by_mover(view, cast, Move(ANSWER, text=said), kind, but)
    return _by_mover(view, cast, Move(first))


def _while_working(view: RunView, current: StepView, answers: Answers, cast: Cast) -> Move:
    if SIGN in current.can:
        return _sign(view, current, answers, cast)
    entry = _waiting_action(view, current)
    if entry is None or not entry.waits_for:
        return Move(WAIT)
    reason = answers.deny.get(current.declared.id, "")
    given = [each.person for each in entry.given]
    person = _named(answers, current, cast, given) or cast.first(
        roles=entry.waits_for[0], kind=IntentKind.APPROVE, but=[entry.requested_by, *given]
    )
    if person is None:
        return Move(STUCK, text=f"nobody of the cast can approve action {entry.id}")
    return Move(DENY if reason else APPROVE, person.name, reason, (entry.id,))


def _named(answers: Answers, current: StepView, cast: Cast, given: Collection[str]) -> Person | None:
    """Whom the script asks next, whether they may or not; None once all that it names have agreed.

    Whoever it names twice is asked twice: the agent is to say what comes of it.
    """
    names = answers.approve.get(current.declared.id, ())
    return cast.named(names[len(given)]) if len(given) < len(names) else None


def _sign(view: RunView, current: StepView, answers: Answers, cast: Cast) -> Move:
    run, step = view.run, current.declared
    spoken = [each.person for each in current.sign_offs]
    given = [each.role for each in current.sign_offs]
    missing = [roles for roles in step.roles if not set(roles) & set(given)] or [step.roles[-1]]
    person = _named(answers, current, cast, spoken) or cast.first(
        roles=missing[0], but=[run.holder, run.started_by, *spoken]
    )
    if person is None:
        return Move(STUCK, text=f"nobody of the cast can sign as {' or '.join(missing[0])}")
    reason = answers.deny.get(step.id, "")
    return Move(SIGN, person.name, reason)


def _waiting_action(view: RunView, current: StepView) -> ActionEntry | None:
    if current.declared.kind is not StepKind.APPROVAL:
        return current.action
    named = view.run.runbook.named(current.declared.of)
    return next((each.action for each in view.steps if named and each.declared.seq == named.seq), None)


def _held(view: RunView, step: Step) -> Iterator[int]:
    """The actions of a run that a release step is about and of which something may still become."""
    of = view.run.runbook.named(step.of) if step.of else None
    only = view.run.step(of.seq).action if of else None
    for entry in view.actions:
        if entry.open and (of is None or entry.id == only):
            yield entry.id


def _kind_of(step: Step) -> IntentKind:
    wanted = KINDS[step.action]
    return next(kind for kind, action in REQUESTS.items() if action is wanted)


def _by_mover(
    view: RunView,
    cast: Cast,
    move: Move,
    kind: IntentKind = IntentKind.RUN_STEP,
    but: Collection[str] = (),
) -> Move:
    """The same move by who may: the holder, else whom the step names, else who takes the run over.

    `but` nobody of these.
    """
    run, current = view.run, view.current
    assert current is not None
    performers = current.declared.performers
    holder = cast.named(run.holder)
    fits = holder is not None and (not performers or {role.value for role in holder.roles} & set(performers))
    fits = fits and run.holder not in but
    able = cast.first(roles=performers, kind=kind, but=but) if performers else None
    if fits and holder is not None and cast.first(kind=kind, but=_all_but(cast, holder.name)):
        able = holder
    if able is not None:
        return replace(move, person=able.name)
    taker = cast.first(roles=run.runbook.roles, kind=kind, but=[run.holder, *but])
    if taker is None:
        return Move(STUCK, text=f"nobody of the cast may do step {current.declared.seq}")
    return Move(TAKE, taker.name)


def _all_but(cast: Cast, name: str) -> list[str]:
    return [each.name for each in cast.people if each.name != name]
