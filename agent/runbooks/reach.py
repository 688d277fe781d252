"""Runs as intents name them, and who may do their steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.control.bounds import around_incident, scopes_around
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.intent import Refused
from agent.domain.person import Person, Role
from agent.domain.run import Run, RunState
from agent.domain.runbook import Step
from agent.errors import BurndeckError, LedgerError
from agent.runbooks import records
from agent.runbooks.about import scopes_of_run
from agent.secrets import redact

if TYPE_CHECKING:
    from agent.ledger.run_seals import Foreign
    from agent.ledger.run_store import RunRow
    from agent.ledger.writer import LedgerWriter

WHOLE = Scope(ScopeKind.ORGANIZATION)
_log = logging.getLogger(__name__)
_unreadable: set[int] = set()  # runs of which the log has said so
_foreign: set[int] = set()  # the same of runs in which somebody else has written


def known_run(writer: LedgerWriter, subject: str, *, foreign: bool = False) -> Run:
    """The run of `run:12`. Raises `Refused` where there is none that can be read, or it is not the agent's.

    `foreign`: also where somebody else than the agent has written in it: it must be possible to end it.
    """
    named, _, text = subject.partition(":")
    if named != "run" or not text.isdecimal() or len(text) > 18:
        raise Refused(f"there is no {subject}")
    run = run_in(writer, int(text))
    if run is None:
        if writer.runs.run(int(text)) is None:
            raise Refused(f"there is no run {text}")
        raise Refused(f"run {text} cannot be read by this version: `burndeck runbook close {text}` ends it")
    if not foreign and (by_others := writer.runs.foreign(int(text))):
        raise Refused(
            f"{by_others.words} of run {text} was changed by somebody else than the agent: `burndeck audit "
            f"verify` says more, `burndeck runbook close {text}` ends the run"
        )
    return run


def run_in(writer: LedgerWriter, ident: int) -> Run | None:
    """A run that can be read; one whose snapshot cannot was not written by the agent."""
    return readable(partial(records.load, writer.runs, ident), ident)


def readable(load: Callable[[], Run | None], ident: int) -> Run | None:
    """A run, or None where it cannot be read; the log says so once."""
    try:
        return load()
    except LedgerError:
        raise
    except (BurndeckError, ValueError, KeyError, TypeError) as error:
        if ident not in _unreadable:
            _unreadable.add(ident)
            _log.warning("run %d cannot be read: %s", ident, error)
        return None


def not_ours(ident: int, foreign: Foreign) -> bool:
    """Whether somebody else has written in a run, which is then not taken on; the log says so once."""
    if foreign and ident not in _foreign:
        _foreign.add(ident)
        _log.warning("run %d: %s changed by somebody else than the agent", ident, foreign.words)
    return bool(foreign)


def unreadable_row(writer: LedgerWriter, subject: str) -> RunRow | None:
    """The row of an open run that nobody can read; None where there is none, or where it can be read."""
    text = subject.partition(":")[2]
    row = writer.runs.run(int(text)) if text.isdecimal() and len(text) <= 18 else None
    if row is None or row.state != RunState.OPEN or run_in(writer, int(text)) is not None:
        return None
    return row


def around_run(writer: LedgerWriter, run: Run) -> Collection[Scope]:
    """What lies around all that a run is about; one about nothing is about the whole organization."""
    around = set.intersection(*(scopes_around(writer, scope) for scope in scopes_of_run(run) or (WHOLE,)))
    return around if run.incident is None else around & around_incident(writer, run.incident)


def may_do(run: Run, step: Step | None, person: Person) -> None:
    """Raises `Refused` unless the person holds the run, or the step names one of their roles.

    Without a step, an admin may too: a run whose holder is gone has to end some day.
    """
    if person.name == run.holder or (step is None and Role.ADMIN in person.roles):
        return
    if step is not None and {role.value for role in person.roles} & set(step.performers):
        return
    raise Refused(f"{run.holder} holds run {run.id}: `burndeck runbook take {run.id}` takes it over")


def ident_of(run: Run) -> int:
    """The id of a run that is kept."""
    assert run.id is not None
    return run.id


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
