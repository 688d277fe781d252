"""`burndeck cap explain`: every level around a key, its caps, and the one that binds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.backstop_text import backstop_lines
from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import amount, percent, table, when
from console.commands.times import Instant

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.cap_explain import CapExplain
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck cap explain key_search
  burndeck cap explain "search backend" --json | jq -r .binding
"""


@click.command("explain", epilog=_EPILOG)
@common_options
@click.argument("key")
@click.option("--at", type=Instant(), help="As of this time (UTC) instead of now.")
def explain(config: str | None, db: str | None, as_json: bool, key: str, at: float | None) -> None:
    """Which caps bear on KEY (an id or a name), and which of them binds.

    The one that binds is the one that is reached first at the present burn; where none is this month, the
    one of which least is left. Of each it says whether a limit of the provider's own stands behind it, at
    which amount, or why none does. Exit code 1 where a hard cap or the credits of the day are reached.
    """
    from agent.control.backstops import backstops
    from agent.control.words import gateway_words
    from agent.reports.cap_explain import cap_explain

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        now, words = settings.clock().now(), gateway_words(settings)
        ident = _the_key(reader, settings, key)
        found = cap_explain(reader, settings, ident, now, at=at, words=words, backed=backstops)
    if as_json:
        print_json(found)
    else:
        click.echo(render(found))
    over = any(level.budget is not None and level.budget.state == "hard" for level in found.levels)
    click.get_current_context().exit(1 if over or (found.day and found.day.over) else 0)


def _the_key(reader: LedgerReader, settings: Settings, text: str) -> str:
    from agent.errors import ConfigError
    from agent.reports.cap_explain import find_keys
    from agent.reports.find_scope import meant_key

    found = find_keys(reader, text)
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"{len(found)} keys are called {text!r}", hint=f"Say which: {', '.join(found)}")
    raise ConfigError(
        f"no key {text!r} has ever burnt, and no gateway serves one{meant_key(reader, settings, text)}",
        hint="`burndeck triage --by key` lists what burns.",
    )


def render(found: CapExplain) -> str:
    """The explanation as text for a terminal."""
    name = f" ({found.name})" if found.name not in ("", found.key) else ""
    where = f", {found.environment}" if found.environment else ""
    parts = [f"{found.key}{name}{where}   {when(found.at)}\n{found.sentence}", _levels(found)]
    if found.first is not None:
        parts.append(f"runway: {found.first.in_full}")
    if found.day is not None:
        over = ": used up" if found.day.over else ""
        tag = f" [{found.day.used.tag}]" if found.day.used.tag else ""
        limit, used = amount(found.day.limit.value), amount(found.day.used.value)
        parts.append(f"today: {used} of {limit} credits{tag}{over}")
    if found.backstops:
        parts.append(backstop_lines(found.backstops))
    parts.append(_native(found))
    return "\n\n".join(part for part in parts if part)


def _levels(found: CapExplain) -> str:
    rows = []
    for level in found.levels:
        budget, name = level.budget, f"{level.kind}:{level.value}" if level.value else level.kind
        if budget is None or level.left is None:
            rows.append((name, "-", "", "", "", "", "no cap here"))
            continue
        tag = f" [{budget.used.tag}]" if budget.used.tag else ""
        rows.append(
            (
                name,
                budget.allocation_id,
                f"{amount(budget.used.value)}{tag}",
                amount(budget.monthly.value),
                percent(budget.hard_cap),
                amount(level.left.value),
                "binds" if level.binds else budget.state,
            )
        )
    columns = ("level", "allocation", "used", "monthly", "hard cap", "left", "")
    return table(columns, rows, right=(2, 3, 4, 5))


def _native(found: CapExplain) -> str:
    if not found.native:
        return ""
    rows = [
        (each.gateway, f"{each.target} {each.id}", each.words, when(each.seen_at)) for each in found.native
    ]
    return "limits at gateways\n" + table(("gateway", "of", "holds", "read at"), rows)
