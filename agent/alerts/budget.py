"""Budget tiers: the month's burn of an allocation against shares of it, in exact decimals. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agent.alerts.month import Month
from agent.domain.alert import Alert, AlertRule, Signal
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.money import to_credits

EASED = Decimal("0.97")
"""An open tier ends below this part of its threshold: a correction to and fro does not end and open it."""


@dataclass(frozen=True, slots=True)
class BudgetTier:
    """A named share of an allocation."""

    name: str
    at: Decimal


def budget_signals(
    allocations: Sequence[Allocation],
    tiers: Sequence[BudgetTier],
    burnt: Mapping[Scope, int],
    month: Month,
    past: Sequence[Alert] = (),
) -> tuple[Signal, ...]:
    """The highest tier that each allocation has reached; `burnt` is the month's nano-credits by scope.

    Lower tiers that are reached as well begin nothing of their own (`breach` is False), but go on; so does
    one that is open and not far below its threshold (see `EASED`). A new month ends all of them at once, and
    so does a top-up that helps: see `_names`. `past` are the month's alerts so far: a tier with one of its
    own was not skipped.
    """
    found = []
    alerted = {alert.signal.fingerprint for alert in past}
    going_on = {alert.signal.fingerprint for alert in past if alert.open}
    by_allocation: dict[str, list[Alert]] = {}
    for alert in past:
        by_allocation.setdefault(alert.signal.allocation_id, []).append(alert)
    for allocation in allocations:
        used = burnt.get(allocation.scope, 0)
        reached = [tier for tier in tiers if used >= tier.at * allocation.monthly_nano]
        names = _names(allocation, tiers, reached, month, by_allocation.get(allocation.id, ()))
        for count in range(len(reached), 0, -1):
            signal = _signal(allocation, reached[:count], used, month, names, alerted)
            found.append(signal if count == len(reached) else replace(signal, breach=False))
        for tier in tiers:
            eased = used < tier.at * EASED * allocation.monthly_nano
            if tier not in reached and not eased and names[tier.name] in going_on:
                signal = _signal(allocation, [*reached, tier], used, month, names, alerted)
                found.append(replace(signal, breach=False))
    return tuple(found)


def _names(
    allocation: Allocation,
    tiers: Sequence[BudgetTier],
    reached: Sequence[BudgetTier],
    month: Month,
    past: Sequence[Alert],
) -> dict[str, str]:
    """The fingerprint of each tier of an allocation, by the tier's name.

    Another amount moves the thresholds and so makes new alerts: people are told anew, and blocks are asked
    for anew. Not so where it leaves the gravest open tier reached: nothing has changed then, and what is
    open goes on with all that answers it.
    """
    names = {tier.name: _fingerprint(allocation, tier, month) for tier in tiers}
    thresholds = {tier.name: _threshold(allocation, tier) for tier in tiers}
    mine = [alert for alert in past if alert.signal.tier in names and alert.signal.period == month.name]
    for alert in sorted(mine, key=lambda each: (each.open, each.id or 0)):
        if alert.signal.threshold == thresholds[alert.signal.tier]:
            names[alert.signal.tier] = alert.signal.fingerprint
    going_on = {alert.signal.tier: alert.signal.fingerprint for alert in mine if alert.open}
    gravest = max((tier for tier in tiers if tier.name in going_on), key=lambda tier: tier.at, default=None)
    return names | going_on if gravest in reached else names


def told(alerts: Sequence[Alert]) -> frozenset[str]:
    """Fingerprints of a month's tiers that people know of: those that fired and those that these skipped."""
    return frozenset(
        fingerprint
        for alert in alerts
        for fingerprint in (alert.signal.fingerprint, *alert.signal.evidence.get("skipped_fingerprints", ()))
    )


def _signal(
    allocation: Allocation,
    reached: Sequence[BudgetTier],
    used: int,
    month: Month,
    names: Mapping[str, str],
    alerted: Collection[str],
) -> Signal:
    *lower, tier = reached
    skipped = {fingerprint: each.name for each in lower if (fingerprint := names[each.name]) not in alerted}
    share = Decimal(used) / allocation.monthly_nano
    monthly = to_credits(allocation.monthly_nano)
    return Signal(
        fingerprint=names[tier.name],
        rule=AlertRule.BUDGET,
        tier=tier.name,
        at=month.now,
        scope_kind=allocation.scope.kind.value,
        scope=allocation.scope.value,
        current_nano=used,
        expected_nano=allocation.monthly_nano,
        threshold=_threshold(allocation, tier),
        allocation_id=allocation.id,
        period=month.name,
        team=allocation.scope.value if allocation.scope.kind is ScopeKind.TEAM else "",
        api_key=allocation.scope.value if allocation.scope.kind is ScopeKind.API_KEY else "",
        summary=(
            f"{allocation.id} has burnt {share:.1%} of its {monthly:,.0f} credits for {month.name}: "
            f"{_state(tier, used, allocation)}"
        ),
        evidence={
            "burnt_credits": format(to_credits(used), "f"),
            "monthly_credits": format(monthly, "f"),
            "share": format(share.quantize(Decimal("0.000001")), "f"),
            "tier_at": format(tier.at, "f"),
            "skipped_tiers": list(skipped.values()),
            "skipped_fingerprints": list(skipped),
        },
    )


def _fingerprint(allocation: Allocation, tier: BudgetTier, month: Month) -> str:
    """What a tier is called by its threshold, where no alert of it goes on."""
    return f"budget:{allocation.id}:{month.name}:{tier.name}:{_threshold(allocation, tier):f}"


def _threshold(allocation: Allocation, tier: BudgetTier) -> Decimal:
    return _credits(tier.at * allocation.monthly_nano)


def _state(tier: BudgetTier, used: int, allocation: Allocation) -> str:
    if used >= tier.at * allocation.monthly_nano:
        return f"{_percent(tier.at)} is reached"
    return f"{_percent(tier.at)} was reached, and this ends below {_percent(tier.at * EASED)}"


def _credits(nano: Decimal) -> Decimal:
    return nano.scaleb(-9).normalize()


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"
