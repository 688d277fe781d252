"""What people are told of acting: the process hands it to whatever delivers messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.action import Action
from agent.domain.incident import TimelineEntry
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that people should know of an action."""

    kind: str  # requested | approved | declined | accepted | failed | no_effect | drifted | undone | ...
    action: Action
    text: str  # one sentence
    actor: str = AGENT
    recipients: tuple[str, ...] = ()  # parts that routes know; nobody: the timeline and the audit log alone
    informed: tuple[str, ...] = ()  # parts that are told as well, of whom nothing is asked
    page: str = ""  # what the message says, where it says more than the timeline
    loud: bool = False  # on every channel there is
    next_command: str = ""


Tell = Callable[["LedgerWriter", Occasion, int], None]
"""Tells within the writer's transaction."""


def nobody(writer: LedgerWriter, occasion: Occasion, now: int) -> None:
    """Where nobody is to be told."""


def record(writer: LedgerWriter, occasion: Occasion, now: int, tell: Tell) -> None:
    """Writes an occasion into the audit log and the incident's timeline, and has it told."""
    action = occasion.action
    detail = {"text": occasion.text, "state": action.state.value, "kind": action.spec.kind.value}
    if action.spec.drill:
        detail["drill"] = "yes"
    writer.control.audit(now, occasion.actor, f"action.{occasion.kind}", f"action:{action.id}", detail)
    if action.incident is not None:
        text = f"{'drill: ' if action.spec.drill else ''}action {action.id}: {occasion.text}"
        entry = TimelineEntry(action.incident, now, occasion.kind, occasion.actor, text, action.alert)
        writer.incidents.add_timeline([entry])
    tell(writer, occasion, now)
