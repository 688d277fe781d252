"""Runbooks as text: Markdown that people read, with a TOML part of every step for the machine."""

from __future__ import annotations

import re
from pathlib import Path

from agent.domain.runbook import Parameter, ParameterKind, Runbook, Step, StepKind
from agent.runbooks.blocks import Layout, Section, layout, lines_of
from agent.runbooks.fields import NO_TEXT, Fields, read_toml
from agent.runbooks.filling import ALWAYS, NAME, check_value
from agent.runbooks.problem import Problem as Problem
from agent.runbooks.problem import Problems, near, quoted
from agent.runbooks.problem import RunbookError as RunbookError
from agent.runbooks.step_fields import read_step
from agent.runbooks.structure import numbering, structure
from agent.runbooks.triggers import trigger_problem

LARGEST = 256 * 1024
"""Bytes that a runbook may have."""
_ID = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_MOST_ID = 64
_TOO_LARGE = Problem(1, f"larger than {LARGEST // 1024} KiB: make several runbooks of it")
SOURCES = (
    "alert.scope",
    "alert.key",
    "alert.team",
    "alert.model",
    "alert.allocation",
    "alert.environment",
    "alert.id",
    "incident.id",
)
"""What of an alert and its incident fills a parameter."""


def parse(text: str, source: str = "") -> Runbook:
    """The runbook of a text. Raises `RunbookError` with all that is wrong; `source` names the file."""
    problems = Problems()
    if problem := _unreadable(text):
        raise RunbookError([problem], source)
    parts = layout(text, problems)
    unread: list[int] = []
    steps = tuple(_step(section, problems, unread) for section in parts.sections)
    if not steps and parts.front:
        problems.add(_beginning(text), "there are no steps: a step begins with a heading `## 1. Title`")
    runbook = _runbook(parts, steps, text, source, problems)
    # Where a step could not be read its id is unknown, and what leads to it seems to lead to nothing.
    unsound = numbering(runbook) if unread else structure(runbook)
    if found := {*problems.all, *unsound}:
        raise RunbookError(found, source, runbook)
    return runbook


def decode(data: bytes, source: str = "") -> Runbook:
    """The runbook of a file's bytes; raises `RunbookError`, also where they are no text."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = len(lines_of(data[: error.start].decode()))
        raise RunbookError([Problem(line, "not UTF-8 text")], source) from None
    return parse(text, source)


def read(path: Path) -> Runbook:
    """The runbook of a file; raises `RunbookError`, also where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        problem = Problem(1, f"cannot be read: {error.strerror or error}")
        raise RunbookError([problem], str(path)) from None
    if len(data) > LARGEST:
        raise RunbookError([_TOO_LARGE], str(path))
    return decode(data, str(path))


def id_problem(ident: str) -> str:
    """What is wrong with the id of a runbook; nothing where it is one."""
    if len(ident) <= _MOST_ID and re.fullmatch(_ID, ident):
        return ""
    return f"the id {quoted(ident)} is not lower-case letters, digits and single hyphens, {_MOST_ID} at most"


def _unreadable(text: str) -> Problem | None:
    """Why a text is not even looked at."""
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        return _TOO_LARGE
    if found := NO_TEXT.search(text):
        line = len(lines_of(text[: found.start()]))
        return Problem(line, f"the character U+{ord(found[0]):04X} has no place in a text")
    return None


def _beginning(text: str) -> int:
    """The first line that is not blank."""
    return next((number for number, line in enumerate(lines_of(text), start=1) if line.strip()), 1)


def _step(section: Section, problems: Problems, unread: list[int]) -> Step:
    """The step of a section; where nothing of it can be read, its number is noted."""
    bare = Step(section.seq, str(section.seq), section.title, section.prose, StepKind.NOTE, line=section.line)
    values = read_toml(section.block, problems) if section.block is not None else None
    if values is None or section.block is None:
        unread.append(section.seq)
        return bare
    return read_step(section, Fields(values, section.block, problems, "a step"))


def _runbook(parts: Layout, steps: tuple[Step, ...], text: str, source: str, problems: Problems) -> Runbook:
    values = read_toml(parts.front, problems) if parts.front else None
    if values is None or parts.front is None:
        return Runbook("", "", text, steps=steps)
    fields = Fields(values, parts.front, problems, "a runbook")
    ident = fields.text("id", required=True, plain=True)
    if ident and (problem := id_problem(ident)):
        fields.wrong(problem, "id")
    triggers = fields.texts("trigger")
    for name in triggers:
        if problem := trigger_problem(name):
            fields.wrong(f"trigger: {problem}", "trigger")
    parameters = fields.named_tables("parameters", "a parameter")
    runbook = Runbook(
        id=ident,
        title=fields.text("title", required=True, plain=True),
        text=text,
        summary=fields.text("summary", plain=True),
        triggers=triggers,
        roles=fields.texts("roles"),
        parameters=tuple(_parameter(name, each) for name, each in parameters.items()),
        intro=parts.intro,
        steps=steps,
        source=source,
    )
    fields.finish()
    return runbook


def _parameter(name: str, fields: Fields) -> Parameter:
    if not NAME.fullmatch(name):
        fields.wrong(f"{quoted(name)} is no parameter's name: letters, digits, - and _")
    elif name in ALWAYS:
        fields.wrong(f"every run has {name!r} by itself: call the parameter otherwise")
    kind = fields.one_of("kind", ParameterKind) or ParameterKind.TEXT
    origin = fields.text("from", plain=True)
    if origin and origin not in SOURCES:
        fields.wrong(f"from {quoted(origin)} is nothing of an alert{near(origin, SOURCES)}", "from")
    default = fields.text("default", plain=True)
    if default and (problem := check_value(kind, default)):
        fields.wrong(f"default: {problem}", "default")
    parameter = Parameter(
        name, kind, fields.text("help", plain=True), origin, default, fields.flag("required", True)
    )
    fields.finish()
    return parameter
