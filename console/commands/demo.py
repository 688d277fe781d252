"""`burndeck demo`: a simulated organization, the agent and the console in one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.commands.common import print_json
from console.commands.progress import Progress

if TYPE_CHECKING:
    from fixtures.scenario import Scenario

WATCHED_BY_DEFAULT = "retry-storm"


@click.command(
    epilog="""\b
Examples:
  burndeck demo                                        watch a retry storm begin
  burndeck demo --scenario leaked-key --speed 10       the same clock, six minutes an hour
  burndeck demo --list                                 which scenarios there are
  burndeck demo --folder /tmp/deck                     so that another terminal can join:
    BURNDECK_IDENTITY_FILE=/tmp/deck/finance burndeck --config /tmp/deck/burndeck.toml approve 1
  burndeck demo --headless --scenario cache-collapse --seed 7 --json
"""
)
@click.option(
    "--scenario",
    "name",
    default=WATCHED_BY_DEFAULT,
    show_default=True,
    help="What goes wrong: a name, or a file.",
)
@click.option("--seed", default=1, show_default=True, help="Which organization: its teams, keys and traffic.")
@click.option(
    "--speed", type=click.FloatRange(min=0.1), help="Simulated seconds a real second; 60: an hour a minute."
)
@click.option("--list", "list_only", is_flag=True, help="Print the scenarios and end.")
@click.option(
    "--headless", is_flag=True, help="No screen: play the scenario, print what the agent found, end."
)
@click.option(
    "--for",
    "for_s",
    type=click.FloatRange(min=0.1, max=60),
    help="Real seconds that a headless run may last.",
)
@click.option(
    "--keep",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Leave the ledger in this file, a configuration in FILE.toml, and what was told in FILE.pager.log.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where the demo lives while it runs, a new folder that is removed at the end.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (with --list or --headless).")
def demo(
    name: str,
    seed: int,
    speed: float | None,
    list_only: bool,
    headless: bool,
    for_s: float | None,
    keep: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Run a simulated organization with the real agent and console, on loopback and without a trace.

    Nothing reaches a real provider, and everything is written to a temporary folder that is removed at
    the end. You are ada, its operator; the keys of finance, second-finance, engineering and lead lie in that
    folder beside yours, so that another terminal can approve what you ask for. What on-call, finance and
    engineering are told arrives, signed, at a pager of the demo, which writes it into pager.log there.
    """
    from fixtures.scenario import load_scenario

    if list_only:
        _print_list(as_json)
        return
    scenario = load_scenario(name)
    if keep and keep.exists():
        raise click.BadParameter(f"{keep} exists already; name a new file.", param_hint="--keep")
    if folder and folder.exists():
        raise click.BadParameter(f"{folder} exists already; name a new one.", param_hint="--folder")
    if headless:
        if folder:
            raise click.UsageError("--folder does not go with --headless; --keep leaves a ledger.")
        _headless(scenario, seed, speed, for_s, keep, as_json)
        return
    for option, given in (("--json", as_json), ("--for", for_s is not None)):
        if given:
            raise click.UsageError(f"{option} goes with --headless.")
    from console.demo.watch import watch

    watch(scenario, seed, speed or scenario.watch_speed, keep, folder)


def _print_list(as_json: bool) -> None:
    from fixtures.scenario import list_scenarios

    scenarios = list_scenarios()
    if as_json:
        print_json(
            {
                "scenarios": [
                    {"name": one.name, "title": one.title, "cause": one.cause or ""} for one in scenarios
                ]
            }
        )
        return
    width = max(len(one.name) for one in scenarios)
    for one in scenarios:
        click.echo(f"{one.name:<{width}}  {one.description}")


def _headless(
    scenario: Scenario, seed: int, speed: float | None, for_s: float | None, keep: Path | None, as_json: bool
) -> None:
    from console.demo.headless import Run, run_headless

    run = Run(scenario, seed, speed or scenario.speed, for_s or scenario.for_s, keep=keep)
    with Progress("playing " + scenario.name) as progress:
        answer = run_headless(run, progress.at)
    if as_json:
        print_json(answer)
    else:
        click.echo(_in_words(answer))


def _in_words(answer: dict[str, Any]) -> str:
    truth, found = answer["truth"], answer["found"]
    lines = [
        f"{answer['scenario']}, seed {answer['seed']}, {answer['simulated_s'] / 3600:.1f} simulated hours"
    ]
    if not answer["complete"]:
        lines[0] += ": cut short, this machine is too slow for it now"
    lines.append(f"  truth  {_culprit(truth)}")
    lines.append(f"  found  {_culprit(found)}")
    if found["detected_after_s"] is not None:
        lines.append(f"         {found['detected_after_s']} s after it began, from the ledger alone")
    return "\n".join(lines)


def _culprit(who: dict[str, Any]) -> str:
    return f"{who['cause']} by {who['api_key_id']}, team {who['team']}" if who["cause"] else "nothing"
