"""The tables of the Burn screen: teams and models, now against usual."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agent.reports.burn_report import BurnReport, BurnRow
from console import format as fmt
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row
from console.widgets.sparkline import sparkline

UNATTRIBUTED = "(unattributed)"
OUTSIDE = Decimal("0.25")
"""A change beyond a quarter is worth a colour; its sign says the same."""
SPARK_WIDTH = 12

COLUMNS = (
    Column("", 18, at_right=False, grow=True, most=34, downwards=False),
    Column("now", 7),
    Column("usual", 7, 2),
    Column("change", 8),
    Column("share", 6, 3),
    Column("last hour", SPARK_WIDTH, 5, at_right=False, sortable=False),
    Column("24 h", 7, 4),
    Column("req/min", 7, 6),
)
BY_NOW = Order(1)


def columns(name: str) -> tuple[Column, ...]:
    """The columns of the table of teams or models."""
    first, *rest = COLUMNS
    return (Column(name, first.width, at_right=False, grow=True, most=first.most, downwards=False), *rest)


def rows(burning: Sequence[BurnRow]) -> list[Row]:
    """Table rows of teams or models."""
    return [_row(row) for row in burning]


def tone_of_change(change: Decimal | None) -> Tone:
    """Hot above a quarter more than usual, cool below a quarter less."""
    if change is None:
        return Tone.DIM
    return Tone.HOT if change > OUTSIDE else Tone.COOL if change < -OUTSIDE else Tone.PLAIN


def _row(row: BurnRow) -> Row:
    points = [float(point) for point in row.sparkline]
    return Row(
        key=row.name,
        cells=(
            Cell(row.name or UNATTRIBUTED, row.name or "~", Tone.PLAIN if row.name else Tone.WARM),
            Cell(fmt.number(row.now.value), row.now.value, Tone.STRONG),
            Cell(fmt.number(row.usual.value), row.usual.value),
            Cell(_new_or_change(row), row.change, tone_of_change(row.change)),
            Cell(fmt.share(row.share), row.share),
            Cell(sparkline(points, SPARK_WIDTH), None, Tone.SPARK),
            Cell(fmt.number(row.day.value), row.day.value),
            Cell(fmt.number(row.requests), row.requests),
        ),
    )


def _new_or_change(row: BurnRow) -> str:
    if row.change is None and row.now.value and row.usual.value is not None:
        return "new"
    return fmt.change(row.change)


def title(name: str, report: BurnReport, count: int) -> list[Span]:
    """The heading of a table: what it lists, how many, in which unit, how far it can be trusted."""
    tag = report.burn.tag
    return [
        Span(name, Tone.STRONG),
        Span(f" {count}", Tone.DIM),
        Span("  credits/min" + (f", {tag}" if tag else ""), Tone.DIM),
    ]
