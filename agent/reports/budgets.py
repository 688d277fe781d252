"""Allocations against their caps, and which cap bites first at the present burn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.analytics.runway import Cap, binding
from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.money import to_credits
from agent.domain.words import duration
from agent.ledger.kinds import SCOPE_KINDS, Kind
from agent.reports.burn_report import Budget, Runway
from agent.reports.figure import Figure
from agent.reports.layers import Truth

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class Burning:
    """What budgets are judged by: the month so far, and the burn now."""

    used: Callable[[Kind], Mapping[int, int]]  # nano-credits of the month by id
    burn: Callable[[Kind], Mapping[int, int]]  # nano-credits of the measured stretch by id
    burn_s: int  # how long the measured stretch is
    used_truth: Truth
    burn_truth: Truth
    month_end: int
    at: int


def budgets(
    reader: LedgerReader, allocations: Iterable[Allocation], burning: Burning
) -> tuple[tuple[Budget, ...], Runway | None]:
    """Every allocation, the organization's first and then by the share used; and the binding cap."""
    rows, caps = [], []
    for allocation in allocations:
        used, burn = _amounts(reader, allocation, burning)
        soft, hard = _caps(allocation, used, burn * 3600 // burning.burn_s)
        caps.append(hard)
        rows.append(_budget(allocation, burning, used, burn, soft, hard))
    rows.sort(key=lambda row: (row.scope != ScopeKind.ORGANIZATION.value, -row.share, row.allocation_id))
    return tuple(rows), _runway(binding(caps), burning)


def _amounts(reader: LedgerReader, allocation: Allocation, burning: Burning) -> tuple[int, int]:
    """Nano-credits used this month and burnt in the measured stretch, in the scope of an allocation."""
    kind = SCOPE_KINDS[allocation.scope.kind]
    if kind is Kind.TOTAL:
        ident = 0
    else:
        rows = reader.rows("dim_ids", {"kind": int(kind), "names": [allocation.scope.value]})
        if not rows:
            return 0, 0
        ident = rows[0]["id"]
    return burning.used(kind).get(ident, 0), burning.burn(kind).get(ident, 0)


def _caps(allocation: Allocation, used: int, burn_per_hour: int) -> tuple[Cap, Cap]:
    soft = Cap(allocation.id, "soft", allocation.soft_cap_nano, used, burn_per_hour)
    hard = Cap(allocation.id, "hard", allocation.hard_cap_nano, used, burn_per_hour)
    return soft, hard


def _budget(allocation: Allocation, burning: Burning, used: int, burn: int, soft: Cap, hard: Cap) -> Budget:
    return Budget(
        allocation_id=allocation.id,
        scope=str(allocation.scope),
        monthly=Figure(to_credits(allocation.monthly_nano), "credits"),
        used=burning.used_truth.credits(used),
        share=(Decimal(used) / allocation.monthly_nano).quantize(Decimal("0.000001")),
        soft_cap=allocation.soft_cap,
        hard_cap=allocation.hard_cap,
        state="hard" if hard.over else "soft" if soft.over else "ok",
        burn=burning.burn_truth.rate(burn, burning.burn_s),
        burn_s=burning.burn_s,
        soft_runway_s=_this_month(soft, burning),
        hard_runway_s=_this_month(hard, burning),
    )


def _this_month(cap: Cap, burning: Burning) -> int | None:
    """Seconds until a cap is reached; None where the month ends first, with which allocations begin anew."""
    seconds = cap.seconds
    return None if seconds and burning.at + seconds >= burning.month_end else seconds


def _runway(cap: Cap | None, burning: Burning) -> Runway | None:
    if cap is None:
        return None
    seconds = _this_month(cap, burning)
    return Runway(
        allocation_id=cap.allocation_id,
        cap=cap.name,
        over=cap.over,
        seconds=seconds,
        at=None if seconds is None else burning.at + seconds,
        sentence=_sentence(cap, seconds),
    )


def _sentence(cap: Cap, seconds: int | None) -> str:
    if cap.over:
        return f"{cap.allocation_id} is over its {cap.name} cap"
    if cap.seconds is None:
        return f"nothing burns towards the {cap.name} cap of {cap.allocation_id}"
    if seconds is None:
        return f"no {cap.name} cap is reached this month at this burn; {cap.allocation_id} is nearest"
    return f"{cap.allocation_id} reaches its {cap.name} cap in {duration(seconds)}"
