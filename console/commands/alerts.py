"""`burndeck alerts`: what fires, what fired lately, and what people decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click
from click.core import ParameterSource

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import amount, named, table, terminal_width, when
from console.commands.times import Instant, Stretch
from console.lazy import Lazy, LazyGroup

AT_HELP = "State and membership as they stood then (UTC); figures and text are the newest of the alert."
"""What `--at` does to a list and to one alert alike."""

_EPILOG = """\b
Examples:
  burndeck alerts
  burndeck alerts --since 30d --json
  burndeck alerts show 12
  burndeck alerts ack 12 --note "rolling back"
"""


class _Alerts(LazyGroup):
    LAZY: ClassVar[Mapping[str, Lazy]] = {
        "show": Lazy("console.commands.alerts_show", "One alert: why it fired, its incident, who was told."),
        "incidents": Lazy("console.commands.alerts_show", "Open and recent incidents."),
        "ack": Lazy("console.commands.alerts_ack", "Take an alert: no repeats, no escalation."),
        "plan": Lazy("console.commands.alerts_ack", "Say that a rise was planned."),
        "route": Lazy("console.commands.alerts_route", "Who is told of what."),
        "test": Lazy("console.commands.alerts_test", "Replay history through a changed rule.", "test_rule"),
        "check": Lazy("console.commands.alerts_check", "Lint the rules."),
    }


@click.group("alerts", cls=_Alerts, invoke_without_command=True, epilog=_EPILOG)
@common_options
@click.option(
    "--since", type=Stretch(), default="7d", show_default=True, help="How far back resolved ones go."
)
@click.option("--at", type=Instant(), help=AT_HELP)
@click.option("--open", "only_open", is_flag=True, help="Leave resolved ones out.")
@click.pass_context
def alerts(
    ctx: click.Context,
    config: str | None,
    db: str | None,
    as_json: bool,
    since: int,
    at: float | None,
    only_open: bool,
) -> None:
    """Open and recent alerts, worst first.

    Exit code 1 while one fires that nobody has acknowledged and nothing mutes.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_unheard(ctx, ctx.invoked_subcommand)
        return
    from agent.reports.alerts import alerts as entries_of
    from agent.reports.alerts import standing

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        now = settings.clock().now()
        entries = entries_of(reader, now, at=at, recent_s=since, policies=settings.alerts)
    if only_open:
        entries = [entry for entry in entries if entry.state != "resolved"]
    if as_json:
        print_json({"alerts": entries})
    elif entries:
        rows = [
            (
                str(entry.id),
                standing(entry),
                entry.tier,
                f"{entry.scope_kind}:{named(entry.scope)}",
                when(entry.started_at),
                amount(entry.current),
                amount(entry.expected),
                entry.summary,
            )
            for entry in entries
        ]
        columns = ("id", "state", "tier", "scope", "since", "current", "expected", "summary")
        click.echo(table(columns, rows, right=(0, 5, 6), most=terminal_width()))
    else:
        click.echo("no alerts")
    waiting = any(entry.state == "firing" and not entry.muted_by for entry in entries)
    ctx.exit(1 if waiting else 0)


def _refuse_unheard(ctx: click.Context, command: str) -> None:
    """Options of the list that were given before another command, which would not hear of them."""
    for name, option in (("since", "--since"), ("at", "--at"), ("only_open", "--open")):
        given = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and (command, name) != ("show", "at"):
            raise click.UsageError(
                f"{option} before {command} is for the list of alerts alone: leave it out there.",
                ctx,
            )
