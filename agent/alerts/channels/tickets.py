"""What all trackers have in common: one ticket an episode, found again by a marker, updated and closed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from agent.alerts.channels.base import Message, Receipt
from agent.domain.notice import NoticeKind

_NEEDS_A_TICKET = frozenset(
    {NoticeKind.FIRED, NoticeKind.REPEATED, NoticeKind.ESCALATED, NoticeKind.UNMUTED, NoticeKind.DRILL}
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its tracker knows it."""

    id: str  # number or key, as its receipt
    open: bool


class Tracker(Protocol):
    """A place where tickets are kept. Every call may raise `DeliveryFailed`."""

    async def find(self, message: Message, marker: str) -> Ticket | None:
        """The ticket that carries the marker; `message.receipt` may already name it."""
        ...

    async def create(self, message: Message, marker: str) -> Ticket:
        """A new ticket that carries the marker."""
        ...

    async def comment(self, ticket: Ticket, message: Message) -> None:
        """Adds the message to a ticket, once however often it is sent."""
        ...

    async def set_open(self, ticket: Ticket, *, opened: bool) -> None:
        """Opens a ticket again, or closes it."""
        ...


def marker_of(dedup_key: str) -> str:
    """One word that stands for an episode, and that every tracker's search takes as one."""
    return f"burndeck-{hashlib.sha256(dedup_key.encode()).hexdigest()[:20]}"


def message_marker(notice_id: str) -> str:
    """One word that stands for a message, so that a repeated attempt does not say it twice."""
    return f"burndeck-message-{hashlib.sha256(notice_id.encode()).hexdigest()[:20]}"


async def keep(tracker: Tracker, message: Message) -> Receipt:
    """Brings the episode's ticket up to date with a message: made once, commented, closed at the end."""
    kind = message.notice.kind
    marker = marker_of(message.notice.dedup_key)
    ticket = await tracker.find(message, marker)
    if ticket is None:
        if kind not in _NEEDS_A_TICKET:
            return Receipt()
        ticket = await tracker.create(message, marker)
    else:
        await tracker.comment(ticket, message)
    # A drill's ticket is closed at once, so that nobody is left with it.
    wanted = not (kind.closes or kind is NoticeKind.DRILL)
    if ticket.open != wanted and (not wanted or kind in _NEEDS_A_TICKET):
        await tracker.set_open(ticket, opened=wanted)
    return Receipt(ticket.id)
