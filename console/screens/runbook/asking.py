"""What the screens of runbooks ask the ledger; reports are imported in the live link's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.live import Question
from console.questions import read_status_now

if TYPE_CHECKING:
    from agent.domain.alert import Alert
    from agent.domain.runbook import Runbook
    from agent.ledger.reader import LedgerReader
    from agent.reports.action_report import ActionDetail
    from agent.reports.status import Status
    from agent.runbooks.view import RunLine, RunView
    from agent.settings import Settings

RUNS, LIBRARY = "runbooks", "runbooks/library"
RUN, DECISION = "run", "run/decision"
RECENT_S = 30 * 86_400
"""How far the list of ended runs goes back."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which run is looked at: by its number, of an alert or an incident, or the one just asked for."""

    run: int | None = None
    alert: int | None = None
    incident: int | None = None
    runbook: str = ""
    by: str = ""
    after: int = 0  # the run that was asked for has a greater number

    @property
    def starts(self) -> bool:
        """Whether a run is started where none is open."""
        return self.run is None and not self.runbook


@dataclass(frozen=True, slots=True)
class RunsBoard:
    """The list of runs: those that are open, then those of the last weeks."""

    runs: tuple[RunLine, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class LibraryBoard:
    """The runbooks that can be started, and what is wrong with others."""

    runbooks: tuple[Runbook, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunBoard:
    """One run, or the runbooks that would answer what it is wanted for."""

    view: RunView | None
    status: Status
    answering: tuple[Runbook, ...] = ()
    alert: int | None = None  # that a new run would be of
    missing: str = ""  # why there is no run and none can be started
    best: Runbook | None = None  # the one that is started without asking which, or that was asked for


def runs_question() -> Question:
    """All runs that are open, and those of the last weeks."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> RunsBoard:
        from agent.runbooks.view import runs

        with reader.snapshot():
            return RunsBoard(runs(reader, now, RECENT_S), read_status_now(reader, settings, now))

    return Question(RUNS, ask)


def library_question() -> Question:
    """The runbooks that can be started here. Reads files."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> LibraryBoard:
        from agent.runbooks.library import library

        found = library(settings)
        return LibraryBoard(tuple(found.all()), tuple(str(each) for each in found.problems))

    return Question(LIBRARY, ask)


def run_question(target: Target) -> Question:
    """A run in full."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> RunBoard:
        from agent.runbooks.view import run_view

        ident = _run_of(reader, target, now)
        status = read_status_now(reader, settings, now)
        if ident is None:
            return _without_run(reader, settings, target, status)
        view = run_view(reader, settings, ident, now)
        return RunBoard(view, status, missing="" if view is not None else f"There is no run {ident}.")

    return Question(RUN, ask, (target,))


def decision_question(action: int) -> Question:
    """What somebody looks at who approves an action of a run."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> ActionDetail | None:
        from console.screens.actions.asking import action_detail_of

        return action_detail_of(reader, settings, action, now)

    return Question(DECISION, ask, (action,))


def _run_of(reader: LedgerReader, target: Target, now: float) -> int | None:
    """The run that is meant, if there is one yet: of several that are open the newest."""
    if target.run is not None:
        return target.run
    store = reader.run_store()
    if target.runbook:
        from agent.runbooks.view import runs

        asked = (each.id for each in runs(reader, now) if _is_asked_for(each, target))
        return max(asked, default=None)
    if target.alert is not None:
        return max(store.of_alert(target.alert, ended=False), default=None)
    of_incident = store.of_incident(target.incident) if target.incident is not None else []
    return max(set(of_incident) & set(store.open_ids()), default=None)


def _is_asked_for(line: RunLine, target: Target) -> bool:
    return line.id > target.after and (line.runbook, line.started_by) == (target.runbook, target.by)


def _without_run(reader: LedgerReader, settings: Settings, target: Target, status: Status) -> RunBoard:
    """What could be started for an alert, or for the first alert of an incident."""
    from agent.runbooks.library import library

    if not target.starts:
        return RunBoard(None, status, best=library(settings).find(target.runbook))
    alert = _alert_of(reader, target)
    if alert is None:
        what = f"Alert {target.alert}" if target.alert is not None else f"Incident {target.incident}"
        return RunBoard(None, status, missing=f"{what} is not known here; n in the list (7) starts a run.")
    known, signal = library(settings), alert.signal
    found = known.answering(signal.rule, signal.tier, signal.cause)
    missing = "" if found else f"No runbook answers {signal.rule} alerts; n in the list (7) starts one."
    best = known.first(signal.rule, signal.tier, signal.cause)
    return RunBoard(None, status, found, alert.id, missing, best)


def _alert_of(reader: LedgerReader, target: Target) -> Alert | None:
    """The alert that a run would be of: of an incident the one that began first."""
    store = reader.alert_store()
    if target.alert is not None:
        return store.alert(target.alert)
    found = store.alerts_of_incidents([target.incident]) if target.incident is not None else []
    return min(found, key=lambda each: each.started_at, default=None)
