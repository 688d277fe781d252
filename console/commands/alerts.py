"""`burndeck alerts`: what fires, and what fired lately."""

from __future__ import annotations

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import amount, named, table, when
from console.commands.times import Instant, Stretch

_EPILOG = """\b
Examples:
  burndeck alerts
  burndeck alerts --since 30d --json
"""


@click.command("alerts", epilog=_EPILOG)
@common_options
@click.option(
    "--since", type=Stretch(), default="7d", show_default=True, help="How far back resolved ones go."
)
@click.option("--at", type=Instant(), help="As they stood at this time (UTC).")
@click.option("--open", "only_open", is_flag=True, help="Leave resolved ones out.")
def alerts(
    config: str | None, db: str | None, as_json: bool, since: int, at: float | None, only_open: bool
) -> None:
    """Open and recent alerts, worst first.

    Exit code 1 while one fires.
    """
    from agent.reports.alerts import alerts as entries_of

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        entries = entries_of(reader, settings.clock().now(), at=at, recent_s=since)
    if only_open:
        entries = [entry for entry in entries if entry.state != "resolved"]
    if as_json:
        print_json({"alerts": entries})
    elif entries:
        rows = [
            (
                entry.state,
                entry.tier,
                f"{entry.scope_kind}:{named(entry.scope)}",
                when(entry.started_at),
                amount(entry.current),
                amount(entry.expected),
                entry.summary,
            )
            for entry in entries
        ]
        columns = ("state", "tier", "scope", "since", "current", "expected", "summary")
        click.echo(table(columns, rows, right=(4, 5)))
    else:
        click.echo("no alerts")
    click.get_current_context().exit(1 if any(entry.state == "firing" for entry in entries) else 0)
