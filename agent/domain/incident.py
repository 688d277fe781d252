"""Incidents: alerts that belong together, told and handled as one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incident:
    """What went wrong, first cause first. Amounts are nano-credits."""

    title: str  # what the gravest of its alerts says
    group: str  # what its alerts share: an allocation, a team or a key
    tier: str  # the gravest of its alerts so far
    cause: str  # of the alert that began it
    opened_at: int
    closed_at: int | None = None
    above_nano: int = 0  # burnt above what was expected, so far
    id: int | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of an incident's timeline."""

    incident: int
    at: int
    kind: str  # fired | raised | acknowledged | silenced | escalated | told | resolved | note | ...
    actor: str  # a person's name, or `agent`
    text: str
    alert: int | None = None
