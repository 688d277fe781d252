"""`burndeck runbook`: runbooks as texts, and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.lazy import Lazy, LazyGroup

_EPILOG = """\b
Examples:
  burndeck runbook list
  burndeck runbook show cost-spike
  burndeck runbook new search-latency --title "Search is slow"
  burndeck runbook check
  burndeck runbook start cost-spike --alert 12
  burndeck runbook resume 3
  burndeck runbook drill cost-spike --scenario retry-storm
"""

_NEXT = """\
burndeck runbook resume RUN             where it stands, and what is next
burndeck runbook list                   what can be started, and the alerts that each answers
burndeck runbook start ID --alert N     start one for an alert; `burndeck alerts` lists them"""


class _Runbook(LazyGroup):
    LAZY: ClassVar[Mapping[str, Lazy]] = {
        "list": Lazy(
            "console.commands.runbook_texts", "The runbooks in force, and what opens them.", "list_"
        ),
        "show": Lazy("console.commands.runbook_texts", "One runbook: parameters, steps, where they lead."),
        "check": Lazy("console.commands.runbook_texts", "What is wrong with runbooks, by file and line."),
        "new": Lazy("console.commands.runbook_texts", "A commented runbook to begin with."),
        "start": Lazy("console.commands.runbook_start", "Begin a run; the agent answers its first steps."),
        "runs": Lazy("console.commands.runbook_runs", "Runs that are open, and those of the last week."),
        "resume": Lazy("console.commands.runbook_runs", "Where a run stands, and what is next."),
        "answer": Lazy("console.commands.runbook_steps", "Decide, or write the note that is asked for."),
        "act": Lazy("console.commands.runbook_act", "Preview the step's action, and do it; or release."),
        "go": Lazy("console.commands.runbook_steps", "Send the step's message."),
        "sign": Lazy("console.commands.runbook_steps", "Agree to a run so far, or do not."),
        "skip": Lazy("console.commands.runbook_steps", "Go on without a step."),
        "retry": Lazy("console.commands.runbook_steps", "Try a failed step again."),
        "overrule": Lazy("console.commands.runbook_steps", "Decide otherwise than a check has found."),
        "reopen": Lazy("console.commands.runbook_steps", "Go back to a step."),
        "set": Lazy("console.commands.runbook_steps", "Give parameters other values.", "set_"),
        "undo": Lazy("console.commands.runbook_act", "Undo an action of a run."),
        "roll-back": Lazy("console.commands.runbook_act", "Undo every action of a run.", "roll_back"),
        "take": Lazy("console.commands.runbook_hold", "Take a run over."),
        "assign": Lazy("console.commands.runbook_hold", "Hand a run to somebody."),
        "close": Lazy("console.commands.runbook_hold", "End a run early."),
        "timeline": Lazy("console.commands.runbook_runs", "What has happened in a run."),
        "export": Lazy("console.commands.runbook_export", "Write a run's postmortem."),
        "drill": Lazy("console.commands.runbook_drill", "Play a runbook against a simulated company."),
    }


@click.group("runbook", cls=_Runbook, epilog=_EPILOG, invoke_without_command=True)
@common_options
@click.pass_context
def runbook(ctx: click.Context, config: str | None, db: str | None, as_json: bool) -> None:
    """Runbooks: what a person and the agent do together, step by step.

    The shipped ones, and your own in the folder runbooks beside burndeck.toml, which override them by id.
    Alone it lists the runs in progress, and says how one begins.
    """
    if ctx.invoked_subcommand is not None:
        return
    from agent.reports.runs import runs
    from console.commands.runs_text import listed

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        found = [line for line in runs(reader, settings.clock().now(), 0) if line.state == "open"]
    if as_json:
        print_json({"runs": found})
        return
    click.echo(listed(found) if found else "no run is in progress")
    click.echo(f"\n{_NEXT}")
