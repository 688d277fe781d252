"""What the agent would change by itself: done at once where policy says so, else put to a person."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.action import ActionSpec


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change that the ledger and the settings call for. Never two for the same thing."""

    spec: ActionSpec
    reason: str
    automatic: bool  # carried out without a person's go
    incident: int | None = None
    alert: int | None = None
    renew: int | None = None  # the id of an action that is to last longer; nothing new is done
    release: int | None = None  # the id of an action that has lost its reason
