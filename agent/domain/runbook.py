"""Runbooks: what a person and the agent do together, step by step, as a text that was read declares it."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

END = "end"
"""Where a step leads when nothing follows."""


class StepKind(enum.StrEnum):
    """What a step is."""

    QUERY = "query"  # the agent asks the ledger and keeps the answer as evidence
    CHECK = "check"  # the agent decides; a person may overrule it with a reason
    DECISION = "decision"  # a person decides where it goes on
    ACTION = "action"  # a change, by the way that every change goes
    APPROVAL = "approval"  # other people agree: to an action, or to the run so far
    NOTIFY = "notify"  # somebody is told
    NOTE = "note"  # a person writes something down, or has done something elsewhere
    WAIT_FOR = "wait-for"  # the agent waits until something is so

    @property
    def by_itself(self) -> bool:
        """Whether the agent does it as soon as it is reached."""
        return self in (StepKind.QUERY, StepKind.CHECK, StepKind.WAIT_FOR)


class ParameterKind(enum.StrEnum):
    """What a parameter's text must be."""

    TEXT = "text"
    SCOPE = "scope"  # team:search, key:key_1, ...
    KEY = "key"
    TEAM = "team"
    MODEL = "model"
    ALLOCATION = "allocation"
    RATE = "rate"  # 10 rps
    CREDITS = "credits"  # 25,000
    DURATION = "duration"  # 2h
    INSTANT = "instant"
    NUMBER = "number"
    PERSON = "person"


class Remedy(enum.StrEnum):
    """What a person may do about a step that failed."""

    RETRY = "retry"
    SKIP = "skip"  # with a reason
    ROLL_BACK = "roll-back"  # every action of the run is undone


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a run is about. Its value is text; `{name}` in a step stands for it."""

    name: str
    kind: ParameterKind = ParameterKind.TEXT
    help: str = ""
    source: str = ""  # what of the alert fills it: alert.scope, alert.key, alert.team, incident.id, ...
    default: str = ""
    required: bool = True  # a run does not start without it, unless a step before its first use keeps it


@dataclass(frozen=True, slots=True)
class Ask:
    """A named report with its parameters, and what of the answer's first row the run keeps."""

    report: str
    using: Mapping[str, str] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)  # a parameter of the run -> a column


@dataclass(frozen=True, slots=True)
class Test:
    """A named condition with its parameters."""

    condition: str
    using: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a decision."""

    answer: str  # what is typed: yes
    label: str  # what it means: production is affected
    go: str = ""  # the id of the step that follows, or `end`; empty: the next one


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Which fields mean something depends on its kind."""

    seq: int  # from 1, as the heading numbers it
    id: str  # how other steps name it; its number where none is given
    title: str
    prose: str  # Markdown, for people
    kind: StepKind
    asks: tuple[Ask, ...] = ()  # of a query
    test: Test | None = None  # of a check and a wait
    question: str = ""  # of a decision
    choices: tuple[Choice, ...] = ()
    records: str = ""  # of a decision: criticality; of a note: postmortem. The incident keeps it too
    action: str = ""  # of an action: throttle, block, models, tools, cap, revoke, top-up, allocate, release
    using: Mapping[str, str] = field(default_factory=dict)  # of an action: scope, limit, for, non-prod, ...
    irreversible: str = ""  # of an action without an undo: why it is here all the same
    of: str = ""  # of an approval: the action's step; of a release: whose action is undone (empty: all)
    roles: tuple[tuple[str, ...], ...] = ()  # of an approval: one person each, of any of these roles
    to: tuple[str, ...] = ()  # of a notification: parts that routes know, or addresses
    text: str = ""  # of a notification
    prompt: str = ""  # of a note
    fills: str = ""  # of a note: the parameter of the run whose value the text becomes
    performers: tuple[str, ...] = ()  # roles that may do it, also without holding the run; empty: the holder
    needs: tuple[str, ...] = ()  # steps that must be done before
    requires: tuple[Test, ...] = ()  # what must be so before
    then: str = ""  # where it goes on; empty: the next step
    otherwise: str = (
        ""  # of a check that is not met, a wait that ran out, an approval denied; empty: it fails
    )
    timeout_s: int = 0  # of a wait and an approval; 0: none
    remedies: tuple[Remedy, ...] = (Remedy.RETRY, Remedy.SKIP, Remedy.ROLL_BACK)
    auto: bool = False  # of a notification: told as soon as it is reached
    optional: bool = False  # may be skipped without a reason
    line: int = 0  # of its heading, from 1


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook as its text says it."""

    id: str
    title: str
    text: str  # all of it, as it was read
    summary: str = ""
    triggers: tuple[str, ...] = ()  # rules, `rule/cause` and tiers of alerts that it answers
    roles: tuple[str, ...] = ()  # who may start it; empty: whoever is on call
    parameters: tuple[Parameter, ...] = ()
    intro: str = ""  # Markdown between title and first step
    steps: tuple[Step, ...] = ()
    source: str = ""  # the file, for people

    @property
    def sha256(self) -> str:
        """Of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def step(self, seq: int) -> Step:
        """The step of a number; `KeyError` where there is none."""
        for step in self.steps:
            if step.seq == seq:
                return step
        raise KeyError(seq)

    def named(self, ident: str) -> Step | None:
        """The step of an id."""
        return next((step for step in self.steps if step.id == ident), None)

    def after(self, step: Step, go: str = "") -> int | None:
        """The number of the step that follows, by way of `go` or of the step's own; None at the end."""
        target = go or step.then
        if target == END:
            return None
        if target:
            found = self.named(target)
            return found.seq if found else None
        return next((each.seq for each in self.steps if each.seq > step.seq), None)
