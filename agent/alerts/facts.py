"""What a message says beside its signal: truth layer and age, binding cap, runway, what would save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from agent.alerts.mute import scope_of
from agent.alerts.notices import Facts
from agent.alerts.suggestions import suggestions
from agent.analytics.runway import Cap, binding
from agent.domain.alert import Alert, AlertRule
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.money import to_credits
from agent.ledger.lineage import Lineage
from agent.runways import Standing, standings

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.history_store import HistoryStore

_MOST_SUGGESTIONS = 5
_NO_BURN = frozenset({AlertRule.SILENT_DATA, AlertRule.DRIFT})


def facts_of(context: RuleContext, history: HistoryStore) -> Callable[[Alert], Facts]:
    """Facts for the alerts of one evaluation, read only when one is told."""

    @cache
    def stands() -> Mapping[str, Standing]:
        at, settings = context.known_to, context.settings
        zone = settings.organization.time_zone
        return standings(context.rules, settings.allocations, at, zone, known_to=at)

    def facts(alert: Alert) -> Facts:
        layer, data_at = truth_of(context.store, context.at)
        if alert.signal.rule in _NO_BURN:
            return Facts(layer, alert.signal.at)
        around = _around(context, alert)
        cap = binding(stands()[each.id].hard for each in around)
        own = next((each for each in around if each.id == alert.signal.allocation_id), None)
        named = own or next((each for each in around if cap and each.id == cap.allocation_id), None)
        return Facts(
            layer=layer,
            data_at=data_at,
            monthly_nano=named.monthly_nano if named else 0,
            binding_cap=_sentence(cap) if cap else "no cap counts this burn",
            runway_s=cap.seconds if cap else None,
            suggestions=saving(alert, own.approved_models if own else ()),
        )

    @cache
    def saving_in(scope: Scope, approved: tuple[str, ...]) -> tuple[Mapping[str, Any], ...]:
        return tuple(each.plain() for each in suggestions(history, scope, int(context.now), approved))

    def saving(alert: Alert, approved: tuple[str, ...]) -> tuple[Mapping[str, Any], ...]:
        signal = alert.signal
        if not context.settings.alerts.policy(signal.tier).suggest or not alert.live:
            return ()
        scope = Scope(ScopeKind.TEAM, signal.team) if signal.team else scope_of(alert)
        return () if scope is None else saving_in(scope, approved)[:_MOST_SUGGESTIONS]

    return facts


def truth_of(store: AlertStore, complete_until: int | None = None) -> tuple[str, int]:
    """The layer that the newest figures are of, and up to when they are complete."""
    ends = store.covered_to()
    newest = max([*ends, store.newest_event() or 0], default=0)
    at = newest if complete_until is None else complete_until
    return ("metered" if any(end >= at for end in ends) else "estimated"), at


def _around(context: RuleContext, alert: Alert) -> list[Allocation]:
    """Allocations that count what the alert is about."""
    scope = scope_of(alert)
    if scope is None:
        return [each for each in context.settings.allocations if not each.scope.value]
    within = Lineage(lambda: context.store.contexts().values()).within
    return [each for each in context.settings.allocations if each.scope == scope or within(scope, each.scope)]


def _sentence(cap: Cap) -> str:
    used, limit = to_credits(cap.used_nano), to_credits(cap.limit_nano)
    return f"hard cap of {cap.allocation_id}: {used:,.0f} of {limit:,.0f} credits"
