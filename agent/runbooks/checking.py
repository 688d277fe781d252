"""Runbooks checked as files: which are asked for, and all that is wrong with each."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.domain.runbook import Runbook
from agent.errors import ConfigError
from agent.runbooks.format import RunbookError, read
from agent.runbooks.library import FileProblem, Library, library
from agent.runbooks.problem import Problem, near
from agent.settings import Settings
from agent.settings_alerts import TIERS


def check(settings: Settings, names: Iterable[str] = ()) -> tuple[FileProblem, ...]:
    """All that is wrong with these runbooks, by file and line; of all of them where none is named.

    A name is a file or the id of a runbook. Raises `ConfigError` for one that is neither.
    """
    known = library(settings)
    parts = parts_of(settings)
    wanted = tuple(names)
    if not wanted:
        found = [problem for problem in known.problems if not Path(problem.file).is_file()]
        for file in dict.fromkeys(problem.file for problem in known.problems if Path(problem.file).is_file()):
            found += _of_file(file, known, parts)
        for runbook in known.all():
            found += _linted(runbook, parts)
        return tuple(found)
    return tuple(problem for name in wanted for problem in _checked(name, known, parts))


def parts_of(settings: Settings) -> frozenset[str]:
    """The parts that are played for an allocation: those of the shipped tiers, of tiers and of routes."""
    tiers = (*TIERS, *settings.alerts.tiers)
    found = {name for tier in tiers for name in (*tier.notify, *tier.escalate_to)}
    return frozenset(found | {route.recipient for route in settings.alerts.routes if route.recipient})


def _checked(name: str, known: Library, parts: frozenset[str]) -> list[FileProblem]:
    runbook = known.find(name)
    if runbook is not None:
        # A file of one's own that is broken is not in force, but meant.
        broken = {problem.file for problem in known.problems if Path(problem.file).stem == name}
        found = [problem for file in sorted(broken) for problem in _of_file(file, known, parts)]
        return found or _linted(runbook, parts)
    if not Path(name).is_file():
        ids = [each.id for each in known.all()]
        raise ConfigError(
            f"{name}: no such file, and no runbook of that id{near(name, ids)}",
            hint="`burndeck runbook list` shows them.",
        )
    return _of_file(name, known, parts)


def _of_file(name: str, known: Library, parts: frozenset[str]) -> list[FileProblem]:
    """All that is wrong with a file, and with the place that it takes among the others."""
    try:
        found = _linted(read(Path(name)), parts)
    except RunbookError as error:
        found = [
            FileProblem(name, problem.line, problem.message)
            for problem in sorted({*error.problems, *_as_far_as_read(error, parts)})
        ]
    said = {(problem.line, problem.message) for problem in found}
    others = (problem for problem in known.problems if problem.file == name)
    return found + [each for each in others if (each.line, each.message) not in said]


def _as_far_as_read(error: RunbookError, parts: frozenset[str]) -> Iterator[Problem]:
    """What the steps show that could be read, so that nobody mends a file in rounds.

    What a step lacks may be what could not be read of it, so nothing is said of that.
    """
    from agent.runbooks.conditions import CONDITIONS
    from agent.runbooks.lint import lint_steps
    from agent.runbooks.queries import QUERIES

    runbook = error.runbook
    if runbook is None:
        return
    starts = sorted(step.line for step in runbook.steps)

    def place(line: int) -> int:
        return bisect.bisect_right(starts, line)

    unsure = {place(problem.line) for problem in error.problems}
    for problem in lint_steps(runbook, QUERIES, CONDITIONS, parts):
        lacks = " '' is " in problem.message or " needs " in problem.message
        if not (lacks and place(problem.line) in unsure):
            yield problem


def _linted(runbook: Runbook, parts: frozenset[str]) -> list[FileProblem]:
    from agent.runbooks.conditions import CONDITIONS
    from agent.runbooks.lint import lint
    from agent.runbooks.queries import QUERIES

    problems = lint(runbook, QUERIES, CONDITIONS, parts)
    return [FileProblem(runbook.source, problem.line, problem.message) for problem in problems]
