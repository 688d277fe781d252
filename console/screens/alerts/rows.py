"""The lists of the Alerts screen: active, acknowledged, muted, history; worst first."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from agent.domain.alert import tier_rank
from agent.reports.alert_board import AlertBoard
from agent.reports.alert_list import AlertEntry
from console import format as fmt
from console.screens.alerts.brief import brief
from console.screens.words import TIER_TONES, tier_sign, tier_words
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row

SOON_S = 300  # a deadline that near is worth a colour


class Listed(enum.StrEnum):
    """Which alerts are listed; the values are the words on the screen."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"
    HISTORY = "history"

    def of(self, board: AlertBoard) -> tuple[AlertEntry, ...]:
        """The alerts of a list."""
        found: tuple[AlertEntry, ...] = getattr(board, self.value)
        return found

    def turned(self, by: int) -> Listed:
        """The next or the previous list, round and round."""
        order = list(Listed)
        return order[(order.index(self) + by) % len(order)]


EMPTY = {
    Listed.ACTIVE: "nothing fires that nobody has taken",
    Listed.ACKNOWLEDGED: "nobody has taken an alert that still fires",
    Listed.MUTED: "no silence and no graver alert mutes anything",
    Listed.HISTORY: "no alert has ended in the last 30 days",
}

_LAST = {
    Listed.ACTIVE: Column("ack", 9, at_right=False),
    Listed.ACKNOWLEDGED: Column("taken by", 12, at_right=False, grow=True, most=20),
    Listed.MUTED: Column("muted by", 12, at_right=False, grow=True, most=30),
    Listed.HISTORY: Column("ended", 12, at_right=False),
}


def columns(listed: Listed) -> tuple[Column, ...]:
    """The columns of a list."""
    return (
        Column("tier", 10, at_right=False),
        Column("what", 26, at_right=False, grow=True, most=110, downwards=False),
        Column("team", 10, 5, at_right=False, downwards=False),
        Column("state", 8, 7, at_right=False, downwards=False),
        Column("since", 5),
        Column("now", 6, 1),
        Column("usual", 6, 4),
        Column("above", 6, 3),
        _LAST[listed],
    )


def order(listed: Listed) -> Order:
    """The worst first; of what is over, the newest."""
    return Order(8) if listed is Listed.HISTORY else Order(0)


def rows(entries: Sequence[AlertEntry], listed: Listed, now: float) -> list[Row]:
    """Table rows of alerts, with ages and deadlines as of now."""
    return [_row(entry, listed, now) for entry in entries]


def _row(entry: AlertEntry, listed: Listed, now: float) -> Row:
    began = entry.fired_at or entry.started_at
    pending = entry.state == "pending"
    tone = Tone.DIM if pending or listed is Listed.HISTORY else TIER_TONES.get(entry.tier, Tone.PLAIN)
    gravity = (not pending, tier_rank(entry.tier), began)
    plain = Tone.DIM if pending else Tone.PLAIN
    return Row(
        key=str(entry.id),
        search=f"{entry.rule} {entry.scope} {entry.allocation_id} {entry.cause} {entry.summary}",
        cells=(
            Cell(f"{tier_sign(entry.tier)} {tier_words(entry.tier)}", gravity, tone),
            Cell(entry.summary, entry.summary, plain, prose=True, brief=brief(entry)),
            Cell(entry.team or fmt.NOTHING, entry.team or "~", plain),
            Cell(entry.state, entry.state, plain),
            Cell(fmt.age(now - began), now - began, Tone.DIM),
            Cell(fmt.number(entry.current), entry.current, Tone.STRONG),
            Cell(fmt.number(entry.expected), entry.expected),
            Cell(fmt.number(entry.above) if entry.above else fmt.NOTHING, entry.above or None),
            _last(entry, listed, now),
        ),
    )


def _last(entry: AlertEntry, listed: Listed, now: float) -> Cell:
    if listed is Listed.ACTIVE:
        return deadline(entry, now)
    if listed is Listed.ACKNOWLEDGED:
        return Cell(entry.acknowledged_by, entry.acknowledged_by, Tone.COOL)
    if listed is Listed.MUTED:
        words = muted_words(entry)
        return Cell(words, words, Tone.DIM)
    return Cell(fmt.moment(entry.resolved_at or 0, now), entry.resolved_at, Tone.DIM)


def deadline(entry: AlertEntry, now: float) -> Cell:
    """Until when somebody has to take it: a countdown, or that the time is up."""
    if entry.state == "pending":
        return Cell("pending", None, Tone.DIM)
    if entry.escalated_at is not None:
        return Cell("escalated", now - entry.escalated_at, Tone.HOT)
    if entry.acknowledge_by is None:
        return Cell(fmt.NOTHING, None, Tone.DIM)
    left = entry.acknowledge_by - now
    if left <= 0:
        return Cell("overdue", -left, Tone.HOT)
    return Cell(f"in {fmt.age(left)}", -left, Tone.WARM if left < SOON_S else Tone.PLAIN)


def muted_words(entry: AlertEntry) -> str:
    """What mutes it: `silence 3`, `alert 17`."""
    return entry.muted_by.replace(":", " ")


def title(listed: Listed, board: AlertBoard) -> list[Span]:
    """The heading of the table: what is listed and how many."""
    return [
        Span(listed.value.capitalize(), Tone.STRONG),
        Span(f" {len(listed.of(board))}", Tone.DIM),
        Span("  burn in credits/min, of budgets in credits", Tone.DIM),
    ]
