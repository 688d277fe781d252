"""Everything that a step of kind `query` can ask. A new query is one function and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from agent.domain.run import Evidence
from agent.errors import BurndeckError
from agent.reports.named import REPORTS
from agent.runbooks.asking import Context, Given, Query


def _later(context: Context, given: Given) -> Evidence:
    raise BurndeckError("this query is not answered yet")


QUERIES: Mapping[str, Query] = {
    **{name: Query({}, help_, _later) for name, (_, help_) in REPORTS.items()},
    "top": Query({"by": False, "window": False, "scope": False}, "What burns most above usual.", _later),
    "owner": Query({"scope": True}, "Whose a scope is.", _later),
    "why": Query({"scope": False, "window": False}, "What drives the rise.", _later),
    "burn": Query({"scope": False}, "Burn now against usual, with the last hour.", _later),
    "caps": Query({"scope": True}, "Every cap around a scope, and the one that binds.", _later),
    "alert": Query({"alert": True}, "An alert and what its rule saw.", _later),
    "incident": Query({"incident": True}, "An incident with its alerts and its cost so far.", _later),
    "changes": Query({"scope": False, "before": False}, "What changed before the burn did.", _later),
    "actions": Query({"incident": False}, "Actions in force, and when they end.", _later),
    "what-if": Query(
        {"scope": True, "limit": True, "non-prod": False, "window": False},
        "What a throttle would have refused and saved.",
        _later,
    ),
    "calls": Query({"scope": False}, "Calls, errors and latency by endpoint, now against usual.", _later),
    "unit-cost": Query({"scope": False, "window": False}, "Credits a request by model.", _later),
    "keys": Query({"scope": False}, "Keys with their age, owner and labels.", _later),
    "sources": Query({}, "Every source, and how new its data is.", _later),
    "gaps": Query({"days": False}, "Stretches of time without data.", _later),
    "month": Query({"month": False}, "A month's spend by cost center.", _later),
    "budget": Query({}, "Every allocation against its month.", _later),
    "week": Query({}, "This week against the last, by team.", _later),
    "levers": Query({"scope": False}, "What would save credits.", _later),
    "proposals": Query({}, "Allocations that usage suggests.", _later),
    "pool": Query({"scope": True}, "Credits that a top-up may take.", _later),
    "coverage": Query({}, "Traffic that no cap counts.", _later),
    "labels": Query({}, "Keys without required labels.", _later),
    "pitfalls": Query({}, "Tags alone, aliases, dearer versions.", _later),
    "first-90-days": Query({}, "The seven items of the first 90 days.", _later),
}
"""Name -> query."""
