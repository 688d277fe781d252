"""`burndeck runbook runs|resume|timeline`: runs as they stand, and what has happened in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.runs import (
    answered_last,
    run_argument,
    run_error,
    stands_failed,
    step_option,
    the_run,
    why_not,
)
from console.commands.runs_data import run_data
from console.commands.runs_text import event_line, listed, next_commands, standing_lines

if TYPE_CHECKING:
    from agent.runbooks.view import RunView
    from agent.settings import Settings

_EVER_S = 50 * 365 * 86_400
_LOOK_S = 0.1


@click.command("runs", epilog="Example: burndeck runbook runs --all --json")
@common_options
@click.option("--all", "all_", is_flag=True, help="Also those that ended more than a week ago.")
def runs(config: str | None, db: str | None, as_json: bool, all_: bool) -> None:
    """Runs that are open, and those of the last week."""
    from agent.reports.runs import RECENT_S
    from agent.reports.runs import runs as runs_of

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        found = runs_of(reader, settings.clock().now(), _EVER_S if all_ else RECENT_S)
    if as_json:
        print_json({"runs": found})
    else:
        click.echo(listed(found) if found else "no runs; `burndeck runbook start ID` begins one")


_RESUME = """\b
Examples:
  burndeck runbook resume 3
  burndeck runbook resume 3 --step 2
  burndeck runbook resume 3 --follow
"""


@click.command("resume", epilog=_RESUME)
@common_options
@run_argument
@step_option("Show this step with its evidence, in place of the one that the run is at.")
@click.option("--follow", is_flag=True, help="Tell what happens in it, until it is over.")
def resume(
    config: str | None, db: str | None, as_json: bool, ident: int, seq: int | None, follow: bool
) -> None:
    """Where a RUN stands: its steps, the evidence, and what can be done next, as commands.

    Whoever may read the ledger sees it. Exit code 1 when the step that it is at has failed.
    """
    if follow and as_json:
        raise click.UsageError("--follow and --json: one of the two.")
    settings = settings_for(config, db)
    view = the_run(settings, ident)
    if seq is not None and not any(each.declared.seq == seq for each in view.steps):
        raise run_error(f"run {ident} has no step {seq}", f"It has {len(view.steps)}.")
    if as_json:
        print_json(run_data(view))
    else:
        shows = [seq] if seq else [*answered_last(view), view.run.at]
        click.echo("\n".join(standing_lines(view, shows, why_not(settings, view))))
        if follow:
            view = _follow(settings, view)
    click.get_current_context().exit(1 if stands_failed(view) else 0)


@click.command("timeline", epilog="Example: burndeck runbook timeline 3 --md > timeline.md")
@common_options
@run_argument
@click.option("--md", "as_markdown", is_flag=True, help="Print a table in Markdown.")
def timeline(config: str | None, db: str | None, as_json: bool, ident: int, as_markdown: bool) -> None:
    """What has happened in a RUN, oldest first: who, when, which step, and what came of it."""
    if as_json and as_markdown:
        raise click.UsageError("--json and --md: one of the two.")
    view = the_run(settings_for(config, db), ident)
    if as_json:
        print_json({"run": ident, "events": view.events})
    elif as_markdown:
        click.echo("\n".join(_markdown(view)))
    else:
        click.echo("\n".join(event_line(event) for event in view.events))


def _follow(settings: Settings, view: RunView) -> RunView:
    """Prints what happens from here on until the run is over."""
    from agent.domain.run import RunState

    seen, ident = len(view.events), view.run.id or 0
    with reader_for(settings) as reader:
        while view.run.state is RunState.OPEN:
            version = reader.data_version()
            while reader.data_version() == version:
                time.sleep(_LOOK_S)
            view = the_run(settings, ident)
            for event in view.events[seen:]:
                click.echo(event_line(event))
            if len(view.events) > seen and (found := next(next_commands(view), None)):
                click.echo(f"  {found[0]}  {found[1]}".rstrip())
            seen = len(view.events)
    return view


def _markdown(view: RunView) -> Iterator[str]:
    from console.commands.tables import when

    def cell(text: str) -> str:
        plain = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
        return plain.replace("<", "&lt;").replace("`", "\\`")

    yield f"# Run {view.run.id}: {cell(view.run.runbook.title)}"
    yield ""
    yield "| when | who | step | what |"
    yield "|---|---|---|---|"
    for event in view.events:
        step = "" if event.step is None else str(event.step)
        yield f"| {when(event.at)} | {cell(event.actor)} | {step} | {cell(event.kind)}: {cell(event.text)} |"
