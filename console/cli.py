"""The `burndeck` command: a thin shell that loads each command only when it is asked for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import click

from agent import __version__
from agent.errors import BurndeckError
from console.lazy import Lazy, LazyGroup

COMMANDS = {
    "demo": Lazy("console.commands.demo", "Simulated organization, agent and console in one command."),
    "init": Lazy("console.commands.init", "Write a commented burndeck.toml."),
    "login": Lazy("console.commands.login", "Put the secret of a provider or channel into the keyring."),
    "doctor": Lazy("console.commands.doctor", "Health of every part, and what to do about it."),
    "agent": Lazy("console.commands.agent", "Run, start, stop or look at the background agent."),
    "ingest": Lazy("console.commands.ingest", "Take usage events from files or standard input."),
    "burn": Lazy("console.commands.burn", "What burns now, against what is usual."),
    "triage": Lazy("console.commands.triage", "Whose rise it is, and why."),
    "report": Lazy("console.commands.report", "The guide's reports."),
    "detect": Lazy("console.commands.detect", "How unusual each row of a series is."),
    "alerts": Lazy("console.commands.alerts", "Alerts: list, take, replay, lint, and who is told."),
    "silence": Lazy("console.commands.silence", "Silence alerts until a time or an amount."),
    "throttle": Lazy("console.commands.throttle", "Hold a scope to a rate, or replay what that would do."),
    "block": Lazy("console.commands.block", "Let nothing of a scope pass, for a while."),
    "allow-models": Lazy("console.commands.block", "Let only some models of a scope pass.", "allow_models"),
    "allow-tools": Lazy("console.commands.block", "Let a scope use only some hosted tools.", "allow_tools"),
    "revoke": Lazy("console.commands.block", "Delete a key, for ever."),
    "off-board": Lazy("console.commands.block", "Block all keys of a team in one action.", "off_board"),
    "cap": Lazy("console.commands.cap", "Every cap around a key; the provider's own limits."),
    "allocations": Lazy("console.commands.allocations", "The tree of allocations, the pool, and policies."),
    "top-up": Lazy("console.commands.top_up", "More credits for an allocation, from the pool.", "top_up"),
    "actions": Lazy("console.commands.actions", "What was changed, its effect, and when it undoes itself."),
    "approve": Lazy("console.commands.approve", "A second person's word on a change, here or elsewhere."),
    "release": Lazy("console.commands.release", "Undo an action, or all of an incident."),
    "withdraw": Lazy("console.commands.withdraw", "Take back what you signed and no agent has taken."),
    "renew": Lazy("console.commands.release", "Make an action last longer."),
    "amend": Lazy("console.commands.release", "Change your own request while it waits."),
    "incident": Lazy("console.commands.incident", "Incidents as a whole, how critical, and postmortems."),
    "runbook": Lazy("console.commands.runbook", "Runbooks: list, show, check, write, and run."),
    "handover": Lazy("console.commands.handover", "What the next on-call must know, on one page."),
    "changes": Lazy("console.commands.changes", "Releases and other changes around the burn."),
    "identity": Lazy("console.commands.identity", "Your key pair, and the people whom burndeck.toml knows."),
    "audit": Lazy("console.commands.audit", "Who did what, with proof; traffic past caps; keys; pitfalls."),
    "glossary": Lazy("console.commands.glossary", "What the words mean, such as credit, cap or runbook."),
}
"""Command -> (module, one line for the overview). A module's command carries the command's name."""


class Commands(LazyGroup):
    """All commands."""

    LAZY: ClassVar[Mapping[str, Lazy]] = COMMANDS

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Reads what stands before the command; mistakes in it are said in JSON too."""
        with _said_in_json(extra.get("obj")):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; what was typed wrong is said in JSON too, where JSON was asked for."""
        with _said_in_json(ctx.obj):
            return super().invoke(ctx)


@contextlib.contextmanager
def _said_in_json(form: object) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        if form == "json":
            from console.commands.common import print_json

            where = error.ctx.command_path if error.ctx else "burndeck"
            print_json({"error": error.format_message(), "hint": f"`{where} --help` shows how."})
        raise


@click.group(
    cls=Commands,
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
        burndeck.main(arguments, prog_name="burndeck", obj="json" if "--json" in arguments else None)
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
