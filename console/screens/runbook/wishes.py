"""What a person asks of a run: the form for it, and the intents that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agent.domain.postmortem import SHAPE
from agent.domain.runbook import StepKind
from agent.runbooks import asks
from agent.runbooks.filling import check_value
from agent.runbooks.specs import RELEASE
from agent.runbooks.view import shown
from console.screens.forms.form import Field, FieldError, Form, Values
from console.screens.runbook.moves import in_force, roles_words
from console.wants import Want

if TYPE_CHECKING:
    from agent.control.asking import Ask
    from agent.domain.runbook import Runbook
    from agent.runbooks.view import RunView, StepView

_REASON = Field("reason", "reason", "", "why; everybody sees it")
_MAY_BE_EMPTY = Field("reason", "reason", "", "why; may stay empty")


def wanted(ask: Ask, done: str, then: str = "") -> Want:
    """An intent, and the words for when it is done."""
    return Want(ask.kind, ask.subject, ask.payload, done, then)


# At once


def simple(view: RunView, step: StepView, do: str, done: str, **said: Any) -> Want:
    """Something about a step that needs nothing typed: go, retry, reopen, or an answer that was chosen."""
    seq = step.declared.seq
    return wanted(asks.step_of(view.run, seq, do, **said), f"Step {seq} {done}")


def start(
    runbook: Runbook,
    parameters: Mapping[str, str],
    *,
    alert: int | None = None,
    drill: bool = False,
) -> Want:
    """A run of exactly this text."""
    ask = asks.start_of(runbook, parameters, alert=alert, drill=drill)
    return wanted(ask, f"{runbook.title} started{' as a drill' if drill else ''}")


def releases(view: RunView, seq: int, actions: list[int], reason: str) -> list[Want]:
    """Actions undone, the newest first."""
    found = asks.releases_of(view.run, seq, actions, reason)
    newest_first = sorted(actions, reverse=True)
    return [
        wanted(ask, f"Undo of action {action} asked for")
        for ask, action in zip(found, newest_first, strict=True)
    ]


# Forms


def note(view: RunView, step: StepView) -> Form:
    """Something is written down."""
    prompt = shown(step.declared.prompt, view.values) or "what is to be kept"

    def want(values: Values) -> Want:
        if not values["answer"]:
            raise FieldError("note: it cannot stay empty; s goes on without one")
        return simple(view, step, "answer", "noted", answer=values["answer"])

    fields = (Field("answer", "note", "", prompt),)
    said = ["It is kept in the run, and stands in the postmortem."]
    if step.declared.records == "postmortem" and any(each.emergency for each in view.actions):
        said.append(f"The glass was broken: somebody else than who broke it signs, as {SHAPE}.")
    return _form(step, "Note", fields, said, want)


def skip(view: RunView, step: StepView) -> Form:
    """On without the step."""
    optional = step.declared.optional

    def want(values: Values) -> Want:
        if not optional:
            _needed(values)
        return simple(view, step, "skip", "skipped", reason=values["reason"])

    said = ["The run goes on with what follows. O comes back to it."]
    return _form(step, "Skip", (_MAY_BE_EMPTY if optional else _REASON,), said, want)


def reopen(view: RunView, step: StepView) -> Form:
    """Back to a step, also of a run that is over."""
    run, seq = view.run, step.declared.seq
    from_ = f"from step {run.at} " if run.at else "and is open again "
    said = [f"The run goes back {from_}to step {seq}. What it has done stays as it is."]

    def want(values: Values) -> Want:
        return simple(view, step, "reopen", "reopened", reason=values["reason"])

    return _form(step, "Reopen", (_MAY_BE_EMPTY,), said, want)


def overrule(view: RunView, step: StepView) -> Form:
    """Otherwise than the agent found."""
    tests = step.declared.kind in (StepKind.CHECK, StepKind.WAIT_FOR)
    so = (Field("met", "so", "y", "y: go on as if it were so; n: as if it were not"),) if tests else ()

    def want(values: Values) -> Want:
        _needed(values)
        met = _yes("so", values.get("met", "y"))
        return simple(view, step, "overrule", "overruled", met=met, reason=values["reason"])

    said = ["Your word stands in place of the agent's finding, with your name and reason."]
    return _form(step, "Overrule", (*so, _REASON), said, want)


def sign(view: RunView, step: StepView) -> Form:
    """Yes or no to the run so far."""
    field = Field("say", "agree", "", "y agrees to what this run has done and is about to do; n refuses")

    def want(values: Values) -> Want:
        approve = _yes("agree", values["say"])
        done = "approved" if approve else "refused"
        return simple(view, step, "sign", done, approve=approve, reason=values["reason"])

    said = [f"It waits for {roles_words(step.declared.roles)}; one no is enough to end the wait."]
    return _form(step, "Approve", (field, _MAY_BE_EMPTY), said, want)


def undo(view: RunView, step: StepView, actions: list[int]) -> Form:
    """Actions of the run taken off again. What it sends is made by `releases`; this is the first of it."""
    known = {each.id: each for each in view.actions}
    said = [f"{known[each].title}: action {each}" for each in actions]

    def want(values: Values) -> Want:
        return releases(view, step.declared.seq, actions, values["reason"])[0]

    verb = "Release" if step.declared.action == RELEASE and step.state.action is None else "Undo"
    return _form(step, verb, (_MAY_BE_EMPTY,), [*said, "Limits are what they were before."], want)


def roll_back(view: RunView, step: StepView, actions: list[int]) -> Form:
    """Every action of the run, confirmed by the run's number."""
    asked = undo(view, step, actions)
    ident = str(view.run.id)

    def want(values: Values) -> Want:
        if values["sure"] != ident:
            raise FieldError(f"type: {ident}, the number of the run, to confirm")
        return asked.want(values)

    fields = (Field("sure", "type", "", f"{ident}, the number of the run"), *asked.fields)
    return Form(f"Roll back run {ident}", view.run.runbook.title, fields, asked.judge, want, asked.said_lines)


def assign(view: RunView) -> Form:
    """Who does the steps from now on."""
    run = view.run

    def want(values: Values) -> Want:
        name = values["name"]
        return wanted(
            asks.hold_of(run, name), f"Run {run.id} {f'handed to {name}' if name else 'taken over'}"
        )

    said = [f"{run.holder} holds it now. Everybody sees who does, and it is audited."]
    fields = (Field("name", "name", "", "who does the steps from now on; empty: you"),)
    return Form(f"Assign run {run.id}", run.runbook.title, fields, lambda values: said, want)


def close(view: RunView) -> Form:
    """The end before the end."""
    run = view.run
    held = in_force(view)
    said = ["What it has done stays as it is."]
    if held:
        said = [
            f"Still in force: action {', '.join(str(each) for each in held)}. They stay: U rolls back first."
        ]

    def want(values: Values) -> Want:
        return wanted(asks.close_of(run, _needed(values)), f"Run {run.id} closed")

    return Form(f"Close run {run.id}", run.runbook.title, (_REASON,), lambda values: said, want)


def set_values(view: RunView, step: StepView) -> Form:
    """What the run is about."""
    parameters = view.run.runbook.parameters
    before = {each.name: view.run.parameters.get(each.name, "") for each in parameters}
    fields = tuple(
        Field(f"p-{each.name}", each.name[:10], before[each.name], each.help or each.kind.value)
        for each in parameters
    )

    def want(values: Values) -> Want:
        given = {each.name: values[f"p-{each.name}"] for each in parameters}
        changed = {name: value for name, value in given.items() if value and value != before[name]}
        for each in parameters:
            if each.name in changed and (problem := check_value(each.kind, changed[each.name])):
                raise FieldError(f"{each.name}: {problem}")
        if not changed:
            raise FieldError("Change something.")
        return simple(view, step, "set", "set", parameters=changed)

    return _form(step, "Set", fields, ["Steps from here on use it."], want)


def new_run(runbook: Runbook, alert: int | None = None) -> Form:
    """A run of a runbook, with what it is about; what the alert fills may stay empty."""
    filled = {each.name for each in runbook.parameters if each.source and alert is not None}
    fields = tuple(
        Field(f"p-{each.name}", each.name[:10], "", f"empty: from the alert. {each.help}")
        if each.name in filled
        else Field(f"p-{each.name}", each.name[:10], each.default, each.help or each.kind.value)
        for each in runbook.parameters
    )
    of = (
        ()
        if alert is None
        else (Field("alert", "alert", str(alert), "the alert that it answers; empty: none"),)
    )
    drill = Field("drill", "drill", "n", "y plays it: nothing is changed and nobody is told in earnest")

    def want(values: Values) -> Want:
        number = _alert(values.get("alert", ""))
        given = {each.name: values[f"p-{each.name}"] for each in runbook.parameters}
        for each in runbook.parameters:
            value = given[each.name]
            if value and (problem := check_value(each.kind, value)):
                raise FieldError(f"{each.name}: {problem}")
            if not value and each.required and (number is None or not each.source):
                raise FieldError(f"{each.name}: it is needed: {each.help or each.kind.value}")
        said = {name: value for name, value in given.items() if value}
        return start(runbook, said, alert=number, drill=_yes("drill", values["drill"]))

    said = [f"{len(runbook.steps)} steps; the agent does its own at once."]
    return Form(f"Start {runbook.id}", runbook.title, (*fields, *of, drill), lambda values: said, want)


def _form(
    step: StepView, verb: str, fields: tuple[Field, ...], said: list[str], want: Callable[[Values], Want]
) -> Form:
    declared = step.declared
    title = f"{verb}: step {declared.seq}"
    return Form(title, declared.title, fields, lambda values: said, want, said_lines=min(10, 4 + len(said)))


def _needed(values: Values) -> str:
    if not values["reason"]:
        raise FieldError("reason: everybody sees it, so it cannot stay empty")
    return values["reason"]


def _alert(text: str) -> int | None:
    if text and not text.isdecimal():
        raise FieldError("alert: the number of an alert, or nothing")
    return int(text) if text else None


def _yes(label: str, text: str) -> bool:
    if text.lower() in ("y", "yes"):
        return True
    if text.lower() in ("n", "no"):
        return False
    raise FieldError(f"{label}: y or n")
