"""The tree of allocations as rows, each below what it lies in, and the line of the pool. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from console import format as fmt
from console.screens.words import scope_words
from console.widgets.gauge import Notch, draw_gauge
from console.widgets.ink import Line, Span, Tone
from console.widgets.rows import Cell, Column, Order, Row
from console.widgets.table import READING

if TYPE_CHECKING:
    from agent.reports.allocation_tree import AllocationTree, PendingChange, TreeRow
    from agent.reports.burn_report import Budget

BAR = 12
COLUMNS = (
    Column("allocation", 22, at_right=False, grow=True, most=60, downwards=False),
    Column("use", BAR, at_right=False),
    Column("used", 6),
    Column("monthly", 8),
    Column("runway", 9, 1, downwards=False),
    Column("asked", 9, 2, at_right=False),
    Column("credits", 8, 5),
    Column("topped", 7, 4),
)
AS_A_TREE = Order(0, downwards=False)
NEW = "new:"
"""Begins the key of a row that is only asked for."""


_NONE = Cell(fmt.NOTHING, None, Tone.DIM)


def rows(tree: AllocationTree) -> list[Row]:
    """Every allocation in its place, then what is asked for and has none yet."""
    found = [_row(place, row) for place, row in enumerate(tree.rows)]
    return [*found, *(_new(len(found) + place, change) for place, change in enumerate(tree.new))]


def _row(place: int, row: TreeRow) -> Row:
    budget = row.budget
    tone = tone_of(budget)
    left = budget.hard_runway_s
    topped = row.topped_up.value
    return Row(
        key=budget.allocation_id,
        search=f"{budget.allocation_id} {budget.scope} {row.owner} {row.cost_center}",
        cells=(
            Cell(f"{'  ' * row.depth}{'▲ ' if row.forged else ''}{name(budget)}", place, _forged_tone(row)),
            Cell(bar(budget, BAR), budget.share, tone if tone is not Tone.PLAIN else Tone.FILL),
            Cell(f"{sign(budget)}{fmt.share(budget.share)}", budget.share, tone),
            Cell(fmt.number(budget.monthly.value), budget.monthly.value, Tone.STRONG),
            Cell(runway(budget), left, Tone.DIM if left is None else Tone.PLAIN),
            Cell(asked(row.pending), len(row.pending) or None, Tone.HOT),
            Cell(fmt.number(budget.used.value), budget.used.value),
            Cell(f"+{fmt.number(topped)}", topped, Tone.WARM) if topped else _NONE,
        ),
    )


def _forged_tone(row: TreeRow) -> Tone:
    return Tone.HOT if row.forged else Tone.PLAIN


def _new(place: int, change: PendingChange) -> Row:
    return Row(
        key=f"{NEW}{change.action}",
        search=change.text,
        cells=(
            Cell(f"+ {change.text}", place, Tone.HOT),
            *(_NONE,) * 4,
            Cell("? new", 1, Tone.HOT),
            *(_NONE,) * 2,
        ),
    )


def name(budget: Budget) -> str:
    """What an allocation is for: `team search`."""
    return scope_words(budget.scope)


def sign(budget: Budget) -> str:
    """Says without colour that a cap is passed."""
    return {"hard": "■ ", "soft": "! "}.get(budget.state, "")


def tone_of(budget: Budget) -> Tone:
    """Hot over the hard cap, warm over the soft one."""
    return {"hard": Tone.HOT, "soft": Tone.WARM}.get(budget.state, Tone.PLAIN)


def bar(budget: Budget, width: int) -> str:
    """What is used of the month, with the soft and the hard cap."""
    return "".join(span.text for span in gauge(budget, width))


def gauge(budget: Budget, width: int) -> list[Span]:
    """The same in tones."""
    full = max(Decimal(1), budget.hard_cap, budget.share)
    notches = (
        Notch(float(budget.soft_cap), "┊", Tone.WARM),
        Notch(float(budget.hard_cap), "┃", Tone.HOT),
    )
    return draw_gauge(float(budget.share), float(full), width, notches, hot=budget.state == "hard")


def runway(budget: Budget) -> str:
    """Time until the hard cap at the present burn, or why there is none."""
    if budget.state == "hard":
        return "reached"
    if budget.hard_runway_s is None:
        return "lasts" if budget.burn.value else "no burn"
    return fmt.span(budget.hard_runway_s)


def asked(pending: Sequence[PendingChange]) -> str:
    """What is asked for, in few cells."""
    if not pending:
        return ""
    words = {"top_up": "top-up", "allocate": "change"}
    first = words.get(pending[0].kind, pending[0].kind)
    return f"? {first}" if len(pending) == 1 else f"? {len(pending)} wait"


def draw_pool(tree: AllocationTree | None, width: int) -> Line:
    """What the organization has left to give; before all, that a change of it cannot be believed."""
    if tree is None:
        return [Span(f" {READING}", Tone.DIM)]
    if tree.forged:
        more = f" (and {len(tree.forged) - 1} more)" if len(tree.forged) > 1 else ""
        return [Span(f" ▲ {tree.forged[0]}{more}", Tone.HOT)]
    if tree.pool is None:
        return [Span(" no credit pool: the organization has no allocation", Tone.WARM)]
    return list(_pool(tree))


def _pool(tree: AllocationTree) -> Iterator[Span]:
    pool = tree.pool
    assert pool is not None
    left = pool.available.value or Decimal(0)
    yield Span(" pool ", Tone.DIM)
    yield Span(f"{'▲ ' if left < 0 else ''}{fmt.number(left)}", Tone.HOT if left < 0 else Tone.STRONG)
    yield Span(f" of {fmt.number(pool.size.value)} credits to give", Tone.DIM)
    yield Span(f"  ·  held {fmt.number(pool.held.value)}", Tone.DIM)
    if pool.topped_up.value:
        yield Span(f"  ·  topped up {fmt.number(pool.topped_up.value)}", Tone.WARM)
    waiting = sum(len(row.pending) for row in tree.rows) + len(tree.new)
    if waiting:
        yield Span(f"  ·  ? {waiting} asked for", Tone.HOT)


def title(tree: AllocationTree) -> list[Span]:
    """The heading of the table."""
    return [
        Span("Allocations", Tone.STRONG),
        Span(f" {len(tree.rows)}", Tone.DIM),
        Span("  credits a month; ┊ soft cap, ┃ hard cap", Tone.DIM),
    ]
