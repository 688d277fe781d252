"""What keeps an alert from being told: a silence, a graver one of its allocation, its incident. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.domain.alert import HARD_CAP, Alert, AlertRule, AlertState, tier_rank
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.silence import Silence

_NEWS = frozenset({AlertRule.BUDGET, AlertRule.BURN_SPIKE})

FOLLOWING = frozenset({AlertRule.PACE, AlertRule.RUNWAY, AlertRule.RATE_OF_CHANGE})
"""What follows from a spike somewhere below."""

Within = Callable[[Scope, Scope], bool]
"""Whether the first scope lies within the second."""


def muted_by(
    alert: Alert, others: Sequence[Alert], silences: Sequence[Silence], within: Within, now: float
) -> str:
    """`silence:ID` or `alert:ID` for what mutes an alert that fires; empty for one that people are told.

    A hard cap is muted by nothing but a cap of a parent, which blocks it as well.
    """
    source = next((other for other in others if _mutes(other, alert, within)), None)
    if source is not None:
        return f"alert:{source.id}"
    for silence in silences:
        if silence.active(now) and silence.matches(alert):
            return f"silence:{silence.id}"
    return ""


def _mutes(source: Alert, target: Alert, within: Within) -> bool:
    if source.id == target.id or not source.live:
        return False
    if _parents_cap(source, target, within):
        return True
    if target.signal.tier == HARD_CAP:
        return False
    if _same_budget(source, target):
        return tier_rank(source.signal.tier) > tier_rank(target.signal.tier)
    # A step of a budget and a new culprit are always news; anything else that belongs to an incident which
    # people were told of is a line of its timeline, unless it is graver.
    return (
        target.signal.rule not in _NEWS
        and target.told_at is None
        and source.told_at is not None
        and source.incident is not None
        and source.incident == target.incident
        and tier_rank(source.signal.tier) >= tier_rank(target.signal.tier)
        and _speaks_for(source, target)
    )


def _speaks_for(source: Alert, target: Alert) -> bool:
    """Whether whoever knows the source knows the target. What was taken or silenced speaks for itself alone,
    and for what follows from it."""
    if source.state is AlertState.FIRING and not source.muted_by:
        return True
    same_key = source.signal.api_key == target.signal.api_key != ""
    return same_key or target.signal.rule in FOLLOWING


def _same_budget(source: Alert, target: Alert) -> bool:
    return (
        source.signal.rule is target.signal.rule
        and source.signal.allocation_id == target.signal.allocation_id != ""
    )


def _parents_cap(source: Alert, target: Alert, within: Within) -> bool:
    """A cap that is reached blocks everything below it: that its children reach theirs is no news."""
    if source.signal.rule is not AlertRule.BUDGET or source.signal.tier != HARD_CAP:
        return False
    if not target.signal.allocation_id:
        return False
    outer, inner = scope_of(source), scope_of(target)
    return outer is not None and inner is not None and outer != inner and within(inner, outer)


def scope_of(alert: Alert) -> Scope | None:
    """The scope that an alert is about, where it is one that allocations may have."""
    try:
        return Scope(ScopeKind(alert.signal.scope_kind), alert.signal.scope)
    except ValueError:
        return None
