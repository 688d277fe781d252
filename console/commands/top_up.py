"""`burndeck top-up`: more credits for an allocation, until its period ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.acting import How, act, acting_options, no
from console.commands.common import reader_for
from console.commands.credits import Credits

if TYPE_CHECKING:
    from agent.domain.allocation import Allocation
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck top-up org-1234-team-search --credits 5000 --incident 3 --reason "prod at its hard cap"
  burndeck top-up org-1234-team-search --credits 500 --incident 3 --break-glass --reason "nobody answers"
"""


@click.command("top-up", epilog=_EPILOG)
@click.argument("allocation")
@click.option("--credits", "nano", type=Credits(), required=True, help="How many.")
@click.option(
    "--break-glass",
    is_flag=True,
    help="One person, at once, from the emergency buffer: loud, and it owes a postmortem.",
)
@acting_options
def top_up(how: How, allocation: str, nano: int, break_glass: bool) -> None:
    """Give an ALLOCATION more credits from the pool, until the month ends.

    ALLOCATION is its id, or its scope such as team:search. It takes the approvals that the allocation names,
    finance and engineering unless it says otherwise.
    """
    from agent.domain.action import ActionKind, ActionSpec

    found = allocation_of(how.settings, allocation, how.now)
    act(
        how,
        ActionSpec(ActionKind.TOP_UP, found.scope, amount_nano=nano, drill=how.drill, emergency=break_glass),
    )


def allocation_of(settings: Settings, named: str, now: float) -> Allocation:
    """The allocation of an id or a scope, as it is in force now; `BurndeckError` naming those there are."""
    found = in_force(settings, now)
    for each in found:
        if named in (each.id, str(each.scope)):
            return each
    known = ", ".join(each.id for each in found) or "none"
    raise no(f"there is no allocation {named}", hint=f"Known: {known}.")


def in_force(settings: Settings, now: float) -> tuple[Allocation, ...]:
    """The allocations in force, changes among them."""
    from agent.allocations import settings_now

    with reader_for(settings) as reader:
        return settings_now(settings, reader.action_store(), now).allocations
