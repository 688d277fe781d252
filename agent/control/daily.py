"""Keys with credits a day of their own: throttled for the rest of the day once these are burnt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.control.proposal import Proposal
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.alert import CRITICAL
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.money import to_credits

if TYPE_CHECKING:
    from agent.control.cap_case import CapCase

_LEAST_S = 60
_MINUTE_S = 60


def daily(case: CapCase) -> Iterator[Proposal]:
    """Throttles of keys that are over their day, and the release of those that are not any more."""
    limited = {each.scope: each for each in case.settings.allocations if each.daily_nano}
    held = {action.spec.scope: action for action in case.mine if _of_a_day(action)}
    if not limited and not held:
        return
    burnt = _burnt_today(case, limited)
    over = {scope for scope, each in limited.items() if burnt[scope] >= each.daily_nano}
    for scope, action in held.items():
        stale = action.requested_at < case.month.today_start
        if (scope not in over or stale) and action.state is not ActionState.REVERSING:
            yield Proposal(action.spec, "the day's credits are no longer used up", True, release=action.id)
    for scope in sorted(over):
        if not _answered(case, scope):
            yield from _throttle(case, limited[scope], burnt[scope])


def _of_a_day(action: Action) -> bool:
    spec = action.spec
    return action.alert is None and spec.kind is ActionKind.THROTTLE and spec.scope.kind is ScopeKind.API_KEY


def _burnt_today(case: CapCase, limited: dict[Scope, Allocation]) -> dict[Scope, int]:
    series = case.books.rules.series(limited)
    end = case.now // _MINUTE_S * _MINUTE_S + _MINUTE_S
    burnt = case.books.rules.burnt(set(series.values()), case.month.today_start, end) if series else {}
    return {scope: burnt[series[scope]] if scope in series else 0 for scope in limited}


def _answered(case: CapCase, scope: Scope) -> bool:
    answers = case.answers_of(scope, ActionKind.THROTTLE)
    return any(each.alert is None and each.requested_at >= case.month.today_start for each in answers)


def _throttle(case: CapCase, allocation: Allocation, burnt: int) -> Iterator[Proposal]:
    scope = allocation.scope
    production = any(key.production for key in case.keys(scope))
    mode = allocation.at_hard_cap_prod if production else allocation.at_hard_cap
    if mode == "none" or not case.reached(scope, ActionKind.THROTTLE):
        return
    spec = ActionSpec(
        ActionKind.THROTTLE,
        scope,
        limit=case.limit(scope, case.settings.alerts.policy(CRITICAL).max_rps),
        expires_s=max(case.month.today_end - case.now, _LEAST_S),
    )
    limit, used = to_credits(allocation.daily_nano), to_credits(burnt)
    reason = f"{allocation.id} has burnt {used:,.2f} of its {limit:,.0f} credits for today"
    meant = case.automatic(allocation.at_hard_cap_prod)
    yield Proposal(spec, reason, case.automatic(mode), production=meant)
