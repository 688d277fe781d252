"""One evaluation: reads the ledger, judges budgets and burn, keeps what became of the alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.alerts.budget import BudgetTier, budget_signals, told
from agent.alerts.lifecycle import Changes, Judged, Patience, step
from agent.alerts.memory import BurnMemory
from agent.alerts.month import Month
from agent.alerts.scene import view
from agent.alerts.spike import limits_of, spike_signals
from agent.alerts.watermark import complete_until
from agent.domain.alert import Alert, AlertRule
from agent.domain.allocation import Allocation, Scope
from agent.ledger.kinds import SCOPE_KINDS

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


_SETTLE_S = 600
"""A rise is whole some minutes after it was found; from then on its cause does not change any more."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation changed, and what is open after it."""

    fired: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    open: tuple[Alert, ...]


def evaluate(
    writer: LedgerWriter, settings: Settings, now: float, memory: BurnMemory | None = None
) -> Evaluation:
    """Judge budgets and burn as of `now` (epoch seconds) and keep the alerts in the ledger.

    `memory` spares reading the hours of recent weeks again; pass the same one to every evaluation.
    """
    store = writer.alerts
    memory = memory or BurnMemory()
    with store.snapshot():
        known = store.open_alerts()
        judged = [_budget(store, settings, now)]
        spikes = _spikes(store, settings, memory, known, now)
        if spikes is not None:
            judged.append(spikes)
    changes = Changes()
    for rule in judged:
        changes += step(known, rule, int(now))
    store.save(changes.saved, changes.dropped)
    return Evaluation(changes.fired, changes.resolved, tuple(store.open_alerts()))


def _budget(store: AlertStore, settings: Settings, now: float) -> Judged:
    month = Month.at(now, settings.organization.time_zone)
    past = store.alerts_of_period(AlertRule.BUDGET, month.name, month.start)
    tiers = [BudgetTier(tier.name, tier.at) for tier in settings.alerts.tiers]
    signals = budget_signals(settings.allocations, tiers, _burnt(store, settings.allocations, month), month)
    ended = {alert.signal.fingerprint: alert for alert in past if not alert.open}
    return Judged(AlertRule.BUDGET, int(now), signals, ended=ended, known=told(past))


def _burnt(store: AlertStore, allocations: Sequence[Allocation], month: Month) -> Mapping[Scope, int]:
    """Nano-credits of the month by scope."""
    kinds = {SCOPE_KINDS[allocation.scope.kind] for allocation in allocations}
    if not kinds:
        return {}
    burnt = Counter(store.burnt_days(month.days, kinds))
    burnt.update(store.burnt_hours(month.hours, kinds))
    start, end = month.part
    if start < end:
        burnt.update(store.burnt_part(start, end, kinds))
    return {
        allocation.scope: burnt[int(SCOPE_KINDS[allocation.scope.kind]), allocation.scope.value]
        for allocation in allocations
    }


def _spikes(
    store: AlertStore, settings: Settings, memory: BurnMemory, known: Sequence[Alert], now: float
) -> Judged | None:
    at = complete_until(store.covered_to(), store.newest_event(), now)
    if at is None:
        return None
    spike = settings.alerts.spike
    scene = view(store, memory, at)
    open_now = [alert.signal.fingerprint for alert in known if alert.signal.rule is AlertRule.BURN_SPIKE]
    signals = spike_signals(store, memory, scene, limits_of(spike), open_now)
    if signals is None:
        return None
    patience = Patience(int(spike.hold), int(spike.clear), settle_s=_SETTLE_S)
    return Judged(AlertRule.BURN_SPIKE, at, signals, patience)
