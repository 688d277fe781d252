"""The tables of the Burn screen: teams and models, now against usual."""

from __future__ import annotations

from collections.abc import Sequence

from agent.reports.burn_report import BurnReport, BurnRow
from console import format as fmt
from console.screens.words import UNATTRIBUTED, tone_of_change
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row

COLUMNS = (
    Column("", 18, at_right=False, grow=True, most=34, downwards=False),
    Column("now", 7),
    Column("usual", 7, 2),
    Column("change", 8),
    Column("last hour", 9, 3, at_right=False, grow=True, most=30, sortable=False),
    Column("share", 6, 4),
    Column("24 h", 7, 5),
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


def _row(row: BurnRow) -> Row:
    points = tuple(None if point is None else float(point) for point in row.sparkline)
    return Row(
        key=row.name,
        cells=(
            Cell(row.name or UNATTRIBUTED, row.name or "~", Tone.PLAIN if row.name else Tone.WARM),
            Cell(fmt.number(row.now.value), row.now.value, Tone.STRONG),
            Cell(fmt.number(row.usual.value), row.usual.value),
            Cell(_new_or_change(row), row.change, tone_of_change(row.change, row.share)),
            Cell("", None, Tone.SPARK, points),
            Cell(fmt.share(row.share), row.share),
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
