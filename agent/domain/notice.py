"""Notices: what is told to people and machines about an alert. Plain data that survives a restart as JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class NoticeKind(enum.StrEnum):
    """Why something is told."""

    FIRED = "fired"
    REPEATED = "repeated"  # still firing after the tier's repeat interval
    ESCALATED = "escalated"  # nobody acknowledged in time
    UNMUTED = "unmuted"  # what muted it has ended, and it still fires
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SILENCE_ENDED = "silence_ended"
    ACTION = "action"  # what becomes of a throttle, a block, a top-up, ...
    RUNBOOK = "runbook"  # a step of a runbook tells somebody
    DRILL = "drill"  # a test message; changes nothing

    @property
    def closes(self) -> bool:
        """Whether a ticket or page that it belongs to ends with it."""
        return self is NoticeKind.RESOLVED

    @property
    def follows(self) -> bool:
        """Whether it is for those who were told before, too."""
        return self in (NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message before anybody's format. Amounts are nano-credits, times epoch seconds.

    `id` is the idempotency key: every attempt to deliver this message carries the same one.
    """

    id: str
    kind: NoticeKind
    why: str  # why it was sent and to whom it matters, one sentence
    at: int
    rule: str
    tier: str
    severity: str  # info | warning | error | critical: the tier, softened where nothing productive burns
    state: str
    dedup_key: str  # allocation + tier + period, or fingerprint + start: the same for a whole episode
    summary: str
    alert: int | None = None
    incident: int | None = None
    scope_kind: str = ""
    scope: str = ""
    allocation_id: str = ""
    period: str = ""
    team: str = ""
    api_key: str = ""
    environment: str = ""
    cause: str = ""
    threshold: str = ""  # exact decimal
    current_nano: int = 0
    expected_nano: int = 0  # the month's credits of a budget, what is usual of a rate
    unit: str = "credits"  # or credits/min
    monthly_nano: int = 0  # of the allocation, or of the binding cap's where the alert has none
    layer: str = ""  # truth layer of the figures
    data_at: int = 0  # up to when the figures are complete
    binding_cap: str = ""  # the tightest cap above what burns
    runway_s: int | None = None  # seconds until it bites at the present burn
    action: Mapping[str, Any] = field(default_factory=dict)  # {"type": ..., "params": {...}}
    suggestions: tuple[
        Mapping[str, Any], ...
    ] = ()  # {"lever", "text", "low", "high"}: credits a month as text
    acknowledge_by: int | None = None
    acknowledge: str = ""  # the command that acknowledges
    next_command: str = ""  # the command to run first
    notify: tuple[str, ...] = ()  # every destination that is told, as `#channel`, address or channel name

    @property
    def drill(self) -> bool:
        """Whether it is only a test."""
        return self.kind is NoticeKind.DRILL
