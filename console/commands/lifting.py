"""What `burndeck release` is about to lift, and the question whether it is meant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from console.commands.acting import no
from console.commands.common import reader_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.reports.actions import ActionEntry
    from agent.settings import Settings

_MOST = 10


def asks(*, yes: bool, as_json: bool) -> bool:
    """Whether somebody is there to be asked: a script is not, and goes on as it always did."""
    return not yes and not as_json and sys.stdin.isatty()


def ask(settings: Settings, idents: Sequence[int]) -> None:
    """Shows what an undo lifts, and asks; `BurndeckError` where it is not meant."""
    from agent.domain.words import plural

    lines = [_lines(settings, ident) for ident in idents[:_MOST]]
    for line in (each for found in lines for each in found):
        click.echo(line)
    if len(idents) > _MOST:
        click.echo(f"and {len(idents) - _MOST} more")
    shown = any(lines)
    if shown and not click.confirm(f"undo {'it' if len(idents) == 1 else plural(len(idents), 'action')}?"):
        raise no("nothing was sent")


def _lines(settings: Settings, ident: int) -> list[str]:
    """One action: what, who set it and how, and what comes back; nothing of what is over or unknown."""
    from agent.domain.words import duration
    from agent.reports.actions import action_entry

    now = settings.clock().now()
    with reader_for(settings) as reader:
        entry = action_entry(reader, ident, now)
        action = reader.action_store().action(ident)
    if entry is None or action is None or not entry.open:
        return []
    ago = duration(max(0, int(now) - entry.requested_at))
    return [
        f"action {ident}: {entry.named_fully}, {entry.state}, asked for by {entry.requested_by} {ago} ago",
        f"  {_back(entry, action.preview)}",
    ]


def _back(entry: ActionEntry, seen: Mapping[str, Any]) -> str:
    """What is there again afterwards, by what was known when it was asked for."""
    if entry.state == "standby":
        return "It waits for approvals: it is withdrawn, and those that were given count no more."
    share = Decimal(str(seen.get("production_share", "0")))
    where = (
        f"production, {share * 100:.0f} % of the burn that it bears on"
        if entry.production
        else "no production"
    )
    returns = f", up to {entry.saved:,.1f} credits/min of burn comes back" if entry.saved else ""
    return f"It holds {where}; what was there before is restored{returns}."
