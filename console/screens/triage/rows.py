"""The table of Triage: a dimension's rows, now against usual, and each one's share of the rise."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agent.ledger.kinds import Kind
from agent.reports.triage_report import TriageReport, TriageRow
from console import format as fmt
from console.screens.triage.drill import PLURALS, WORDS
from console.screens.words import UNATTRIBUTED, tone_of_change
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row

BY_RISE = Order(3)
NEW = Decimal("Infinity")
"""The change of what was not there before."""


def columns(kind: Kind) -> tuple[Column, ...]:
    """The columns of the table of a dimension."""
    return (
        Column(WORDS[kind], 18, at_right=False, grow=True, most=44, downwards=False),
        Column("now", 6),
        Column("usual", 6, 2),
        Column("rise", 7),
        Column("change", 7, 1),
        Column("of rise", 7, 3),
        Column("req/min", 7, 4),
        Column("usual req", 9, 5),
    )


def rows(table: Sequence[TriageRow]) -> list[Row]:
    """Table rows of a dimension."""
    return [_row(row) for row in table]


def _row(row: TriageRow) -> Row:
    if row.change is None and row.now.value:
        change, tone = "new", tone_of_change(NEW, row.share_of_rise)
    else:
        change = fmt.change(row.change)
        tone = tone_of_change(row.change, row.share_of_rise) if row.rise else Tone.PLAIN
    name = row.label or row.value
    return Row(
        key=row.value,
        search=row.value,
        cells=(
            Cell(name or UNATTRIBUTED, name or "~", Tone.PLAIN if name else Tone.WARM),
            Cell(("≈" if row.estimated else "") + fmt.number(row.now.value), row.now.value, Tone.STRONG),
            Cell(fmt.number(row.usual.value), row.usual.value),
            Cell(fmt.signed(row.rise), row.rise, tone),
            Cell(change, row.change, tone),
            Cell(fmt.share(row.share_of_rise), row.share_of_rise),
            Cell(fmt.number(row.requests), row.requests),
            Cell(fmt.number(row.requests_usual), row.requests_usual),
        ),
    )


def title(kind: Kind, report: TriageReport, count: int) -> list[Span]:
    """The heading of the table."""
    tag = f", {report.burn.tag}" if report.burn.tag else ""
    return [
        Span(PLURALS[kind], Tone.STRONG),
        Span(f" {count}", Tone.DIM),
        Span(f"  credits/min{tag}", Tone.DIM),
    ]
