"""Where the figures come from and how alive that is: the status line of every screen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.domain.usage import Layer

DEMO_OVER = "the demo is over: begin another with burndeck demo"
"""What helps where the agent of a demo has died: nothing else starts it."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """The background agent as its heartbeat shows it."""

    state: str  # alive | late (no beat lately) | dead (killed) | over (so is a demo's) | stopped | never
    pid: int | None
    host: str
    version: str
    beat_age_s: int | None


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source as it reported itself."""

    name: str
    kind: str
    account: str
    state: str  # ok | waiting | failed | stopped
    message: str
    hint: str
    covered_to: int | None  # minutes before this instant are metered
    last_ok: int | None
    retry_at: int | None


@dataclass(frozen=True, slots=True)
class LayerShare:
    """How much of the last 24 h a truth layer stands for."""

    layer: Layer
    share: Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """A history that the agent has not read to its end yet: totals and forecasts will still grow."""

    days: int  # whole days known
    of_days: int


@dataclass(frozen=True, slots=True)
class Status:
    """The status line."""

    layers: tuple[LayerShare, ...]
    data_as_of: int | None  # end of the newest complete minute
    age_s: int | None
    agent: AgentState
    sources: tuple[SourceState, ...]
    reading: Reading | None = None  # None: the whole history is there, or no agent reads it
