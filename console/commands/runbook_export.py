"""`burndeck runbook export`: the postmortem of a run, as files."""

from __future__ import annotations

from pathlib import Path

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.runs import run_argument, the_run


@click.command("export", epilog="Example: burndeck runbook export 3 -o postmortems/2026-11-18")
@common_options
@run_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder; by default run-N here.",
)
@click.option("--force", is_flag=True, help="Write over another one that is there.")
def export(
    config: str | None, db: str | None, as_json: bool, ident: int, output: Path | None, force: bool
) -> None:
    """Write the postmortem of a RUN: Markdown, with its plots as SVG beside it."""
    from agent.runbooks.postmortem.write import export_run

    settings = settings_for(config, db)
    the_run(settings, ident)
    folder = output or Path(f"run-{ident}")
    with reader_for(settings) as reader:
        paths = export_run(reader, settings, ident, folder, settings.clock().now(), force=force)
    if as_json:
        print_json({"run": ident, "files": paths})
    else:
        click.echo("\n".join(str(path) for path in paths))
