"""`burndeck allocations show` and `levels`: one policy, and the table of levels."""

from __future__ import annotations

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import table


@click.command("show", epilog="Example: burndeck allocations show org-1234-bg-payments")
@common_options
@click.argument("ident", metavar="ID")
def show(config: str | None, db: str | None, as_json: bool, ident: str) -> None:
    """The allocation ID as an allocation policy of ten lines, as it holds now."""
    from agent.allocations import settings_now
    from agent.domain.policy_text import parse, render
    from agent.errors import ConfigError
    from agent.reports.allocation_tree import not_ours

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        now = settings.clock().now()
        actions = reader.action_store()
        settings = settings_now(settings, actions, now)
        forged = [not_ours(each) for each in actions.forged_changes(int(now)) if each.of(ident)]
    found = next((each for each in settings.allocations if each.id == ident), None)
    if found is None:
        known = ", ".join(each.id for each in settings.allocations) or "none"
        raise ConfigError(f"there is no allocation {ident!r}", hint=f"Known: {known}")
    try:
        text = render(found)
    except ValueError as error:
        raise ConfigError(f"{ident}: {error}", hint="A policy has one line a field.") from None
    if as_json:
        print_json({"policy": text, "fields": parse(text), "allocation": found, "forged": forged})
    else:
        click.echo(text, nl=False)
        for line in forged:
            click.echo(line)


@click.command("levels", epilog="Example: burndeck allocations levels --json")
@common_options
def levels(config: str | None, db: str | None, as_json: bool) -> None:
    """The levels of the hierarchy: who answers for each, and what is done at its caps."""
    from agent.domain.levels import LEVELS

    if as_json:
        print_json({"levels": LEVELS})
        return
    rows = [(each.name, each.owner, each.control, each.policies, each.enforcement) for each in LEVELS]
    click.echo(table(("level", "owner", "control", "policies", "enforcement"), rows))
