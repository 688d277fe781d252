"""`burndeck allocations`: who may burn how much of what, what is left of the pool, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import click

from console.commands.backstop_text import all_option, backstop_lines
from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import amount, percent, table, terminal_width, when
from console.commands.times import Instant
from console.lazy import Lazy, LazyGroup

if TYPE_CHECKING:
    from agent.reports.allocation_tree import AllocationTree, PendingChange, TreeRow

_EPILOG = """\b
Examples:
  burndeck allocations
  burndeck allocations --json | jq .pool.available.value
  burndeck allocations show org-1234-bg-payments
  burndeck allocations propose org-1234-bg-payments --monthly 12000 --reason "more traffic since May"
"""


class _Allocations(LazyGroup):
    LAZY: ClassVar[Mapping[str, Lazy]] = {
        "show": Lazy("console.commands.allocations_show", "One allocation as a policy of ten lines."),
        "propose": Lazy(
            "console.commands.allocations_propose", "Make, change or retire one, with approvals."
        ),
        "levels": Lazy("console.commands.allocations_show", "The levels, who answers, what is done there."),
    }


@click.group("allocations", cls=_Allocations, invoke_without_command=True, epilog=_EPILOG)
@common_options
@click.option("--at", type=Instant(), help="As of this time (UTC) instead of now.")
@all_option
@click.pass_context
def allocations(
    ctx: click.Context, config: str | None, db: str | None, as_json: bool, at: float | None, whole: bool
) -> None:
    """The tree of allocations with use, caps, runway and changes that wait for approval.

    Exit code 1 while a hard cap is reached.
    """
    if ctx.invoked_subcommand is not None:
        return
    from agent.control.backstops import backstops
    from agent.reports.allocation_tree import allocation_tree

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        tree = allocation_tree(reader, settings, settings.clock().now(), at=at, backed=backstops)
    if as_json:
        print_json(tree)
    else:
        click.echo(render(tree, whole=whole))
    ctx.exit(1 if any(row.budget.state == "hard" for row in tree.rows) else 0)


def render(tree: AllocationTree, *, whole: bool = False) -> str:
    """The tree as text for a terminal."""
    if not tree.rows and not tree.new:
        return "no allocations: `burndeck init` shows [[allocations]] tables"
    parts = [_pool(tree)]
    if tree.rows:
        columns = ("allocation", "used", "monthly", "share", "soft", "hard", "added", "runway", "owner")
        rows = [_row(row) for row in tree.rows]
        parts.append(table(columns, rows, right=(1, 2, 3, 4, 5, 6), most=terminal_width()))
    if behind := [row.backstop for row in tree.rows if row.backstop is not None]:
        parts.append(backstop_lines(behind, whole=whole))
    parts.append("\n".join(tree.forged))
    parts.append(_pending(tree))
    return "\n\n".join(part for part in parts if part)


def _pool(tree: AllocationTree) -> str:
    pool = tree.pool
    if pool is None:
        return f"{when(tree.at)}   no credit pool: the organization has no allocation"
    topped = f", top-ups took {amount(pool.topped_up.value)}" if pool.topped_up.value else ""
    return (
        f"{when(tree.at)}   pool of {pool.allocation_id}: {amount(pool.available.value)} of "
        f"{amount(pool.size.value)} credits available; {amount(pool.held.value)} allocated{topped}"
    )


def _row(row: TreeRow) -> tuple[str, ...]:
    from agent.domain.words import duration

    budget = row.budget
    tag = f" [{budget.used.tag}]" if budget.used.tag else ""
    runway = {"hard": "hard cap reached", "soft": "soft cap reached"}.get(budget.state, "")
    if budget.state != "hard" and budget.hard_runway_s is not None:
        runway = duration(budget.hard_runway_s)
    return (
        "  " * row.depth + budget.allocation_id,
        f"{amount(budget.used.value)}{tag}",
        amount(budget.monthly.value),
        percent(budget.share),
        percent(budget.soft_cap),
        percent(budget.hard_cap),
        _added(row),
        runway,
        row.owner,
    )


def _added(row: TreeRow) -> str:
    topped, carried = row.topped_up.value, row.carried_on.value
    parts = [
        f"{amount(topped)} topped up" if topped else "",
        f"{amount(carried)} carried on" if carried else "",
    ]
    return ", ".join(part for part in parts if part)


def _pending(tree: AllocationTree) -> str:
    changes = [change for row in tree.rows for change in row.pending]
    return "\n".join(_change(change) for change in (*changes, *tree.new))


def _change(change: PendingChange) -> str:
    text = f"PENDING action {change.action}: {change.text}, asked for by {change.asked_by}: {change.reason}"
    roles = " and ".join(" or ".join(each) for each in change.needs)
    return f"{text}; waits for {roles}" if roles else text
