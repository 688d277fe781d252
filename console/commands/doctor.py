"""`burndeck doctor`: the health of every part."""

from __future__ import annotations

import click

from agent.errors import LedgerError
from console.commands.common import common_options, print_json, reader_for, settings_for

_EPILOG = """\b
Examples:
  burndeck doctor
  burndeck doctor --fast
  burndeck doctor --json | jq '.checks[] | select(.state == "problem")'
"""
_SIGNS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


@click.command("doctor", epilog=_EPILOG)
@common_options
@click.option("--fast", is_flag=True, help="Leave out the integrity check, which reads the whole ledger.")
def doctor(config: str | None, db: str | None, as_json: bool, fast: bool) -> None:
    """The health of configuration, secrets, ledger, agent, sources and data, and what to do about it.

    Exit code 1 when there is a problem. Secrets are named by their place, never shown.
    """
    from agent.reports.health import health

    settings = settings_for(config, db)
    now = settings.clock().now()
    try:
        with reader_for(settings) as reader:
            found = health(reader, settings, now, integrity=not fast)
    except LedgerError as error:
        found = health(None, settings, now, trouble=error)
    if as_json:
        print_json(found)
    else:
        width = max(len(check.part) for check in found.checks)
        for check in found.checks:
            click.echo(f"{_SIGNS[check.state.value]}  {check.part:<{width}}  {check.detail}")
            if check.hint:
                click.echo(f"{'':9}{'':{width}}  -> {check.hint}")
        click.echo("all is well" if found.healthy else "something needs you")
    click.get_current_context().exit(0 if found.healthy else 1)
