"""`burndeck alerts check`: what is wrong with the rules before they are needed."""

from __future__ import annotations

from agent.alerts.lint.caps import check_caps
from agent.alerts.lint.finding import Case, Finding, Level, Past
from agent.alerts.lint.floors import check_floors
from agent.alerts.lint.hierarchy import check_hierarchy
from agent.alerts.lint.routes import check_routes
from agent.alerts.lint.tiers import check_tiers

__all__ = ["Case", "Finding", "Level", "Past", "lint"]

CHECKS = (check_caps, check_tiers, check_routes, check_hierarchy, check_floors)
_ORDER = tuple(Level)


def lint(case: Case) -> tuple[Finding, ...]:
    """Everything found, the worst first and then in the order of the file."""
    found = [finding for check in CHECKS for finding in check(case)]
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.level), each.line or 0)))
