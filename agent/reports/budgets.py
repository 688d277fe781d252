"""Allocations against their caps, and which cap is reached first at the present burn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.analytics.runway import AT_THIS_BURN, BURN_S, Cap, binding
from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.money import to_credits
from agent.reports.burn_report import Budget, Runway
from agent.reports.figure import Figure
from agent.reports.layers import Truth
from agent.runways import Standing

__all__ = ["AT_THIS_BURN", "Burning", "binding_of", "budgets"]


@dataclass(frozen=True, slots=True)
class Burning:
    """What budgets are judged by: how allocations stand, and how far that can be trusted."""

    standings: Mapping[str, Standing]  # by id of the allocation
    used_truth: Truth
    burn_truth: Truth


def budgets(allocations: Iterable[Allocation], burning: Burning) -> tuple[tuple[Budget, ...], Runway | None]:
    """Every allocation, the organization's first and then by the share used; and the binding cap."""
    mine = [burning.standings[each.id] for each in allocations]
    rows = [_budget(each, burning) for each in mine]
    rows.sort(key=lambda row: (row.scope != ScopeKind.ORGANIZATION.value, -row.share, row.allocation_id))
    return tuple(rows), _runway(binding(each.hard for each in mine))


def binding_of(allocations: Iterable[Allocation], burning: Burning) -> str:
    """The id of the allocation whose hard cap is reached first; empty without any."""
    cap = binding(burning.standings[each.id].hard for each in allocations)
    return "" if cap is None else cap.allocation_id


def _budget(standing: Standing, burning: Burning) -> Budget:
    allocation, soft, hard = standing.allocation, standing.soft, standing.hard
    return Budget(
        allocation_id=allocation.id,
        scope=str(allocation.scope),
        monthly=Figure(to_credits(allocation.monthly_nano), "credits"),
        used=burning.used_truth.credits(standing.used_nano),
        share=(Decimal(standing.used_nano) / allocation.monthly_nano).quantize(Decimal("0.000001")),
        soft_cap=allocation.soft_cap,
        hard_cap=allocation.hard_cap,
        state="hard" if hard.over else "soft" if soft.over else "ok",
        burn=burning.burn_truth.rate(standing.burnt_nano, BURN_S),
        burn_s=BURN_S,
        soft_runway_s=soft.seconds,
        hard_runway_s=hard.seconds,
    )


def _runway(cap: Cap | None) -> Runway | None:
    if cap is None:
        return None
    return Runway(
        allocation_id=cap.allocation_id,
        cap=cap.name,
        over=cap.over,
        seconds=cap.seconds,
        at=cap.bites_at,
        sentence=cap.sentence,
    )
