"""A provider's own limit behind a hard cap, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class BackstopLimit:
    """One limit at a gateway, that stands there or is to."""

    gateway: str
    target: str  # organization | team | project | key
    id: str
    alone: bool  # one project of several: no limit holds them together
    holds: str  # in the gateway's words, as it was last read; empty: nothing stands there
    note: str = ""  # why nothing stands there, or what is odd about what does


@dataclass(frozen=True, slots=True)
class Backstop:
    """What stands behind one hard cap when burndeck does not act."""

    allocation_id: str
    stands: bool  # at every place where it can
    credits: Decimal | None  # at which burndeck sets it; None: nowhere
    limits: tuple[BackstopLimit, ...]
    why: tuple[str, ...]  # why there is none, or none at some gateway
    sentence: str


Backed = Callable[..., Mapping[str, Backstop]]
"""Of a reader, the settings that hold now, the time and ids: what is behind these allocations' caps."""
