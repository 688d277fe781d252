"""`burndeck runbook drill`: a runbook from the alert to the postmortem, without a person, for CI."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, settings_for
from console.commands.named_values import values_option
from console.commands.tables import when

if TYPE_CHECKING:
    from agent.domain.runbook import Runbook
    from agent.settings import Settings
    from console.runs.answers import Answers
    from console.runs.drill import Report
    from console.runs.drive import StepEnd

_EPILOG = """\b
Examples:
  burndeck runbook drill cost-spike --scenario retry-storm --answers drill.toml
  burndeck runbook drill cost-spike --scenario retry-storm --answers drill.toml --act -o postmortem
  burndeck runbook drill weekly-burn-review --scenario quiet-day --json

\b
drill.toml, by the id or the number of a step; all of it may be left out:
  [answers]
  how-hard = "key"                        a list: one for each try
  cause = "a client without back-off"
  [set]
  limit = "5 rps"                         a parameter of the run
  [act.throttle-key]
  for = "1h"                              what an action says otherwise
  [skip]
  14 = "nobody to tell"                   also [overrule] and, of approvals, [deny]
  [approve]
  approve = ["finance", "engineering"]    who is asked, may they or not; else whoever may
"""


@click.command("drill", epilog=_EPILOG)
@common_options
@click.argument("ident", metavar="ID")
@click.option(
    "--scenario", default="retry-storm", show_default=True, help="What goes wrong: a name, or a file."
)
@click.option(
    "--answers", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TOML or JSON."
)
@values_option("A parameter of the run, over [set] of the answers; may be given several times.")
@click.option("--seed", default=1, show_default=True, help="Which organization: its teams, keys and traffic.")
@click.option("--act", is_flag=True, help="Really act on the simulated provider; else it is only said.")
@click.option("--without-alert", is_flag=True, help="Start at once, not when the scenario's alert fires.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the postmortem there, over what is there.",
)
def drill(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: str,
    scenario: str,
    file: Path | None,
    values: dict[str, str],
    seed: int,
    act: bool,
    without_alert: bool,
    output: Path | None,
) -> None:
    """Play the runbook ID to its end against a simulated company, and say how every step went.

    The provider, the agent and the people are made for it and gone afterwards; your ledger and your identity
    are not touched, and burndeck.toml only says where your own runbooks are. Without an answer a decision
    goes its first way, and a note says `drill`. What takes approvals gets them of simulated people, by the
    same rules as for real. Exit code 0 when the run came to its end and no step failed,
    else 1.
    """
    from console.runs.drill import Drill, run_drill
    from fixtures.scenario import load_scenario

    found = _runbook(settings_for(config, db), ident)
    order = Drill(
        found,
        load_scenario(scenario),
        seed=seed,
        act=act,
        without_alert=without_alert,
        answers=_answers(found, file, values),
        postmortem=output,
    )
    _writable(output)
    with _unheard(), _cleared_away():
        report = run_drill(order, _quiet if as_json else _tell)
    if as_json:
        print_json(report)
    else:
        click.echo(_summary(report))
    click.get_current_context().exit(0 if report.fine else 1)


def _runbook(settings: Settings, ident: str) -> Runbook:
    from agent.errors import ConfigError
    from agent.runbooks.library import library
    from agent.runbooks.problem import near

    known = library(settings)
    found = known.find(ident)
    if found is None:
        ids = [each.id for each in known.all()]
        raise ConfigError(
            f"there is no runbook {ident!r}{near(ident, ids)}", hint="`burndeck runbook list` shows them."
        )
    return found


def _answers(runbook: Runbook, file: Path | None, values: dict[str, str]) -> Answers:
    from dataclasses import replace

    from console.runs.answers import Answers, read_answers

    found = read_answers(file, runbook) if file else Answers()
    return replace(found, parameters={**found.parameters, **values})


def _writable(folder: Path | None) -> None:
    """Finds out before the company is played whether the postmortem has a place."""
    import os

    from agent.errors import ConfigError

    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be written: {error.strerror or error}", hint="Name another folder with -o."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder} cannot be written to", hint="Name another folder with -o.")


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """What the agent would log meanwhile is told by the drill."""
    log = logging.getLogger("agent")
    nowhere, before = logging.NullHandler(), log.propagate
    log.addHandler(nowhere)
    log.propagate = False
    try:
        yield
    finally:
        log.propagate = before
        log.removeHandler(nowhere)


@contextlib.contextmanager
def _cleared_away() -> Iterator[None]:
    """A drill that is ended from outside leaves nothing behind: the keys of its people are in its folder."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _quiet(told: str | StepEnd) -> None:
    pass


def _tell(told: str | StepEnd) -> None:
    """One line a step as it ends, with when it did and what the evidence says."""
    if isinstance(told, str):
        click.echo(told)
        return
    again = f" (try {told.attempt})" if told.attempt > 1 else ""
    took = f"{told.ended_at - told.began_at} s"
    click.echo(
        f"{when(told.ended_at)}  {told.seq:>2}. {told.title}{again}: {told.state} by {told.actor} in {took}"
    )
    said = dict.fromkeys(each for each in (*told.evidence, told.sentence) if each)
    alone = [each for each in said if not any(each != other and each in other for other in said)]
    for sentence in alone:
        click.echo(f"    {sentence}")


def _summary(report: Report) -> str:
    took = f"{report.simulated_s // 60} simulated minutes, {report.seconds:g} s real"
    what = f"{report.runbook} on {report.scenario}, seed {report.seed}"
    lines = [f"{what}: the run is {report.state}, {len(report.steps)} steps in {took}"]
    if report.stuck:
        lines.append(f"it did not come to its end: {report.stuck}")
    if report.failed:
        lines.append(f"failed: step {', '.join(map(str, report.failed))}")
    lines += report.postmortem
    return "\n".join(lines)
