"""What was done about an incident: actions, approvals, people, messages, and one timeline of it all. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from console import format as fmt
from console.screens.actions.rows import TONES, at_gateways, countdown, state_words
from console.screens.alerts.around import FAILED
from console.widgets.ink import Line, Span, Tone, spread, width_of, wrap

if TYPE_CHECKING:
    from agent.reports.action_report import ActionEntry
    from agent.reports.alert_report import TimelineLine
    from agent.reports.incident_actions import ActionTaken
    from agent.reports.incident_people import Hand
    from agent.reports.incident_view import Told

_LEAST = 24
"""Columns below which a title stands under its state."""


def actions(taken: Sequence[ActionTaken], now: float, width: int) -> Iterator[Line]:
    """Each action with its state and when it undoes itself; below, what became of the burn."""
    for each in taken:
        entry = each.entry
        start = [
            Span(f"{state_words(entry)}  ", TONES.get(entry.state, Tone.DIM)),
            Span(f"{entry.id}  ", Tone.DIM),
        ]
        ends = _ends(entry, now)
        room = width - width_of(start) - width_of(ends) - 2
        beside = room >= _LEAST
        titles = wrap(entry.named, room if beside else width - 2)
        yield spread([*start, Span(titles[0] if beside else "")], ends, width)
        yield from ([Span(f"  {line}")] for line in titles[1 if beside else 0 :])
        why = entry.effect or entry.why
        yield from ([Span(f"  {line}", Tone.DIM)] for line in wrap(why, width - 2))


def _ends(entry: ActionEntry, now: float) -> list[Span]:
    if entry.state == "standby" and entry.approve_by is not None:
        return [Span(f"lapses in {countdown(entry.approve_by - now)}", Tone.WARM)]
    if entry.unwritten:
        return []
    if entry.open and entry.expires_at is not None:
        return [Span(f"ends in {countdown(entry.expires_at - now)}", Tone.STRONG)]
    if entry.open:
        return [Span("until it is undone" if at_gateways(entry) else "until it is changed", Tone.DIM)]
    return [Span(f"over {fmt.moment(entry.ended_at or entry.requested_at, now)}", Tone.DIM)]


def approvals(taken: Sequence[ActionTaken], now: float, width: int) -> Iterator[Line]:
    """Whose word is missing, and every word that was given."""
    for each in taken:
        entry = each.entry
        if entry.waits_for:
            roles = " and ".join(" or ".join(names) for names in entry.waits_for)
            yield from (
                [Span(text, Tone.HOT)] for text in wrap(f"action {entry.id} waits for {roles}", width)
            )
        for word in each.approvals:
            said = "approved" if word.verdict == "approved" else "denied"
            note = f": {word.note}" if word.note else ""
            void = f" (counts no more: {word.void})" if word.void else ""
            text = f"action {entry.id} {said} by {word.person} for {word.role}, {fmt.moment(word.at, now)}"
            tone = Tone.DIM if word.void else Tone.COOL if said == "approved" else Tone.WARM
            yield from ([Span(line, tone)] for line in wrap(text + note + void, width))


def people(hands: Sequence[Hand], now: float, width: int) -> Iterator[Line]:
    """Who has it first; of each what they are and what they did."""
    for hand in hands:
        roles = f" ({', '.join(hand.roles)})" if hand.roles else ""
        holds = " holds it" if hand.holds else ""
        name = f"{hand.name}{roles}{holds}"
        first, *others = wrap(f"{name}: {', '.join(hand.did)}", width)
        cut = min(len(name), len(first))
        yield [Span(first[:cut], Tone.COOL if hand.holds else Tone.STRONG), Span(first[cut:])]
        yield from ([Span(f"  {line}")] for line in others)


def told(deliveries: Sequence[Told], width: int) -> Iterator[Line]:
    """How many were told, and each message that did not arrive."""
    if not deliveries:
        yield [Span("nobody outside", Tone.DIM)]
        return
    arrived = sum(each.message.state == "sent" for each in deliveries)
    yield [Span(f"{arrived} of {len(deliveries)} messages arrived", Tone.PLAIN)]
    for each in deliveries:
        message = each.message
        if message.state in FAILED:
            word, tone = FAILED[message.state]
            text = f"{word}  {message.channel} {message.target}: {message.error}".rstrip(": ")
            yield from ([Span(line, tone)] for line in wrap(text, width))


def timeline(lines: Sequence[TimelineLine], now: float, width: int) -> Iterator[Line]:
    """Everything that happened, the newest last."""
    for line in lines:
        who = "" if line.actor == "agent" else f" by {line.actor}"
        head = f"{fmt.moment(line.at, now)}  "
        said = f"{line.kind.replace('_', ' ')}{who}: {line.text}"
        for place, text in enumerate(wrap(said, max(20, width - len(head)))):
            yield [Span(head if place == 0 else " " * len(head), Tone.DIM), Span(text)]
