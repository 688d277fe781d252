"""`burndeck incident export`: the postmortem of an incident, as the ledger tells it."""

from __future__ import annotations

from pathlib import Path

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.numbers import Whole

_EPILOG = """\b
Examples:
  burndeck incident export 3
  burndeck incident export 3 -o postmortems/checkout --force
  burndeck incident export 3 --json
"""


@click.command("export", short_help="Write the postmortem as files.", epilog=_EPILOG)
@common_options
@click.argument("ident", metavar="INCIDENT", type=Whole(1))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False),
    help="Folder to write to; by default incident-N here.",
)
@click.option("--force", is_flag=True, help="Write over another postmortem, or over one that was edited.")
def export(
    config: str | None, db: str | None, as_json: bool, ident: int, folder: str | None, force: bool
) -> None:
    """Write the postmortem of an INCIDENT: postmortem.md and its plots.

    It says what happened, what it cost above what is usual, who did what, what the run found, how every
    change ended, what would have caught it earlier, and what is left to do. With --json it is printed, and
    files are written only where -o says so.
    """
    from agent.runbooks.postmortem.document import as_json as document
    from agent.runbooks.postmortem.write import export as write
    from agent.runbooks.postmortem.write import of_incident

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        made = of_incident(reader, settings, ident, settings.clock().now())
    written: tuple[Path, ...] = ()
    if folder is not None or not as_json:
        written = write(made, Path(folder or f"incident-{ident}"), force=force)
    if as_json:
        print_json({**document(made), "files": written})
        return
    for path in written:
        click.echo(path)
