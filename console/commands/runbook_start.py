"""`burndeck runbook start`: a run begins, and the agent answers its first questions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.intents import agentless, intent_data, say_undone, wait_option
from console.commands.named_values import values_option
from console.commands.numbers import Whole
from console.commands.runs import finish, send_all

if TYPE_CHECKING:
    from agent.domain.runbook import Runbook
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck runbook start cost-spike --alert 12
  burndeck runbook start throttle-non-prod --set scope=team:search
  burndeck runbook start hard-cap-override --incident 3 --drill
"""


@click.command("start", epilog=_EPILOG)
@common_options
@click.argument("runbook", metavar="ID")
@click.option("--alert", type=Whole(1), help="The alert that it answers; it fills parameters.")
@click.option("--incident", type=Whole(1), help="The incident that it is about, without an alert.")
@values_option("A parameter of the run; may be given several times.")
@click.option("--drill", is_flag=True, help="Go the whole way, marked as a drill, and change nothing.")
@wait_option
def start(
    config: str | None,
    db: str | None,
    as_json: bool,
    runbook: str,
    alert: int | None,
    incident: int | None,
    values: dict[str, str],
    drill: bool,
    wait: float,
) -> None:
    """Start a run of the runbook ID; you hold it, and do its steps.

    The agent answers its first questions within seconds; what it found is printed, with what is next. Exit
    code 1 when it was refused, when no agent has taken it yet, or when its first steps fail.
    """
    from agent.control import IntentState
    from agent.runbooks.asks import start_of

    if alert is not None and incident is not None:
        raise click.UsageError("--alert and --incident: one of them; an alert knows its incident.")
    settings = settings_for(config, db)
    found = _found(settings, runbook)
    before = _newest(settings, runbook)
    begun = time.monotonic()
    ask = start_of(found, values, alert=alert, incident=incident, drill=drill)
    receipt, result = send_all(settings, [ask], wait)
    ident = _newest(settings, runbook, receipt.person)
    if result is None or result.state is not IntentState.DONE or ident <= before:
        if as_json:
            print_json(intent_data(receipt, result) | {"run": None})
        else:
            say_undone(receipt, result, agentless(settings))
        click.get_current_context().exit(1)
    left_s = wait - (time.monotonic() - begun)
    done = f"run {ident} of {runbook} started"
    finish(settings, ident, receipt, result, done=done, left_s=left_s, as_json=as_json)


def _found(settings: Settings, ident: str) -> Runbook:
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


def _newest(settings: Settings, runbook: str, person: str = "") -> int:
    """The newest run of a runbook, of anybody or of one person; 0 where there is none."""
    from agent.runbooks.view import runs

    with reader_for(settings) as reader:
        found = runs(reader, settings.clock().now())
    fitting = (each.id for each in found if each.runbook == runbook and person in ("", each.started_by))
    return max(fitting, default=0)
