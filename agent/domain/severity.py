"""How grave an alert is for people, and what its amounts are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.domain.alert import CRITICAL, HARD_CAP, INFO, AlertRule

PRODUCTION = ("", "prod", "production")
"""Environments that count as productive; what nobody named may be."""

_SEVERITIES = ("info", "warning", "error", "critical")
_OF_TIER = {INFO: "info", CRITICAL: "error", HARD_CAP: "critical"}
_OF_A_PERIOD = frozenset(
    {AlertRule.BUDGET, AlertRule.LAST_MONTH, AlertRule.DAY_FORECAST, AlertRule.DRIFT, AlertRule.SILENT_DATA}
)


def severity(rule: AlertRule, tier: str, environment: str) -> str:
    """The tier as a severity, a step milder where nothing productive burns.

    The tier of a burn spike is milder there already.
    """
    place = _SEVERITIES.index(_OF_TIER.get(tier, "warning"))
    if environment not in PRODUCTION and rule is not AlertRule.BURN_SPIKE:
        place = max(place - 1, 0)
    return _SEVERITIES[place]


def unit_of(rule: AlertRule, evidence: Mapping[str, Any]) -> str:
    """What the amounts of an alert are: `credits` of a period, or `credits/min`."""
    named = evidence.get("unit")
    if named:
        return str(named)
    return "credits" if rule in _OF_A_PERIOD else "credits/min"
