"""The `burndeck` command: a thin shell that loads each command only when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from agent import __version__
from agent.errors import BurndeckError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("console.commands.demo", "Simulated organization, agent and console in one command."),
    "init": ("console.commands.init", "Write a commented burndeck.toml."),
    "login": ("console.commands.login", "Put a provider's admin key into the keyring."),
    "doctor": ("console.commands.doctor", "Health of every part, and what to do about it."),
    "agent": ("console.commands.agent", "Run, start, stop or look at the background agent."),
    "ingest": ("console.commands.ingest", "Take usage events from files or standard input."),
    "burn": ("console.commands.burn", "What burns now, against what is usual."),
    "triage": ("console.commands.triage", "Whose rise it is, and why."),
    "report": ("console.commands.report", "The guide's reports."),
    "alerts": ("console.commands.alerts", "Open and recent alerts."),
    "identity": ("console.commands.identity", "Your key pair, and the people whom burndeck.toml knows."),
    "audit": ("console.commands.audit", "Who did what, and the proof that nobody rewrote it."),
}
"""Command -> (module, one line for the overview). A module's command carries the command's name."""


class LazyGroup(click.Group):
    """Imports a command's module when it is run, so that `--version` and `--help` stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(entry[0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"no command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: burndeck demo --scenario retry-storm",
)
@click.version_option(__version__, prog_name="burndeck")
@click.option("--config", type=click.Path(dir_okay=False), help="burndeck.toml to use.")
@click.option("--db", type=click.Path(dir_okay=False), help="Ledger file to use.")
@click.pass_context
def burndeck(ctx: click.Context, config: str | None, db: str | None) -> None:
    """Operations console for what an organization spends on LLM APIs.

    Without a command it opens the console.
    """
    if ctx.invoked_subcommand is not None:
        return  # common_options() looks here for --config and --db given before the command
    from pathlib import Path

    from console.app import run_console

    run_console(Path(config) if config else None, Path(db) if db else None)


def run(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code; an error on purpose becomes two lines."""
    try:
        burndeck.main(arguments, prog_name="burndeck")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BurndeckError as error:
        from console.commands.common import show_error

        show_error(error, as_json="--json" in arguments)
        return error.exit_code
    return 0


def main() -> None:
    """Entry point of the `burndeck` command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
