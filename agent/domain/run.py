"""Runs of runbooks: where each stands, what was found, who did what. Times are UTC epoch seconds."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.domain.canonical import canonical
from agent.domain.change import PlotMark
from agent.domain.runbook import Runbook, Step, StepKind

NOBODY = "NOBODY was told"
"""How the outcome of a message begins that no route leads anywhere."""


class RunState(enum.StrEnum):
    """Where a run stands."""

    OPEN = "open"
    DONE = "done"
    ABANDONED = "abandoned"  # ended before its end, with a reason


class StepState(enum.StrEnum):
    """Where a step of a run stands."""

    AHEAD = "ahead"  # not reached yet
    READY = "ready"  # waits for a person
    WORKING = "working"  # the agent is at it, or waits for an action or for other people
    DONE = "done"
    FAILED = "failed"  # retry, skip or roll back
    SKIPPED = "skipped"
    UNDONE = "undone"  # done, and taken back
    PASSED = "passed"  # the way did not lead here

    @property
    def over(self) -> bool:
        """Whether it is behind us."""
        return self in (StepState.DONE, StepState.SKIPPED, StepState.UNDONE, StepState.PASSED)


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step of a run. Every try has a number: what was meant for another try does nothing."""

    seq: int
    state: StepState = StepState.AHEAD
    attempt: int = 0  # 1 with the first arrival
    began_at: int | None = None
    ended_at: int | None = None
    actor: str = ""  # who ended it: a person, or `agent`
    outcome: str = ""  # one sentence
    answer: str = ""  # of a decision; met | not met | timed out of a check or a wait; the text of a note
    reason: str = ""  # why it was skipped or overruled
    action: int | None = None  # that it made
    due_at: int | None = None  # when a wait or an approval runs out


def told_nobody(declared: Step, step: StepRun) -> bool:
    """Whether a step's message was sent and reached nobody."""
    done = declared.kind is StepKind.NOTIFY and step.state is StepState.DONE
    return done and step.outcome.startswith(NOBODY)


@dataclass(frozen=True, slots=True)
class SignOff:
    """One person's word in an approval step that is about no action."""

    step: int
    attempt: int
    person: str
    role: str
    approved: bool
    at: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a runbook, as the ledger keeps it."""

    runbook: Runbook  # of the text that it was started with
    started_by: str
    started_at: int
    holder: str  # who does its steps
    parameters: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[StepRun, ...] = ()
    at: int = 0  # the step that it is at; 0: none any more
    state: RunState = RunState.OPEN
    alert: int | None = None
    incident: int | None = None
    drill: bool = False
    ended_at: int | None = None
    ended_by: str = ""
    outcome: str = ""
    revision: int = 0  # how often it was written: who writes an older one loses
    id: int | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of what the run is about: whoever moves it says by this what they were shown."""
        about = {
            "text": self.runbook.sha256,
            "parameters": dict(self.parameters),
            "alert": self.alert,
            "incident": self.incident,
            "drill": self.drill,
        }
        return hashlib.sha256(canonical(about).encode()).hexdigest()

    @property
    def current(self) -> StepRun | None:
        """The step that it is at."""
        return self.step(self.at) if self.at else None

    @property
    def declared(self) -> Step | None:
        """What the runbook says of the step that it is at."""
        return self.runbook.step(self.at) if self.at else None

    def step(self, seq: int) -> StepRun:
        """The step of a number; `KeyError` where there is none."""
        for step in self.steps:
            if step.seq == seq:
                return step
        raise KeyError(seq)


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One line of a run's timeline."""

    at: int
    kind: str  # started | done | failed | skipped | retried | reopened | asked | undone | held | signed | ...
    actor: str
    text: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A series to plot. `values` are nano-credits a minute; None: not known."""

    start: int
    width_s: int
    values: tuple[int | None, ...]
    expected: tuple[int | None, ...] = ()
    marks: tuple[PlotMark, ...] = ()  # what was changed meanwhile, oldest first

    @property
    def end(self) -> int:
        """The instant behind the last value."""
        return self.start + self.width_s * len(self.values)

    def fields(self) -> dict[str, Any]:
        """As JSON; of marks only where there are any, so that what was kept before reads the same."""
        found: dict[str, Any] = {
            "start": self.start,
            "width_s": self.width_s,
            "values": list(self.values),
            "expected": list(self.expected),
        }
        return found | ({"marks": [asdict(mark) for mark in self.marks]} if self.marks else {})

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Line:
        """The line of what `fields` wrote."""
        marks = tuple(PlotMark(**mark) for mark in values.get("marks", ()))
        return cls(
            values["start"], values["width_s"], tuple(values["values"]), tuple(values["expected"]), marks
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """A question to the ledger and its answer, as it was at that moment. Cells are text, ready to read."""

    name: str  # of the report or condition
    title: str
    using: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""  # the answer in one sentence
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""  # which stretch of time, what to know about it
    layer: str = ""  # truth layer of its amounts
    as_of: int | None = None  # up to when its data is complete
    line: Line | None = None

    def fields(self) -> dict[str, Any]:
        """As JSON without floats."""
        return {
            "name": self.name,
            "title": self.title,
            "using": dict(self.using),
            "sentence": self.sentence,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "note": self.note,
            "layer": self.layer,
            "as_of": self.as_of,
            "line": self.line and self.line.fields(),
        }

    def text(self) -> str:
        """The canonical text."""
        return canonical(self.fields())

    def sha256(self) -> str:
        """Of the text, hexadecimal."""
        return hashlib.sha256(self.text().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """Evidence of a step's try, with who asked and when."""

    step: int
    attempt: int
    at: int
    actor: str
    evidence: Evidence
    sha256: str  # as it was when it was kept
    id: int | None = None


def evidence_of(values: Mapping[str, Any]) -> Evidence:
    """The evidence of what `Evidence.fields` wrote."""
    return Evidence(
        name=values["name"],
        title=values["title"],
        using=values["using"],
        sentence=values["sentence"],
        columns=tuple(values["columns"]),
        rows=tuple(tuple(row) for row in values["rows"]),
        note=values["note"],
        layer=values["layer"],
        as_of=values["as_of"],
        line=values["line"] and Line.of(values["line"]),
    )
