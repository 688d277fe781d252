"""Allocations as they hold at a moment: burndeck.toml with the changes that the ledger keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.allocations import in_force
from agent.domain.pool import Hierarchy, Within
from agent.ledger.lineage import Belonging

if TYPE_CHECKING:
    from agent.ledger.action_store import ActionStore
    from agent.ledger.alert_store import AlertStore
    from agent.settings import Settings


def settings_now(settings: Settings, actions: ActionStore, now: float) -> Settings:
    """The settings with the allocations that hold at `now`, which may lie in the past.

    Whatever judges or shows caps asks this first. Doing it twice is doing it once.
    """
    zone = settings.organization.time_zone
    changes = actions.allocation_changes(int(now))
    return settings.with_allocations(in_force(settings.configured_allocations, changes, now, zone))


def within(alerts: AlertStore) -> Within:
    """Which scope lies in which, by where keys burn now; contexts are read when it is first asked."""
    return Belonging(lambda: [whose for _, whose in sorted(alerts.contexts().items())]).within


def hierarchy(settings: Settings, alerts: AlertStore) -> Hierarchy:
    """The allocations of settings (see `settings_now`), each below what lies around it."""
    return Hierarchy(settings.allocations, within(alerts))
