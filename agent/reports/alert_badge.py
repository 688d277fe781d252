"""What fires and is told to people now: the badge that every screen carries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.alert import CRITICAL, TIERS, WARNING, tier_rank

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """One alert that fires, that nobody has acknowledged and that nothing mutes."""

    id: int
    tier: str
    team: str
    summary: str
    fired_at: int

    @property
    def urgent(self) -> bool:
        """Grave enough to be shown at once, wherever a person looks."""
        return tier_rank(self.tier) >= tier_rank(CRITICAL)


@dataclass(frozen=True, slots=True)
class AlertBadge:
    """What fires now, the gravest first."""

    firing: tuple[FiringAlert, ...]

    def counts(self) -> dict[str, int]:
        """How many fire by tier, the gravest first; tiers that burndeck.toml made up count as warnings."""
        found = Counter(alert.tier if alert.tier in TIERS else WARNING for alert in self.firing)
        return {tier: found[tier] for tier in reversed(TIERS) if found[tier]}


def alert_badge(reader: LedgerReader) -> AlertBadge:
    """What fires now; a look at a small index, so cheap that it is asked after every change."""
    firing = [
        FiringAlert(row["id"], row["tier"], row["team"], row["summary"], row["fired_at"] or row["started_at"])
        for row in reader.rows("alerts_firing")
    ]
    firing.sort(key=lambda alert: (-tier_rank(alert.tier), -alert.fired_at, alert.id))
    return AlertBadge(tuple(firing))
