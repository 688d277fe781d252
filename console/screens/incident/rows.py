"""The lists of the Incident screen: open and closed. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.domain.alert import tier_rank
from console import format as fmt
from console.screens.words import TIER_TONES, scope_words, tier_sign, tier_words
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row

if TYPE_CHECKING:
    from agent.reports.incident_board import IncidentRow


class Stage(enum.StrEnum):
    """Which incidents are listed; the values are the words on the screen."""

    OPEN = "open"
    CLOSED = "closed"

    def of(self, rows: Sequence[IncidentRow]) -> list[IncidentRow]:
        """The incidents of a list."""
        return [row for row in rows if (row.entry.closed_at is None) is (self is Stage.OPEN)]

    @property
    def other(self) -> Stage:
        """The list that is not this one."""
        return Stage.CLOSED if self is Stage.OPEN else Stage.OPEN


EMPTY = {
    Stage.OPEN: "no incident is open",
    Stage.CLOSED: "no incident was closed in the last 30 days",
}
_WHO = {
    Stage.OPEN: Column("held by", 8, 2, at_right=False, most=16),
    Stage.CLOSED: Column("closed", 12, 2, at_right=False),
}


def columns(stage: Stage) -> tuple[Column, ...]:
    """The columns of a list."""
    return (
        Column("tier", 10, at_right=False),
        Column("what", 26, at_right=False, grow=True, most=110, downwards=False),
        Column("of", 12, 4, at_right=False, downwards=False),
        Column("since", 5),
        Column("above", 6, 1),
        Column("alerts", 6, 5),
        _WHO[stage],
    )


def order(stage: Stage) -> Order:
    """The gravest first; of what is over, the newest."""
    return Order(6) if stage is Stage.CLOSED else Order(0)


def rows(found: Sequence[IncidentRow], stage: Stage, now: float) -> list[Row]:
    """Table rows of incidents, with ages as of now."""
    return [_row(row, stage, now) for row in stage.of(found)]


def _row(row: IncidentRow, stage: Stage, now: float) -> Row:
    entry = row.entry
    over = stage is Stage.CLOSED
    tone = Tone.DIM if over else TIER_TONES.get(entry.tier, Tone.PLAIN)
    gravity = (tier_rank(entry.tier), entry.opened_at)
    above = row.above.value
    return Row(
        key=str(entry.id),
        search=f"{entry.id} {entry.group} {entry.cause} {entry.title} {row.holder}",
        cells=(
            Cell(f"{tier_sign(entry.tier)} {tier_words(entry.tier)}", gravity, tone),
            Cell(entry.title, entry.title, Tone.DIM if over else Tone.PLAIN, prose=True),
            Cell(scope_words(entry.group), entry.group, Tone.DIM),
            Cell(fmt.age(now - entry.opened_at), now - entry.opened_at, Tone.DIM),
            Cell(fmt.number(above) if above else fmt.NOTHING, above or None, Tone.STRONG),
            Cell(str(entry.alerts), entry.alerts, Tone.DIM),
            _last(row, stage, now),
        ),
    )


def _last(row: IncidentRow, stage: Stage, now: float) -> Cell:
    if stage is Stage.CLOSED:
        return Cell(fmt.moment(row.entry.closed_at or 0, now), row.entry.closed_at, Tone.DIM)
    return Cell(row.holder, row.holder, Tone.COOL) if row.holder else Cell("nobody", "", Tone.HOT)


def title(stage: Stage, count: int) -> list[Span]:
    """The heading of the table."""
    return [
        Span(f"Incidents, {stage.value}", Tone.STRONG),
        Span(f" {count}", Tone.DIM),
        Span("  credits above what is expected", Tone.DIM),
    ]
