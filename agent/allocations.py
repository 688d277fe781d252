"""Allocations as they hold at a moment: burndeck.toml with the changes and the burn that the ledger keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.analytics.month import month_of
from agent.domain.allocations import carry_on, in_force
from agent.domain.pool import Hierarchy, Within
from agent.ledger.lineage import Belonging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.domain.allocation import Allocation, Scope
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.allocation_changes import AllocationChangeStore
    from agent.ledger.rule_store import RuleStore
    from agent.settings import Settings


def settings_now(settings: Settings, actions: AllocationChangeStore, now: float) -> Settings:
    """The settings with the allocations that hold at `now`, which may lie in the past.

    Whatever judges or shows caps asks this first. Doing it twice is doing it once.
    """
    found = _in_force(settings, actions, now)
    if any(each.rollover for each in (*settings.configured_allocations, *found)):
        found = _carrying(settings, actions, found, now)
    return settings.with_allocations(found)


def _in_force(settings: Settings, actions: AllocationChangeStore, at: float) -> tuple[Allocation, ...]:
    zone = settings.organization.time_zone
    return in_force(settings.configured_allocations, actions.allocation_changes(int(at)), at, zone)


def _carrying(
    settings: Settings, actions: AllocationChangeStore, found: tuple[Allocation, ...], now: float
) -> tuple[Allocation, ...]:
    """The allocations with what was left of last month, where all of that month is known."""
    zone = settings.organization.time_zone
    end = month_of(int(now), zone).start
    start = month_of(end - 1, zone).start
    since = actions.burn.known_since()
    if since is None or since > start:
        return found
    before = [each for each in _in_force(settings, actions, end - 1) if each.rollover]
    return carry_on(found, before, _burnt(actions.burn, {each.scope for each in before}, start, end))


def _burnt(rules: RuleStore, scopes: set[Scope], start: int, end: int) -> Mapping[Scope, int]:
    series = rules.series(scopes)
    burnt = rules.burnt(set(series.values()), start, end, days=True)
    return {scope: burnt[series[scope]] if scope in series else 0 for scope in scopes}


def within(alerts: AlertStore) -> Within:
    """Which scope lies in which, by where keys burn now; contexts are read when it is first asked."""
    return Belonging(lambda: [whose for _, whose in sorted(alerts.contexts().items())]).within


def hierarchy(settings: Settings, alerts: AlertStore) -> Hierarchy:
    """The allocations of settings (see `settings_now`), each below what lies around it."""
    return Hierarchy(settings.allocations, within(alerts))
