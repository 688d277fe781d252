"""`burndeck runbook take|assign|close`: who holds a run, and its early end."""

from __future__ import annotations

import click

from console.commands.common import settings_for
from console.commands.intents import reason_option
from console.commands.runs import carry_out, moving, the_run


@click.command("take", epilog="Example: burndeck runbook take 3")
@moving
def take(config: str | None, db: str | None, as_json: bool, ident: int, wait: float) -> None:
    """Take a RUN over from whoever holds it."""
    _hold(config, db, as_json, ident, wait, "", "taken")


@click.command("assign", epilog="Example: burndeck runbook assign 3 ben")
@moving
@click.argument("person")
def assign(config: str | None, db: str | None, as_json: bool, ident: int, wait: float, person: str) -> None:
    """Hand a RUN that you hold to PERSON, by the name in burndeck.toml."""
    _hold(config, db, as_json, ident, wait, person.strip(), f"handed to {person.strip()}")


@click.command("close", epilog='Example: burndeck runbook close 3 --reason "a false alarm"')
@moving
@reason_option("Why it ends early; everybody sees it.")
def close(config: str | None, db: str | None, as_json: bool, ident: int, wait: float, reason: str) -> None:
    """End a RUN before its end. What it has done stays as it is: `roll-back` undoes it first."""
    from agent.runbooks.asks import close_of

    settings = settings_for(config, db)
    ask = close_of(the_run(settings, ident).run, reason)
    carry_out(settings, ident, [ask], done="closed", wait_s=wait, as_json=as_json)


def _hold(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, holder: str, done: str
) -> None:
    from agent.runbooks.asks import hold_of

    settings = settings_for(config, db)
    ask = hold_of(the_run(settings, ident).run, holder)
    carry_out(settings, ident, [ask], done=done, wait_s=wait, as_json=as_json)
