"""`burndeck handover`: what the next on-call must know, on one page."""

from __future__ import annotations

import click

from console.commands.common import common_options, jsonable, print_json, reader_for, settings_for
from console.commands.times import Stretch


@click.command(
    "handover",
    epilog="""\b
Examples:
  burndeck handover
  burndeck handover --md --since 8h > handover.md
  burndeck handover --json
""",
)
@common_options
@click.option("--md", "as_markdown", is_flag=True, help="Print Markdown.")
@click.option(
    "--since", type=Stretch(), default="12h", show_default=True, help="How long the shift was that ends."
)
@click.pass_context
def handover(
    ctx: click.Context, config: str | None, db: str | None, as_json: bool, as_markdown: bool, since: int
) -> None:
    """What the next on-call must know: incidents, what is in force, what waits, what is near, what is over.

    Exit code 1 while something wants a person: an incident that nobody holds, an alert that nobody has taken,
    a change that waits, a postmortem overdue, a part that is blind, or a message that did not arrive.
    """
    from agent.reports.handover import handover as handover_of
    from agent.runbooks.postmortem.clean import clean
    from console.commands.handover_text import as_text

    if as_json and as_markdown:
        raise click.UsageError("--json and --md: one of the two.")
    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        # It is pasted into chats, and people write keys into reasons.
        found = clean(handover_of(reader, settings, settings.clock().now(), since_s=since))
    if as_json:
        print_json(jsonable(found) | {"wanting": found.wanting})
    else:
        click.echo(as_text(found, markdown=as_markdown))
    ctx.exit(1 if found.wanting else 0)
