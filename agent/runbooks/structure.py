"""What must hold of a runbook before anything can walk through it: numbers, ids, and what leads where."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.runbook import END, Runbook, Step, StepKind
from agent.runbooks.places import Places
from agent.runbooks.problem import Problem, Problems, near, quoted

MOST_STEPS = 200
_STEPS_ONLY = ("of", "needs")  # fields for which `end` is no answer


def structure(runbook: Runbook) -> tuple[Problem, ...]:
    """Steps that are not numbered 1..n, ids that are there twice, and names that lead to nothing."""
    problems = Problems()
    places = Places(runbook)
    seen = {step.id: step for step in runbook.steps}
    for step in runbook.steps:
        for key, target in _targets(step):
            if target not in seen and not (target == END and key[-1] not in _STEPS_ONLY):
                hint = near(target, seen if key[-1] in _STEPS_ONLY else [*seen, END])
                problems.add(places.of(step, *key), f"{key[-1]} {quoted(target)} is no step{hint}")
        for problem in _of(step, seen):
            problems.add(places.of(step, "of"), problem)
    return tuple(sorted({*numbering(runbook), *problems.all}))


def numbering(runbook: Runbook) -> tuple[Problem, ...]:
    """Steps that are not numbered 1..n, and ids that are there twice."""
    problems = Problems()
    places = Places(runbook)
    seen: dict[str, Step] = {}
    if len(runbook.steps) > MOST_STEPS:
        problems.add(
            runbook.steps[MOST_STEPS].line, f"more than {MOST_STEPS} steps: make several runbooks of it"
        )
    for number, step in enumerate(runbook.steps, start=1):
        if step.seq != number:
            problems.add(step.line, f"this is step {number}, but its heading says {step.seq}")
        if step.id in seen:
            problems.add(
                places.of(step, "id"), f"the id {quoted(step.id)} is that of step {seen[step.id].seq} already"
            )
        seen.setdefault(step.id, step)
    return problems.all


def _targets(step: Step) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every id of a step that another one names, with its key."""
    singles = {"then": step.then, "otherwise": step.otherwise, "of": step.of}
    for name, target in singles.items():
        if target:
            yield (name,), target
    for index, choice in enumerate(step.choices):
        if choice.go:
            yield ("choice", index, "go"), choice.go
    for need in step.needs:
        yield ("needs",), need


def _of(step: Step, known: dict[str, Step]) -> Iterator[str]:
    """What is wrong with the step that an approval or a release is about."""
    target = known.get(step.of)
    if not step.of or target is None:
        return
    if target.kind is not StepKind.ACTION or target.action == "release":
        yield f"of: step {quoted(step.of)} is no action"
    elif step.action and step.action != "release":
        yield "of: only a release is of another step"
    elif step.action == "release" and target.irreversible:
        yield f"of: the action of step {quoted(step.of)} has no undo"
