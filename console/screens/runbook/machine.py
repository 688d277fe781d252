"""The machine's part of a step in words, with what the run knows filled in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agent.domain.duration import Duration
from agent.domain.runbook import END, StepKind
from agent.runbooks.view import shown
from console.screens.runbook.moves import roles_words
from console.widgets.ink import Tone

if TYPE_CHECKING:
    from agent.domain.runbook import Runbook, Step, Test
    from agent.runbooks.view import RunView, StepView

Part = tuple[str, str, Tone]
"""A label, what it says, and how that is meant."""


def machine_words(view: RunView, step: StepView) -> Iterator[Part]:
    """What the step does, and where it leads."""
    yield from _does(view, step.declared, made=step.action is not None)
    yield from _leads(view.run.runbook, step.declared)


def _does(view: RunView, step: Step, *, made: bool) -> Iterator[Part]:
    values = view.values
    if step.kind is StepKind.QUERY:
        for each in step.asks:
            kept = f"; keeps {', '.join(each.keeps)}" if each.keeps else ""
            yield "asks", f"{each.report}{_using(each.using, values)}{kept}", Tone.DIM
    elif step.kind is StepKind.CHECK and step.test is not None:
        yield "tests", _test(step.test, values), Tone.PLAIN
    elif step.kind is StepKind.WAIT_FOR and step.test is not None:
        limit = f", for {Duration(step.timeout_s)} at most" if step.timeout_s else ""
        yield "waits for", _test(step.test, values) + limit, Tone.PLAIN
    elif step.kind is StepKind.ACTION:
        yield from _action(view, step, made=made)
    elif step.kind is StepKind.APPROVAL:
        what = f"the action of step {_number(view.run.runbook, step.of)}" if step.of else "the run so far"
        whom = roles_words(step.roles) if step.roles else "whom the action needs"
        yield "asks", f"{whom} to agree to {what}", Tone.PLAIN
    elif step.kind is StepKind.NOTIFY:
        yield "tells", ", ".join(step.to), Tone.PLAIN
        yield "text", shown(step.text, values), Tone.PLAIN
    elif step.kind is StepKind.NOTE:
        yield "note", shown(step.prompt, values), Tone.STRONG


def _action(view: RunView, step: Step, *, made: bool) -> Iterator[Part]:
    """What the runbook asks for; of what was `made` the entry tells, which a person may have changed."""
    if step.action == "release":
        of = f"of step {_number(view.run.runbook, step.of)}" if step.of else "that this run has put on"
        yield "does", f"takes off everything {of}", Tone.PLAIN
        return
    drill = "drill of " if view.run.drill else ""
    text = f"{drill}{step.action}{_using(step.using, view.values)}"
    yield ("planned", f"by the runbook: {text}", Tone.DIM) if made else ("does", text, Tone.PLAIN)
    if step.irreversible:
        yield "no undo", f"▲ {step.irreversible}", Tone.WARM


def _leads(runbook: Runbook, step: Step) -> Iterator[Part]:
    parts = []
    if step.then:
        parts.append(f"on to {go_words(runbook, step.then)}")
    if step.otherwise:
        otherwise = {
            StepKind.CHECK: "if it is not so",
            StepKind.WAIT_FOR: "when time is up",
            StepKind.APPROVAL: "if one refuses",
        }
        parts.append(f"{otherwise.get(step.kind, 'otherwise')} {go_words(runbook, step.otherwise)}")
    if parts:
        yield "then", ", ".join(parts), Tone.DIM


def choice_words(runbook: Runbook, step: Step) -> Iterator[tuple[str, str, str]]:
    """Every choice of a decision: its answer, what that means, where it leads."""
    for choice in step.choices:
        go = f"→ {go_words(runbook, choice.go)}" if choice.go else ""
        yield choice.answer, choice.label, go


def letter(place: int) -> str:
    """The letter of the first, second, ... choice; j, k and g move, so they name none."""
    letters = "abcdefhilmnoprstuvwxyz"
    return letters[place] if place < len(letters) else ""


def go_words(runbook: Runbook, go: str) -> str:
    """Where it goes on: `step 8`, `the end`."""
    return "the end" if go == END else f"step {_number(runbook, go)}"


def _number(runbook: Runbook, ident: str) -> str:
    found = runbook.named(ident)
    return str(found.seq) if found is not None else ident


def _test(test: Test, values: Mapping[str, str]) -> str:
    return f"{test.condition.replace('-', ' ')}{_using(test.using, values)}"


def _using(using: Mapping[str, str], values: Mapping[str, str]) -> str:
    said = ", ".join(f"{name} {shown(text, values)}" for name, text in using.items())
    return f": {said}" if said else ""
