"""One evaluation: reads the ledger, judges every rule, keeps what became of the alerts and what to tell."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.alerts.attend import Attendance, attend
from agent.alerts.budget import BudgetTier, budget_signals, told
from agent.alerts.context import Rule, RuleContext
from agent.alerts.facts import facts_of
from agent.alerts.lifecycle import Changes, Judged, Patience, step
from agent.alerts.memory import BurnMemory
from agent.alerts.rules import RULES
from agent.alerts.scene import view
from agent.alerts.spent import burnt_by_scope
from agent.alerts.spike import limits_of, series_of, spike_signals
from agent.alerts.watermark import complete_until
from agent.allocations import settings_now
from agent.domain.alert import Alert, AlertRule
from agent.domain.money import to_credits
from agent.ledger.kinds import SCOPE_KINDS, Kind
from agent.ledger.lineage import Belonging
from agent.ledger.rule_store import WHOLE

if TYPE_CHECKING:
    from agent.ledger.rule_store import RuleStore
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_KINDS = {kind.value: known for kind, known in SCOPE_KINDS.items()} | {"model": Kind.MODEL}
_log = logging.getLogger(__name__)

_SETTLE_S = 600
"""A rise is whole some minutes after it was found; from then on its cause does not change any more."""

_HELD_S = 2 * 3_600
"""How far back calls that burndeck has refused are left out of errors."""

_PLANNED_S = 30 * 86_400
"""How far back planned activity bears on what is usual."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation changed, and what is open after it."""

    fired: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    open: tuple[Alert, ...]


def evaluate(
    writer: LedgerWriter,
    settings: Settings,
    now: float,
    memory: BurnMemory | None = None,
    *,
    rules: Sequence[Rule] | None = None,
) -> Evaluation:
    """Judge every rule as of `now` (epoch seconds); keep alerts, incidents and messages in the ledger.

    `memory` spares reading the hours of recent weeks again; pass the same one to every evaluation. A rule
    that fails is logged and leaves its alerts as they are; the others are judged all the same. `rules` judges
    some of them alone, such as `BUDGETS`.
    """
    store = writer.alerts
    with store.snapshot():
        settings = settings_now(settings, writer.actions, now)
        context = RuleContext(
            store=store,
            rules=writer.rules,
            settings=settings,
            now=now,
            at=complete_until(store.covered_to(), store.newest_event(), now),
            known=store.open_alerts(),
            planned=writer.incidents.planned(int(now) - _PLANNED_S),
            held=writer.actions.held(int(now) - _HELD_S),
            memory=memory or BurnMemory(),
        )
        judged = [verdict for rule in rules or _EVERY if (verdict := _judge(rule, context))]
        case = Attendance(
            writer=writer,
            settings=settings,
            now=int(now),
            within=Belonging(lambda: [whose for _, whose in sorted(store.contexts().items())]).within,
            facts=facts_of(context, writer.history),
            before={alert.signal.fingerprint: alert for alert in context.known},
            period=context.month.name,
            burnt=lambda alert, start, end: _burnt(writer.rules, alert, start, end),
        )
    changes, moot = Changes(), _moot(context)
    for verdict in judged:
        changes += step(context.known, replace(verdict, moot=moot), int(now))
    fired, resolved = attend(case, changes)
    context.memory.keep(store.burn)
    return Evaluation(fired, resolved, tuple(store.open_alerts()))


def _moot(context: RuleContext) -> frozenset[str]:
    """Open alerts of allocations that have other credits by now, or are gone: what they said is not so."""
    credits_ = {each.id: to_credits(each.monthly_nano) for each in context.settings.allocations}
    return frozenset(
        alert.signal.fingerprint
        for alert in context.known
        if (said := alert.signal.evidence.get("monthly_credits")) is not None
        and credits_.get(alert.signal.allocation_id) != Decimal(said)
    )


def _burnt(rules: RuleStore, alert: Alert, start: int, end: int) -> int | None:
    """Nano-credits that the scope of an alert burnt in [start, end)."""
    kind = _KINDS.get(alert.signal.scope_kind)
    series = WHOLE if kind is Kind.TOTAL else rules.find(kind, alert.signal.scope) if kind else None
    return None if series is None else rules.burnt([series], start, end)[series]


def _judge(rule: Rule, context: RuleContext) -> Judged | None:
    try:
        return rule(context)
    except Exception:  # noqa: BLE001 - one broken rule must not silence the others
        _log.exception("a rule of alerts failed and was left out")
        return None


def _budget(context: RuleContext) -> Judged:
    month, settings, store = context.month, context.settings, context.store
    past = store.alerts_of_period(AlertRule.BUDGET, month.name, month.start)
    tiers = [BudgetTier(tier.name, tier.at) for tier in settings.alerts.tiers if tier.of == "month"]
    signals = budget_signals(
        settings.allocations, tiers, burnt_by_scope(store, settings.allocations, month), month, past
    )
    ended = {alert.signal.fingerprint: alert for alert in past if not alert.open}
    return Judged(AlertRule.BUDGET, int(context.now), signals, ended=ended, known=told(past))


def _spikes(context: RuleContext) -> Judged | None:
    if context.at is None:
        return None
    store, memory = context.store, context.memory
    spike = context.settings.alerts.spike
    limits = limits_of(spike)
    open_now = [alert for alert in context.known if alert.signal.rule is AlertRule.BURN_SPIKE]
    scene = view(store, memory, context.at, limits, series_of(open_now), context.planned)
    signals = spike_signals(store, memory, scene, limits, open_now)
    if signals is None:
        return None
    patience = Patience(int(spike.hold), int(spike.clear), settle_s=_SETTLE_S)
    return Judged(AlertRule.BURN_SPIKE, context.at, signals, patience)


BUDGETS: tuple[Rule, ...] = (_budget,)
"""What may be judged at every commit: it costs milliseconds."""

_EVERY: tuple[Rule, ...] = (_budget, _spikes, *RULES)
