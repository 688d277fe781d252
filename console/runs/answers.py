"""What a script says in a run: answers by step, in TOML or JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.domain.runbook import StepKind
from agent.errors import ConfigError
from agent.runbooks.specs import RELEASE, USING
from console.runs.cast import ROLES

if TYPE_CHECKING:
    from agent.domain.runbook import Runbook, Step

PLACEHOLDER = "drill"
"""The note of a script that has none."""
_LEARNT = "Cause: a drill, nothing is wrong. Follow-up: nothing comes of a drill."
"""Its postmortem, as one that somebody signs has to be."""
_LARGEST_BYTES = 256 * 1024
_PARTS = ("answers", "set", "act", "skip", "overrule", "approve", "deny")

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answers:
    """What is said in a run, by the ids of its steps."""

    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # one a try; the last one stays
    parameters: Texts = field(default_factory=dict)  # of the run
    act: Mapping[str, Texts] = field(default_factory=dict)  # what is typed instead, of an action
    skip: Texts = field(default_factory=dict)  # why
    overrule: Texts = field(default_factory=dict)  # why
    approve: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # who is asked, one after the other
    deny: Texts = field(default_factory=dict)  # why, of approvals

    def answer(self, step: Step, attempt: int) -> str:
        """What is said in a try of a decision or a note.

        Without an answer of its own a decision is taken one way after the other, the first way first, so that
        a script comes out of every circle.
        """
        if said := self.answers.get(step.id):
            return said[min(attempt, len(said)) - 1]
        if step.kind is StepKind.DECISION:
            return step.choices[(attempt - 1) % len(step.choices)].answer
        return _LEARNT if step.records == "postmortem" else PLACEHOLDER


def read_answers(path: Path, runbook: Runbook) -> Answers:
    """The answers in a file, checked against their runbook; `ConfigError` naming the place."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: it cannot be read: {error.strerror}", hint="Name another file."
        ) from error
    try:
        return answers_of(_decoded(path, raw), runbook)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", hint=error.hint) from None


def answers_of(told: Mapping[str, Any], runbook: Runbook) -> Answers:
    """The answers of a table, checked against the runbook that they are for."""
    if strange := [name for name in told if name not in _PARTS]:
        raise ConfigError(f"{strange[0]}: it is none of {', '.join(_PARTS)}", hint=_HOW)
    act = {step.id: _texts(f"act.{step.id}", said) for step, said in _by_step(told, "act", runbook)}
    for step, _ in _by_step(told, "act", runbook):
        _check_act(step, act[step.id])
    return Answers(
        answers={step.id: _said(step, said) for step, said in _by_step(told, "answers", runbook)},
        parameters=_texts("set", told.get("set", {})),
        act=act,
        skip={step.id: _text(f"skip.{step.id}", said) for step, said in _by_step(told, "skip", runbook)},
        overrule={
            step.id: _text(f"overrule.{step.id}", said) for step, said in _by_step(told, "overrule", runbook)
        },
        approve={step.id: _people(step, said) for step, said in _by_step(told, "approve", runbook)},
        deny={step.id: _text(f"deny.{step.id}", said) for step, said in _by_step(told, "deny", runbook)},
    )


_HOW = 'Such as [answers] "3" = "non-prod", [act."4"] limit = "5 rps", [skip] "5" = "nobody to tell".'


def _decoded(path: Path, raw: bytes) -> Mapping[str, Any]:
    if len(raw) > _LARGEST_BYTES:
        raise ConfigError(f"it has more than {_LARGEST_BYTES:,} bytes", hint=_HOW)
    try:
        text = raw.decode()
        told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise ConfigError(f"it is no {kind}: {error}", hint=_HOW) from None
    if not isinstance(told, dict):
        raise ConfigError("it is no table", hint=_HOW)
    return told


def _by_step(told: Mapping[str, Any], part: str, runbook: Runbook) -> Iterator[tuple[Step, Any]]:
    """What a part says, by the step that each entry names by its id or its number."""
    table = told.get(part, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{part}: it is no table", hint=_HOW)
    for name, said in table.items():
        step = runbook.named(name) or next((each for each in runbook.steps if str(each.seq) == name), None)
        if step is None:
            known = ", ".join(f"{each.seq} ({each.id})" for each in runbook.steps)
            raise ConfigError(f"{part}: {runbook.id} has no step {name!r}", hint=f"It has {known}.")
        yield step, said


def _said(step: Step, said: Any) -> tuple[str, ...]:
    if step.kind not in (StepKind.DECISION, StepKind.NOTE):
        raise ConfigError(
            f"answers: step {step.seq} ({step.title}) is a {step.kind.value}: it takes no answer",
            hint="[skip], [overrule], [deny] and [act] say what to do about others.",
        )
    found = tuple(_text(f"answers.{step.id}", each) for each in (said if isinstance(said, list) else [said]))
    known = [choice.answer for choice in step.choices]
    wrong = [each for each in found if step.kind is StepKind.DECISION and each not in known]
    if wrong or not found:
        raise ConfigError(
            f"answers: step {step.seq} ({step.title}): {wrong[0] if wrong else 'nothing'!r} is none of its "
            "choices",
            hint="; ".join(f"{choice.answer}: {choice.label}" for choice in step.choices) or "Write a text.",
        )
    return found


def _check_act(step: Step, changed: Texts) -> None:
    if step.kind is not StepKind.ACTION or step.action == RELEASE:
        raise ConfigError(
            f"act: step {step.seq} ({step.title}) is no action that could be changed", hint=_HOW
        )
    if strange := [name for name in changed if name not in USING]:
        raise ConfigError(
            f"act: step {step.seq} ({step.title}): an action has no {strange[0]}",
            hint=f"It has {', '.join(USING)}.",
        )


def _people(step: Step, said: Any) -> tuple[str, ...]:
    """Who of the cast is asked to approve; whether they may is found out by asking them."""
    if step.kind not in (StepKind.APPROVAL, StepKind.ACTION):
        raise ConfigError(
            f"approve: step {step.seq} ({step.title}) is a {step.kind.value}: nobody approves it", hint=_HOW
        )
    names = tuple(_text(f"approve.{step.id}", each) for each in (said if isinstance(said, list) else [said]))
    if strange := [name for name in names if name not in ROLES]:
        raise ConfigError(
            f"approve.{step.id}: there is no {strange[0]!r} in a drill", hint=f"It has {', '.join(ROLES)}."
        )
    return names


def _texts(where: str, table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: it is no table", hint=_HOW)
    return {name: _text(f"{where}.{name}", value) for name, value in table.items()}


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where}: it must be text, and not empty", hint=_HOW)
    return value.strip()
