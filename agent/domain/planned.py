"""Planned activity: burn that people knew of beforehand, so that it is neither a spike nor what is usual."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Planned:
    """A stretch `[start, end)` in which a scope was expected to burn otherwise than usual. Epoch seconds."""

    scope_kind: str  # organization | billing_group | department | team | project | model | api_key
    scope: str
    start: int
    end: int
    author: str = ""
    reason: str = ""
    id: int | None = None
