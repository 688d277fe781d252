"""Runs as intents name them, and who may do their steps."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.domain.intent import Refused
from agent.domain.person import Person
from agent.domain.run import Run
from agent.domain.runbook import Step
from agent.errors import BurndeckError
from agent.runbooks import records
from agent.secrets import redact

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter

_log = logging.getLogger(__name__)


def known_run(writer: LedgerWriter, subject: str) -> Run:
    """The run of `run:12`. Raises `Refused` where there is none that can be read."""
    named, _, text = subject.partition(":")
    if named != "run" or not text.isdecimal() or len(text) > 18:
        raise Refused(f"there is no {subject}")
    run = run_in(writer, int(text))
    if run is None:
        raise Refused(f"there is no run {text}")
    return run


def run_in(writer: LedgerWriter, ident: int) -> Run | None:
    """A run that can be read; one whose snapshot cannot was not written by the agent."""
    try:
        return records.load(writer.runs, ident)
    except (BurndeckError, ValueError, KeyError, TypeError) as error:
        _log.warning("run %d cannot be read: %s", ident, error)
        return None


def may_do(run: Run, step: Step | None, person: Person) -> None:
    """Raises `Refused` unless the person holds the run, or the step names one of their roles."""
    if person.name == run.holder:
        return
    if step is not None and {role.value for role in person.roles} & set(step.performers):
        return
    raise Refused(f"{run.holder} holds run {run.id}: `burndeck runbook take {run.id}` takes it over")


def number(payload: Mapping[str, Any], name: str) -> int:
    """A whole number of a payload; `Refused` naming it otherwise."""
    value = payload.get(name)
    if type(value) is not int or not 0 <= value < 2**62:
        raise Refused(f"{name}: must be a whole number")
    return value


def text_in(payload: Mapping[str, Any], name: str) -> str:
    """The text of a name, without blanks around it and keys in it; empty where it is missing.

    Whatever people write into a run is shown, exported and sent on.
    """
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{name}: must be text")
    return redact(value.strip())


def reason_in(payload: Mapping[str, Any], what: str) -> str:
    """The reason of a payload; `Refused` saying what it should tell."""
    reason = text_in(payload, "reason")
    if not reason:
        raise Refused(f"reason: say {what}; everybody sees it")
    return reason
