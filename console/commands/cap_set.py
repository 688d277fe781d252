"""`burndeck cap set`: the provider's own limit of what a month may cost."""

from __future__ import annotations

import click

from console.commands.acting import How, act, acting_options
from console.commands.credits import Credits
from console.commands.scopes import Reach, ReachType, reach_of


@click.command(
    "set",
    epilog='Example: burndeck cap set project:proj_search --credits 20000 --reason "backstop of November"',
)
@click.argument("scope", type=ReachType(), required=False)
@click.option("--scope", "option", type=ReachType(), help="The same as SCOPE, for scripts.")
@click.option("--credits", "nano", type=Credits(), required=True, help="Credits a month.")
@click.option("--gateway", default="", help="Only at this gateway.")
@acting_options
def set_(how: How, scope: Reach | None, option: Reach | None, nano: int, gateway: str) -> None:
    """Have the gateway itself stop SCOPE at so many credits a month.

    A first cap, a higher one and one that bears on production take the approval of finance and of
    engineering. `burndeck cap explain` says which caps there are.
    """
    from agent.domain.action import ActionKind, ActionSpec

    where = reach_of(how.settings, scope, option)
    if where.non_prod:
        raise click.UsageError("a cap counts all of its scope: it cannot spare production.")
    act(how, ActionSpec(ActionKind.CAP, where.scope, amount_nano=nano, gateway=gateway, drill=how.drill))
