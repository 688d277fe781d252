"""`burndeck alerts check`: what is wrong with the rules before they are needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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
    return tuple(sorted(_grouped(found), key=lambda each: (_ORDER.index(each.level), each.line or 0)))


def _grouped(found: Iterable[Finding]) -> list[Finding]:
    """What is wrong with several allocations in the same way, said once."""
    groups: dict[object, Finding] = {}
    for place, each in enumerate(found):
        # Two findings that are about no allocation are never the same one.
        kind = (each.level, each.what, each.fix) if each.allocations else place
        first = groups.get(kind)
        groups[kind] = (
            each if first is None else replace(first, allocations=(*first.allocations, *each.allocations))
        )
    return list(groups.values())
