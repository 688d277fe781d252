"""`make run`: the console on the real organization once there is one to read, else the demo."""

from __future__ import annotations

import sys

import click

from console import cli


def main() -> None:
    """Passes its arguments on: to the demo, or to the console after the agent was started."""
    from agent.paths import find_config
    from agent.secrets import where

    arguments = sys.argv[1:]
    if find_config() is None and where("openai") is None:
        click.echo("No burndeck.toml and no admin key yet: showing a simulated organization.", err=True)
        sys.exit(cli.run(["demo", *arguments]))
    # An agent that runs already is fine; any other trouble is the console's to show.
    cli.run(["agent", "start"])
    sys.exit(cli.run(arguments))


if __name__ == "__main__":
    main()
