"""Who has had a hand in an incident."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.domain.person import AGENT, UNVERIFIED, Person
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import TimelineLine
from agent.reports.incident_actions import ActionTaken


@dataclass(frozen=True, slots=True)
class Hand:
    """A person, what they are to the organization, and what they did."""

    name: str
    roles: tuple[str, ...]  # empty where burndeck.toml does not know them any more
    did: tuple[str, ...]  # "acknowledged", "asked for action 3", "approved action 3", in order
    holds: bool  # has taken the newest alert of it that still fires
    last_at: int


def hands(
    known: Iterable[Person],
    timeline: Sequence[TimelineLine],
    actions: Sequence[ActionTaken],
    holder: str,
) -> tuple[Hand, ...]:
    """Everybody whom an incident names but the agent; who has it first, then by what they did last."""
    roles = {person.name: tuple(role.value for role in person.roles) for person in known}
    did: dict[str, dict[str, int]] = {}
    for at, name, what in sorted(_deeds(timeline, actions)):
        if name not in ("", AGENT, UNVERIFIED):
            did.setdefault(name, {})[what] = at
    found = [
        Hand(name, roles.get(name, ()), tuple(deeds), name == holder, max(deeds.values()))
        for name, deeds in did.items()
    ]
    return tuple(sorted(found, key=lambda hand: (not hand.holds, -hand.last_at, hand.name)))


def holder_of(alerts: Iterable[AlertEntry]) -> str:
    """Who has taken the newest alert that still fires; empty where nobody has any."""
    taken = [entry for entry in alerts if entry.live and entry.acknowledged_by]
    newest = max(taken, key=lambda entry: (entry.acknowledged_at or 0, entry.id), default=None)
    return "" if newest is None else newest.acknowledged_by


def _deeds(
    timeline: Sequence[TimelineLine], actions: Sequence[ActionTaken]
) -> Iterable[tuple[int, str, str]]:
    for line in timeline:
        if line.kind not in _SAID_BY_ACTIONS:
            yield line.at, line.actor, line.kind.replace("_", " ")
    for taken in actions:
        entry = taken.entry
        yield entry.requested_at, entry.requested_by, f"asked for action {entry.id}"
        for said in taken.approvals:
            yield said.at, said.person, f"{said.verdict} action {entry.id}"
        if entry.ended_by and not any(said.verdict == "denied" for said in taken.approvals):
            yield entry.ended_at or entry.requested_at, entry.ended_by, f"ended action {entry.id}"


_SAID_BY_ACTIONS = frozenset({"requested", "approved", "declined", "released", "undone"})
"""Kinds of lines that the actions themselves tell, with their numbers."""
