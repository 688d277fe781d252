"""The lists of the Actions screen: in force, waiting for approval, history. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.reports.action_report import NOT_WRITTEN
from console import format as fmt
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row

if TYPE_CHECKING:
    from agent.control.queued import Queued
    from agent.reports.action_report import ActionEntry

INTENT = "intent:"
"""Begins the key of a row that waits for the agent."""
SOON_S = 300  # an end that near is worth a colour

SIGNS = {
    "standby": "?",
    "pending": "…",
    "executing": "…",
    "accepted": "⊘",
    "confirmed": "⊘",
    "failed": "▲",
    "reversing": "…",
    "reversed": "✓",
    "expired": "✓",
    "declined": "–",
}
TONES = {
    "standby": Tone.HOT,
    "pending": Tone.WARM,
    "executing": Tone.WARM,
    "accepted": Tone.WARM,
    "confirmed": Tone.COOL,
    "failed": Tone.HOT,
    "reversing": Tone.WARM,
}
_UNWRITTEN = "unwritten"  # where a cell has no room for more; the next one says it in full
WORDS = {"standby": "waits", "accepted": "accepted", "confirmed": "confirmed"}


class Part(enum.StrEnum):
    """Which actions are listed; the values are the words on the screen."""

    IN_FORCE = "in force"
    WAITING = "waiting"
    HISTORY = "history"

    def of(self, entries: Sequence[ActionEntry]) -> list[ActionEntry]:
        """The actions of a list."""
        return [entry for entry in entries if part_of(entry) is self]

    def turned(self, by: int) -> Part:
        """The next or the previous list, round and round."""
        order = list(Part)
        return order[(order.index(self) + by) % len(order)]


def part_of(entry: ActionEntry) -> Part:
    """The list that an action is in."""
    if not entry.open:
        return Part.HISTORY
    return Part.WAITING if entry.state == "standby" else Part.IN_FORCE


def undone(before: Sequence[ActionEntry], now: Sequence[ActionEntry]) -> str:
    """Which actions were in force or being undone before and are undone now; empty where none."""
    held = {entry.id for entry in before if part_of(entry) is Part.IN_FORCE}
    found = [entry for entry in now if entry.id in held and entry.state == "reversed"]
    return " ".join(
        f"Action {entry.id} is undone"
        + (f" at {fmt.clock(entry.ended_at)}." if entry.ended_at is not None else ".")
        for entry in found
    )


EMPTY = {
    Part.IN_FORCE: "nothing is throttled, blocked or capped: t, b and c on Triage act on a row",
    Part.WAITING: "nothing waits for approval or for the agent",
    Part.HISTORY: "nothing was done in the last 30 days",
}

_MIDDLE = {
    Part.IN_FORCE: Column("effect", 20, 4, at_right=False, grow=True, most=60),
    Part.WAITING: Column("waits for", 23, at_right=False, grow=True, most=44),
    Part.HISTORY: Column("effect", 20, 4, at_right=False, grow=True, most=60),
}
_LAST = {
    Part.IN_FORCE: Column("ends in", 8, downwards=False),
    Part.WAITING: Column("left", 10, downwards=False),
    Part.HISTORY: Column("ended", 12, at_right=False),
}


def columns(part: Part) -> tuple[Column, ...]:
    """The columns of a list."""
    state, what = (7, 20) if part is Part.WAITING else (11, 28)
    return (
        Column("state", state, at_right=False),
        Column("what", what, at_right=False, grow=True, most=70, downwards=False),
        Column("by", 8, 3, at_right=False, downwards=False),
        Column("since", 5, 1),
        _MIDDLE[part],
        _LAST[part],
    )


def order(part: Part) -> Order:
    """What ends first, first; of what is over, the newest."""
    return Order(5) if part is Part.HISTORY else Order(5, downwards=False)


def queued_rows(queued: Sequence[Queued], now: float) -> list[Row]:
    """Table rows of what was signed and no agent has taken: they stand in the list of what waits."""
    return [_queued_row(each, now) for each in queued]


def _queued_row(each: Queued, now: float) -> Row:
    state = "– void" if each.withdrawn else "… asked"
    tone = Tone.DIM if each.withdrawn else Tone.WARM
    waits = "the agent, to drop it" if each.withdrawn else "the agent"
    left = each.expires_at - now
    return Row(
        key=f"{INTENT}{each.id}",
        search=f"{each.id} {each.title} {each.reason} {each.person} {each.kind.value}",
        cells=(
            Cell(state, state, tone),
            Cell(each.title, each.title, Tone.DIM if each.withdrawn else Tone.PLAIN, prose=True),
            Cell(each.person, each.person, Tone.DIM),
            Cell(fmt.age(now - each.made_at), now - each.made_at, Tone.DIM),
            Cell(waits, waits, tone, prose=True),
            Cell(countdown(left), _as_shown(left), Tone.WARM if left < SOON_S else Tone.PLAIN),
        ),
    )


def row(entry: ActionEntry, part: Part, now: float) -> Row:
    """The table row of an action in a list, with countdowns as of now."""
    over = part is Part.HISTORY
    began = entry.begun_at or entry.requested_at
    what = entry.named + (f"; {entry.failed} of {entry.targets} targets failed" if entry.failed else "")
    return Row(
        key=str(entry.id),
        search=f"{entry.id} {entry.scope} {entry.reason} {entry.requested_by} {entry.kind}",
        cells=(
            Cell(
                _state_cell(entry),
                entry.state,
                Tone.HOT if entry.foreign else TONES.get(entry.state, Tone.DIM),
            ),
            Cell(what, what, Tone.DIM if over else Tone.PLAIN, prose=True),
            Cell(entry.requested_by, entry.requested_by, Tone.DIM),
            Cell(fmt.age(now - began), now - began, Tone.DIM),
            Cell(middle(entry, part), middle(entry, part) or None, _tone_of_effect(entry), prose=True),
            _last(entry, part, now),
        ),
    )


def written(entries: Sequence[ActionEntry]) -> list[ActionEntry]:
    """Those of a list that a gateway has taken some of, or is not asked for: only these hold anything."""
    return [entry for entry in entries if not entry.unwritten]


def _state_cell(entry: ActionEntry) -> str:
    short = entry.unwritten and not entry.foreign
    return f"{SIGNS['executing']} {_UNWRITTEN}" if short else state_words(entry)


def state_words(entry: ActionEntry) -> str:
    """The sign and the word of a state."""
    if entry.foreign:
        return "▲ unproved"
    if entry.unwritten:
        return f"{SIGNS['executing']} {NOT_WRITTEN}"
    drill = "drill " if entry.drill else ""
    if entry.state == "accepted" and not at_gateways(entry):
        return f"+ {drill}in force"
    words = WORDS | {"expired": "over", "standby": ""} if entry.drill else WORDS
    return f"{SIGNS.get(entry.state, '·')} {drill}{words.get(entry.state, entry.state)}".rstrip()


def middle(entry: ActionEntry, part: Part) -> str:
    """Whom it waits for, what became of the burn, or why it is over."""
    if entry.foreign:
        return entry.warning
    if part is Part.WAITING:
        waits = " and ".join(" or ".join(roles) for roles in entry.waits_for)
        given = ", ".join(line.person for line in entry.given)
        return f"{waits} ({given} said yes)" if given else waits
    if entry.unwritten:
        return entry.not_written
    if entry.effect:
        return entry.effect
    if part is Part.HISTORY:
        return entry.why
    if entry.state != "accepted":
        return ""
    return "accepted, not confirmed yet" if at_gateways(entry) else "in force"


def at_gateways(entry: ActionEntry) -> bool:
    """Whether traffic can confirm it; allocations hold as soon as they are written down."""
    return entry.kind not in ("top_up", "allocate")


def _tone_of_effect(entry: ActionEntry) -> Tone:
    if entry.foreign:
        return Tone.HOT
    bad = "no effect" in entry.effect or entry.state == "failed" or entry.unwritten
    return Tone.WARM if bad else Tone.PLAIN


def _last(entry: ActionEntry, part: Part, now: float) -> Cell:
    if part is Part.HISTORY:
        return Cell(fmt.moment(entry.ended_at or entry.requested_at, now), entry.ended_at, Tone.DIM)
    end = entry.approve_by if part is Part.WAITING else entry.expires_at
    if end is None or entry.state == "reversing" or entry.unwritten:
        return Cell(fmt.NOTHING, None, Tone.DIM)
    left = end - now
    return Cell(countdown(left), _as_shown(left), Tone.WARM if left < SOON_S else Tone.PLAIN)


def _as_shown(left: float) -> int:
    """What looks alike is sorted alike: beyond the last hour, minutes."""
    return int(left) if left < 3_600 else int(left) // 60 * 60


def countdown(seconds: float) -> str:
    """What is left, to the second in the last hour: 59:12, 0:07, 3 h 10 min."""
    left = int(seconds)
    if left <= 0:
        return "now"
    return f"{left // 60}:{left % 60:02}" if left < 3_600 else fmt.span(left)


def title(part: Part, count: int, unwritten: int = 0) -> list[Span]:
    """The heading of the table; `unwritten` are listed beside those that are counted."""
    found = [Span(part.value.capitalize(), Tone.STRONG), Span(f" {count}", Tone.DIM)]
    return [*found, Span(f", {unwritten} {NOT_WRITTEN}", Tone.WARM)] if unwritten else found
