"""Everything that a step of kind `query` can ask. A new query is one function and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from agent.reports.named import REPORTS
from agent.runbooks.asked import (
    burning,
    calling,
    capped,
    fed,
    known,
    months,
    ninety,
    proposed,
    saving,
    spikes,
    told,
    tried,
    weeks,
)
from agent.runbooks.asking import Query

QUERIES: Mapping[str, Query] = {
    **{name: Query({}, help_, fed.named(name, help_)) for name, (_, help_) in REPORTS.items()},
    "top": Query(
        {"by": False, "window": False, "scope": False},
        "What burns most above usual.",
        spikes.top,
        spikes.ANY_TOP,
    ),
    "owner": Query({"scope": True}, "Whose a scope is.", known.owner, known.ANY_OWNER),
    "why": Query({"scope": False, "window": False}, "What drives the rise.", spikes.why),
    "burn": Query({"scope": False}, "Burn now against usual, with the last hour.", burning.burn),
    "caps": Query({"scope": True}, "Every cap around a scope, and the one that binds.", capped.caps),
    "alert": Query({"alert": True}, "An alert and what its rule saw.", told.alert),
    "incident": Query({"incident": True}, "An incident with its alerts and its cost so far.", told.incident),
    "changes": Query({"scope": False, "before": False}, "What changed before the burn did.", told.changes),
    "actions": Query({"incident": False}, "Actions in force, and when they end.", told.actions),
    "what-if": Query(
        {"scope": True, "limit": False, "non-prod": False, "window": False},
        "What a throttle would have refused and saved; without a limit, one to what is usual.",
        tried.what_if,
        tried.WHAT_IF_COLUMNS,
    ),
    "calls": Query(
        {"scope": False}, "Calls, errors and latency by endpoint, now against usual.", calling.calls
    ),
    "unit-cost": Query(
        {"scope": False, "window": False},
        "Credits a request by model.",
        calling.unit_cost,
        calling.UNIT_COLUMNS,
    ),
    "keys": Query({"scope": False}, "Keys with their age, owner and labels.", known.keys, known.KEY_COLUMNS),
    "sources": Query({}, "Every source, and how new its data is.", fed.sources),
    "gaps": Query({"days": False}, "Stretches of time without data.", fed.gaps),
    "month": Query({"month": False}, "A month's spend by cost center.", months.month, months.MONTH_COLUMNS),
    "budget": Query({}, "Every allocation against its month.", capped.budget, capped.BUDGET_COLUMNS),
    "week": Query({}, "This week against the last, by team.", weeks.week),
    "levers": Query({"scope": False}, "What would save credits.", saving.levers),
    "proposals": Query({}, "Allocations that usage suggests.", proposed.proposals, proposed.PROPOSAL_COLUMNS),
    "pool": Query({"scope": True}, "Credits that a top-up may take.", capped.pool),
    "coverage": Query({}, "Traffic that no cap counts.", known.coverage),
    "labels": Query({}, "Keys without required labels.", known.labels),
    "pitfalls": Query({}, "Tags alone, aliases, dearer versions.", known.pitfalls),
    "first-90-days": Query({}, "The seven items of the first 90 days.", ninety.first_90_days),
}
"""Name -> query."""
