"""A runbook played from an alert to its postmortem against the simulated provider, without a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.runbook import ParameterKind
from agent.errors import BurndeckError, ConfigError
from agent.runbooks.asks import start_of
from agent.runbooks.problem import near
from agent.runbooks.triggers import answers
from agent.runbooks.view import runs
from console.runs.answers import Answers
from console.runs.drive import Played, StepEnd, play
from console.runs.rehearsal import Rehearsal, rehearsal

if TYPE_CHECKING:
    from agent.domain.alert import Alert
    from agent.domain.runbook import Runbook
    from fixtures.organization import Key
    from fixtures.scenario import Scenario

_CALM_STEPS = 5
FIRES_WITHIN_S = 2 * 3_600
"""So long after a scenario begins its alert has fired."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What is to be played."""

    runbook: Runbook
    scenario: Scenario
    seed: int = 1
    act: bool = False  # really act on the simulated provider, instead of only saying so
    without_alert: bool = False  # start at once
    answers: Answers = field(default_factory=Answers)
    postmortem: Path | None = None  # the folder that it is written to
    ledger: Path | None = None  # of another rehearsal of this seed at its beginning


@dataclass(frozen=True, slots=True)
class Report:
    """How a drill went."""

    runbook: str
    scenario: str
    seed: int
    drill: bool
    fine: bool  # the run came to its end, and no step failed
    state: str  # of the run
    alert: int | None
    incident: int | None
    fired_after_s: int | None  # after the scenario began, in simulated seconds
    stuck: str  # why it did not come to its end
    steps: tuple[StepEnd, ...]
    failed: tuple[int, ...]
    simulated_s: int  # from the start of the run to its end
    seconds: float  # real, all in all
    postmortem: tuple[str, ...]  # files
    simulated_people: tuple[str, ...]  # everybody but the agent: nobody real has decided or approved anything


def run_drill(drill: Drill, told: Callable[[str | StepEnd], None]) -> Report:
    """Plays it. `told` hears what goes on, as a sentence or as the end of a step.

    Raises `BurndeckError` where the run cannot even be started.
    """
    began = time.monotonic()
    known = [each.name for each in drill.runbook.parameters]
    if strange := [name for name in drill.answers.parameters if name not in known]:
        raise ConfigError(
            f"{drill.runbook.id} has no {strange[0]}{near(strange[0], known)}",
            hint=f"It has {', '.join(known) or 'no parameters'}.",
        )
    told(f"a company of seed {drill.seed}, and {drill.scenario.title.lower()} ahead")
    with rehearsal(_soon(drill.scenario), drill.seed, runbook=drill.runbook, ledger=drill.ledger) as ground:
        people = ", ".join(person.name for person in ground.cast.people)
        told(f"its people are simulated, and so is what they approve: {people}")
        alert = _alert(drill, ground, told)
        started = ground.now()
        ident = _start(drill, ground, alert)
        played = play(ground, ident, drill.answers, told)
        files = _export(drill, ground, ident)
        return _report(drill, ground, played, alert, started, files, time.monotonic() - began)


def _soon(scenario: Scenario) -> Scenario:
    """The scenario after a few steps of calm: whoever watches a demo wants more of it than a drill."""
    return replace(scenario, starts_after_s=min(scenario.starts_after_s, _CALM_STEPS * scenario.tick_s))


def _alert(drill: Drill, ground: Rehearsal, told: Callable[[str | StepEnd], None]) -> Alert | None:
    """The alert that the runbook answers; None for a runbook, or a day, without one."""
    quiet = drill.scenario.culprit is None
    if not drill.runbook.triggers or drill.without_alert or quiet:
        told("the run starts without an alert")
        return None
    runbook, within_s = drill.runbook, ground.starts_at - ground.now() + FIRES_WITHIN_S
    alert = ground.until_fired(runbook.triggers, within_s)
    if alert is None:
        raise BurndeckError(
            f"{drill.scenario.name}: no alert has fired",
            hint="--without-alert starts the run all the same.",
        )
    told(f"alert {alert.id} fired ({alert.signal.rule.value}): {alert.signal.summary}")
    if not answers(runbook.triggers, alert.signal):
        told(f"{runbook.id} answers no alert that has fired, but is started for this one")
    return alert


def _start(drill: Drill, ground: Rehearsal, alert: Alert | None) -> int:
    runbook = drill.runbook
    holder = ground.cast.first(roles=runbook.roles)
    if holder is None:
        raise BurndeckError(
            f"nobody of a drill may start {runbook.id}: it takes {' or '.join(runbook.roles)}"
        )
    given = dict(drill.answers.parameters)
    if alert is None:
        given = {**_culprit(runbook, ground.strikes), **given}
    ask = start_of(runbook, given, alert=alert.id if alert else None, drill=not drill.act)
    if refused := ground.tell(holder.name, ask):
        raise BurndeckError(
            f"{runbook.id} could not be started: {refused}",
            hint="Parameters are given with --set NAME=VALUE, or in [set] of the answers.",
        )
    return max(line.id for line in runs(ground.reader, ground.now()))


def _culprit(runbook: Runbook, key: Key | None) -> Mapping[str, str]:
    """Without an alert a run is about whoever the scenario strikes."""
    if key is None:
        return {}
    values = {
        ParameterKind.KEY: key.id,
        ParameterKind.TEAM: key.project.team,
        ParameterKind.SCOPE: f"api_key:{key.id}",
    }
    return {each.name: values[each.kind] for each in runbook.parameters if each.kind in values}


def _export(drill: Drill, ground: Rehearsal, run: int) -> tuple[str, ...]:
    if drill.postmortem is None:
        return ()
    from agent.runbooks.postmortem.write import export_run

    paths = export_run(ground.reader, ground.settings, run, drill.postmortem, ground.now(), force=True)
    return tuple(str(path) for path in paths)


def _report(
    drill: Drill,
    ground: Rehearsal,
    played: Played,
    alert: Alert | None,
    started: float,
    files: tuple[str, ...],
    seconds: float,
) -> Report:
    run = played.view.run
    return Report(
        runbook=drill.runbook.id,
        scenario=drill.scenario.name,
        seed=drill.seed,
        drill=run.drill,
        fine=played.fine,
        state=run.state.value,
        alert=run.alert,
        incident=run.incident,
        fired_after_s=None if alert is None else round((alert.fired_at or 0) - ground.starts_at),
        stuck=played.stuck,
        steps=played.steps,
        failed=played.failed,
        simulated_s=round((run.ended_at or ground.now()) - started),
        seconds=round(seconds, 1),
        postmortem=files,
        simulated_people=tuple(person.name for person in ground.cast.people),
    )
