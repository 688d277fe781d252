"""What is wrong with a runbook before it is needed: unknown names, dead ends, changes without undo."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from agent.domain.person import Role
from agent.domain.runbook import Ask, Runbook, Step, StepKind, Test
from agent.runbooks.actions import ACTIONS, value_problems
from agent.runbooks.filling import ALWAYS, names_in
from agent.runbooks.places import Places
from agent.runbooks.problem import Problem, Problems, near, quoted
from agent.runbooks.structure import structure
from agent.runbooks.ways import Graph, graph_of, known_on_arrival, reached, restless

_ROLES = tuple(role.value for role in Role if role is not Role.VIEWER)
_OVERRIDE = ("finance", "engineering")


class Spec(Protocol):
    """A query or condition, as far as a step can get it wrong."""

    @property
    def parameters(self) -> Mapping[str, bool]:
        """Each parameter, and whether it must be given."""


def lint(
    runbook: Runbook,
    queries: Mapping[str, Spec],
    conditions: Mapping[str, Spec],
    parts: Collection[str] = (),
) -> tuple[Problem, ...]:
    """All that is wrong with a runbook, by line; `parts` are who can be told, unchecked where empty."""
    unsound = structure(runbook)
    found = {*lint_steps(runbook, queries, conditions, parts), *unsound}
    if not unsound:  # else the ways are not what they seem
        found |= set(_ways(runbook, Places(runbook)))
    return tuple(sorted(found))


def lint_steps(
    runbook: Runbook,
    queries: Mapping[str, Spec],
    conditions: Mapping[str, Spec],
    parts: Collection[str] = (),
) -> tuple[Problem, ...]:
    """What is wrong with each step by itself, which shows also where not all of a runbook can be read."""
    checker = _Checker(runbook, queries, conditions, parts)
    for step in runbook.steps:
        checker.step(step)
    checker.roles(runbook.roles, checker.places.front("roles"))
    return checker.problems.all


class _Checker:
    """The steps one by one."""

    def __init__(
        self,
        runbook: Runbook,
        queries: Mapping[str, Spec],
        conditions: Mapping[str, Spec],
        parts: Collection[str],
    ) -> None:
        self.runbook = runbook
        self.places = Places(runbook)
        self.problems = Problems()
        self._queries = queries
        self._conditions = conditions
        self._parts = parts

    def step(self, step: Step) -> None:
        """Everything of one step but the ways to it."""
        for ask, at in placed_asks(step):
            self._ask(step, ask, at)
        for test, at in placed_tests(step):
            self._test(step, test, at)
        self.roles(step.performers, self.places.of(step, "roles"))
        self.roles([role for group in step.roles for role in group], self.places.of(step, "sign"))
        if step.kind is StepKind.ACTION:
            self._action(step)
        if step.kind is StepKind.WAIT_FOR and not step.timeout_s:
            self._add(step, 'it waits for ever: give it a timeout, as in timeout = "15m"')
        if step.kind is StepKind.DECISION and not step.choices:
            self._add(step, "a decision needs choices: a [[choice]] table for each answer")
        for name in step.to:
            plain = not names_in(name) and not set(name) & set("@#:")
            if self._parts and plain and name not in self._parts:
                self._add(
                    step, f"to {quoted(name)} is nobody whom routes know{near(name, self._parts)}", "to"
                )

    def roles(self, roles: Collection[str], line: int) -> None:
        """Roles that there are not, and those that change nothing."""
        for role in roles:
            if role not in _ROLES:
                self.problems.add(line, f"{quoted(role)} is no role that acts{near(role, _ROLES)}")

    def _ask(self, step: Step, ask: Ask, at: tuple[str | int, ...]) -> None:
        spec = self._queries.get(ask.report)
        if spec is None:
            hint = near(ask.report, self._queries)
            self._add(step, f"report {quoted(ask.report)} is unknown{hint}", *at, "report")
            return
        self._parameters(step, f"report {ask.report}", spec, ask.using, at)
        columns: Collection[str] = getattr(spec, "columns", ())
        for name, column in ask.keeps.items():
            if columns and column not in columns:
                message = f"report {ask.report} has no column {quoted(column)}{near(column, columns)}"
                self._add(step, message, *at, "keep", name)

    def _test(self, step: Step, test: Test, at: tuple[str | int, ...]) -> None:
        spec = self._conditions.get(test.condition)
        if spec is None:
            hint = near(test.condition, self._conditions)
            self._add(step, f"condition {quoted(test.condition)} is unknown{hint}", *at, "condition")
            return
        self._parameters(step, f"condition {test.condition}", spec, test.using, at)
        of = test.using.get("of", "")
        named = self.runbook.named(of)
        if of and (named is None or named.kind is not StepKind.ACTION):
            self._add(step, f"of {quoted(of)} is no action's step", *at, "with", "of")

    def _parameters(
        self, step: Step, what: str, spec: Spec, using: Mapping[str, str], at: tuple[str | int, ...]
    ) -> None:
        for name in using:
            if name not in spec.parameters:
                known = near(name, spec.parameters) or "; it has none"
                self._add(step, f"{what} has no parameter {quoted(name)}{known}", *at, "with", name)
        for name, required in spec.parameters.items():
            if required and not using.get(name):
                self._add(step, f"{what} needs the parameter {name!r}", *at, "with")
        self._values(step, using, at)

    def _values(self, step: Step, using: Mapping[str, str], at: tuple[str | int, ...]) -> None:
        for name, problem in value_problems(using):
            self._add(step, f"{name}: {problem}", *at, "with", name)

    def _action(self, step: Step) -> None:
        words = ACTIONS.get(step.action)
        if words is None:
            self._add(step, f"action {quoted(step.action)} is unknown{near(step.action, ACTIONS)}", "action")
            return
        for name in step.using:
            if name not in words.parameters:
                known = near(name, words.parameters) or "; it has none"
                self._add(step, f"{step.action} has no parameter {quoted(name)}{known}", "with", name)
        for group in words.needs:
            if not any(step.using.get(name) for name in group):
                self._add(step, f"{step.action} needs the parameter {' or '.join(map(repr, group))}", "with")
        self._values(step, step.using, ())
        if not words.undo and not step.irreversible:
            message = f'{step.action} has no undo: say why it is here all the same, as irreversible = "..."'
            self._add(step, message, "action")
        elif words.undo and step.irreversible:
            self._add(step, f"{step.action} can be undone: leave irreversible out", "irreversible")

    def _add(self, step: Step, message: str, *key: str | int) -> None:
        self.problems.add(self.places.of(step, *key), f"step {step.seq}: {message}")


def placed_asks(step: Step) -> Iterator[tuple[Ask, tuple[str | int, ...]]]:
    """The questions of a query with where each stands."""
    return ((ask, ("ask", index)) for index, ask in enumerate(step.asks))


def placed_tests(step: Step) -> Iterator[tuple[Test, tuple[str | int, ...]]]:
    """Preconditions and the condition of a step with where each stands."""
    for index, test in enumerate(step.requires):
        yield test, ("requires", index)
    if step.test is not None:
        yield step.test, ()


def _ways(runbook: Runbook, places: Places) -> Iterator[Problem]:
    """What only the ways through the steps show."""
    graph = graph_of(runbook)
    first = runbook.steps[0].seq if runbook.steps else 0
    reach = {step.seq: reached(graph, step.seq) for step in runbook.steps}
    for step in runbook.steps:
        if step.seq != first and step.seq not in reach[first]:
            yield Problem(step.line, f"step {step.seq}: no way from step 1 leads here")
        for key, other in [*(("needs", need) for need in step.needs), ("of", step.of)]:
            named = runbook.named(other) if other else None
            if named is not None and step.seq not in reach[named.seq]:
                yield Problem(
                    places.of(step, key), f"step {step.seq}: {key} {quoted(other)} is never done before it"
                )
        if step.action == "top-up" and not _agreed(runbook, step, reach):
            message = (
                f"step {step.seq}: a top-up needs an approval of finance and engineering: a step of its own"
            )
            yield Problem(places.of(step, "action"), message)
    for loop in restless(runbook, graph):
        names = ", ".join(map(str, loop))
        line = runbook.step(loop[0]).line
        yield Problem(line, f"steps {names} go round for ever: nobody is asked, and nothing is waited for")
    yield from _unfilled(runbook, graph, places)


def _agreed(runbook: Runbook, step: Step, reach: Graph) -> bool:
    """Whether finance and engineering agree to a top-up, as far as steps say; an emergency asks nobody."""
    if step.using.get("emergency", "").lower() in ("yes", "y", "true"):
        return True
    for each in runbook.steps:
        if each.kind is not StepKind.APPROVAL:
            continue
        if each.of == step.id and each.seq in reach[step.seq]:
            return True  # the policy of the action says who
        signs = [group for group in each.roles if set(group) & set(_OVERRIDE)]
        both = len(signs) > 1 and set(_OVERRIDE) <= {role for group in signs for role in group}
        if both and step.seq in reach[each.seq]:
            return True
    return False


def _unfilled(runbook: Runbook, graph: Graph, places: Places) -> Iterator[Problem]:
    """Every `{name}` that is no parameter and that no step before keeps."""
    declared = {*ALWAYS, *(parameter.name for parameter in runbook.parameters)}
    arrival = known_on_arrival(runbook, graph)
    for step in runbook.steps:
        known = declared | arrival[step.seq]
        for key, text, kept in _texts(step):
            for name in names_in(text):
                if name not in known | kept:
                    hint = near(name, known)
                    message = f"step {step.seq}: nobody fills {{{name}}} before it is used{hint}"
                    yield Problem(places.of(step, *key), message)


def _texts(step: Step) -> Iterator[tuple[tuple[str | int, ...], str, set[str]]]:
    """Every text that is filled in, with its key and what the step itself has kept by then."""
    for test, at in placed_tests(step):
        for name, text in test.using.items():
            yield (*at, "with", name), text, set()
    kept: set[str] = set()
    for ask, at in placed_asks(step):
        for name, text in ask.using.items():
            yield (*at, "with", name), text, set(kept)
        kept |= set(ask.keeps)
    for name, text in step.using.items():
        yield ("with", name), text, set()
    for index, choice in enumerate(step.choices):
        yield ("choice", index, "label"), choice.label, set()
    for text in step.to:
        yield ("to",), text, set()
    for field in ("question", "irreversible", "text", "prompt"):
        yield (field,), getattr(step, field), set()
