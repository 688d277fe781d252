"""The preview of an action step: what the runbook asks for, as it would be here and now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind
from agent.domain.action_words import spec_title
from agent.domain.intent import IntentKind, Refused
from agent.errors import BurndeckError
from agent.runbooks import asks
from agent.runbooks.filling import MissingParameter, fill
from agent.runbooks.specs import KINDS
from agent.runbooks.way_back import way_back
from console.live import Answer, Question
from console.screens.acting.aim import Aim
from console.screens.acting.look import PLAN
from console.screens.acting.words import LABEL, approvers, confirmation, draw_plan, names_of
from console.screens.forms.form import Field, Values
from console.screens.forms.preview import Preview, PreviewForm
from console.screens.runbook.wishes import simple, wanted
from console.widgets.ink import Line, Span, Tone, left, wrap

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.ledger.reader import LedgerReader
    from agent.runbooks.view import RunView, StepView
    from agent.settings import Settings
    from console.wants import Want

_HINTS = {
    "scope": "what is acted on: api_key:..., team:..., project:..., organization",
    "limit": "each key or target: 10 rps, 60 rpm, 5000 tpm, 4 parallel",
    "for": "then it undoes itself: 15m, 6h, 2d; it can be renewed",
    "non-prod": "yes spares keys of production and of unknown environments",
    "models": "by name, with commas",
    "amount": "credits",
    "monthly": "credits a month",
    "gateway": "only there; empty: wherever it can be done",
    "emergency": "yes breaks the glass: from the emergency buffer, and a postmortem is owed",
}
_HOLDING = (ActionKind.THROTTLE, ActionKind.BLOCK, ActionKind.CAP)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of a step's action, or why nothing can."""

    plan: Plan | None = None
    problem: str = ""


def act(view: RunView, step: StepView) -> PreviewForm:
    """The step's action with its parameters to change, and a reason."""
    declared, run = step.declared, view.run
    fields = tuple(
        Field(f"p-{name}", name[:10], _filled(text, view), _HINTS.get(name, name))
        for name, text in declared.using.items()
    )
    reason = Field("reason", "reason", f"{run.runbook.title}, run {run.id}", "why; everybody sees it")
    drill = "Drill: " if run.drill else ""
    title = f"{drill}{declared.action.capitalize()}: step {declared.seq}"
    return PreviewForm(
        title, declared.title, (*fields, reason), partial(_ask, view, step), partial(_read, view, step)
    )


def kind_of(step: StepView) -> IntentKind:
    """The intent that the action of a step becomes."""
    from agent.control.requests import REQUESTS

    wanted_kind = KINDS[step.declared.action]
    return next(kind for kind, action in REQUESTS.items() if action is wanted_kind)


def _filled(text: str, view: RunView) -> str:
    try:
        return fill(text, view.values)
    except MissingParameter:
        return ""


def _ask(view: RunView, step: StepView, values: Values, first: bool) -> Question:
    changed = {name: values[f"p-{name}"] for name in step.declared.using}

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Planned:
        from agent.allocations import settings_now
        from agent.control.asking import preview
        from agent.runbooks.specs import spec_of

        try:
            current = settings_now(settings, reader.action_store(), now)
            spec = spec_of(current, view.run, step.declared, changed)
            return Planned(preview(reader, settings, spec, now))
        except BurndeckError as error:
            return Planned(problem=f"{error.message}. {error.hint}".strip())
        except Refused as refused:
            return Planned(problem=refused.reason)

    return Question(PLAN, ask, (tuple(changed.items()),))


def _read(view: RunView, step: StepView, answer: Answer, values: Values) -> Preview:
    planned: Planned = answer.value  # type: ignore[assignment]
    made = planned.plan
    if made is None:
        return _undoable(view, f"{planned.problem.rstrip('.')}.")
    aim = _aim(view, made)
    reason = values["reason"]
    return Preview(
        draw=lambda width: _draw(made, aim, answer.now, width),
        want=_want(view, step, made, reason) if reason else None,
        problem="" if reason else "reason: everybody sees it, so it cannot stay empty",
        confirm=_confirmation(made, aim),
        names=names_of(made, aim) if _grave(made) else (),
    )


def _undoable(view: RunView, why: str) -> Preview:
    """What no gateway can do: where an answer led here, Enter leads back to it."""
    decision = way_back(view)
    if decision is None:
        return Preview(lambda width: [], problem=f"{why} Type other values, or Esc: s skips the step.")
    seq = decision.declared.seq
    told = f"▲ {why} Type other values, or Enter twice: back to step {seq} for another answer. Esc, s skips."
    return Preview(
        draw=lambda width: [[Span(line, Tone.WARM)] for line in wrap(told, width)],
        want=simple(view, decision, "reopen", "is open again: choose another answer", reason=why),
        confirm=f"goes back to step {seq} for another answer",
    )


def _aim(view: RunView, made: Plan) -> Aim:
    scope = made.spec.scope
    name = f"{scope.kind.value.replace('_', ' ').replace('api ', '')} {scope.value}".strip()
    return Aim(scope, name, alert=view.run.alert, incident=view.run.incident)


def _grave(made: Plan) -> bool:
    """Whether a slip would hurt for long: not what a drill plays, and not a throttle, which undoes itself."""
    kind = made.spec.kind
    if made.spec.drill or kind is ActionKind.THROTTLE:
        return False
    return made.production or kind in (ActionKind.CAP, ActionKind.REVOKE)


def _confirmation(made: Plan, aim: Aim) -> str:
    drill = "drill, nothing changes: " if made.spec.drill else ""
    if made.spec.kind in _HOLDING:
        return drill + confirmation(made, aim)
    title = spec_title(made.spec).removeprefix("drill: ")
    return drill + (f"ask {approvers(made)} to {title}" if made.needs else title)


def _draw(made: Plan, aim: Aim, now: float, width: int) -> list[Line]:
    if made.keys:
        return draw_plan(made, aim, now, width)
    return list(_draw_own(made, width))


def _draw_own(made: Plan, width: int) -> Iterator[Line]:
    """What burndeck itself keeps: allocations and the pool, where no key is hit."""
    waits = f"waits for {approvers(made)}, and none of them you" if made.needs else "at once"
    parts = [("becomes", step.detail, Tone.STRONG) for step in made.steps]
    parts += [("when", waits, Tone.PLAIN), *(("note", note, Tone.DIM) for note in made.notes)]
    for label, text, tone in parts:
        for place, line in enumerate(wrap(text, max(20, width - LABEL))):
            yield [Span(left(label if place == 0 else "", LABEL), Tone.DIM), Span(line, tone)]


def _want(view: RunView, step: StepView, made: Plan, reason: str) -> Want:
    ask = asks.action_of(view.run, step.declared.seq, made, reason)
    then = f" It waits for {approvers(made)}." if made.needs else ""
    title = spec_title(made.spec)
    return wanted(ask, f"{title[:1].upper()}{title[1:]}: asked for", then)
