"""`make run`: the console on the real organization once there is one to read, else the demo."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from agent.errors import BurndeckError
from console import cli


def main() -> None:
    """Passes its arguments on: to the demo, or to the console after the agent was started."""
    from agent.paths import find_config
    from agent.secrets import where

    arguments = sys.argv[1:]
    if find_config() is None and where("openai") is None:
        click.echo("No burndeck.toml and no admin key yet: showing a simulated organization.", err=True)
        sys.exit(cli.run(["demo", *arguments]))
    _start_agent()
    sys.exit(cli.run(arguments))


def _start_agent() -> None:
    """Starts the agent unless it runs already; a broken configuration is the console's to show."""
    from agent.process.background import running_pid
    from agent.settings import load_settings

    with suppress(BurndeckError):
        if running_pid(load_settings().ledger_path) is None:
            cli.run(["agent", "start"])


if __name__ == "__main__":
    main()
