"""What the agent would change by itself: done at once where policy says so, else put to a person."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
    production: bool = False  # policy lets it bear on production without a person's go
    only: frozenset[str] = frozenset()  # keys of the scope that it is for; empty: all of them
    covered: bool = False  # a raised amount that people have agreed to already
    waits: Decimal | None = (
        None  # it may wait for a later look, the less of a cap is used the longer; None: not
    )
    tells: str = ""  # nothing is done: people are told the reason once, by this kind of audit record
    hint: str = ""  # what they could do
