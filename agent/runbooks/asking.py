"""What a step of a runbook may ask: named queries and conditions, each with its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.run import Evidence, Run

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

Given = Mapping[str, str]
"""Parameters as a step gives them, with everything filled in. Empty text is the same as none."""


@dataclass(frozen=True, slots=True)
class Context:
    """Of what is asked: a ledger, its settings, the clock, and the run that asks."""

    reader: LedgerReader
    settings: Settings
    now: float
    run: Run | None = None
    since: float = 0.0  # when the agent that asks began: what happened before it may not be read yet


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition is met; the evidence's sentence says what is so and why."""

    met: bool
    evidence: Evidence
    never: bool = False  # and waiting for it is in vain


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the ledger. `ask` raises `ConfigError` naming a parameter with a bad value."""

    parameters: Mapping[str, bool]  # name -> whether it must be given
    help: str
    ask: Callable[[Context, Given], Evidence]
    columns: tuple[str, ...] = ()  # all that an answer may have; empty: it is not known before


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is so or is not. `test` raises `ConfigError` naming a parameter with a bad value."""

    parameters: Mapping[str, bool]  # name -> whether it must be given
    help: str
    test: Callable[[Context, Given], Verdict]
