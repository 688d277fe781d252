"""Which rules can be replayed, each as the agent judges it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.alerts.budget import BudgetTier, budget_signals, told
from agent.alerts.context import Rule, RuleContext
from agent.alerts.lifecycle import Judged
from agent.alerts.rules import RULES
from agent.domain.alert import AlertRule
from agent.errors import ConfigError

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

NEEDS_ARRIVAL = (AlertRule.SILENT_DATA, AlertRule.DRIFT)
"""Judged by how data arrived, of which the ledger keeps the last state only."""
BY_MINUTES = (AlertRule.RATE_OF_CHANGE, AlertRule.NEW_BURNER, AlertRule.ERRORS, AlertRule.CACHE)
"""Judged by windows within the hour: a replay sees those that end with an hour whose minutes are known."""


def rule_of(name: str) -> AlertRule:
    """The rule of a name; raises `ConfigError` with what can be replayed."""
    known = [rule for rule in AlertRule if rule not in NEEDS_ARRIVAL]
    hint = f"Can be replayed: {', '.join(known)}."
    try:
        rule = AlertRule(name)
    except ValueError:
        raise ConfigError(f"there is no rule {name!r}", hint=hint) from None
    if rule in NEEDS_ARRIVAL:
        raise ConfigError(
            f"{name} cannot be replayed: it is judged by how data arrived, which the ledger does not keep",
            hint=hint,
        )
    return rule


def judge_of(
    rule: AlertRule,
    reader: LedgerReader,
    ledger: AlertStore,
    start: int,
    end: int,
    settings: Sequence[Settings],
) -> Rule:
    """What judges a rule at whole hours of `[start, end)`, for any of some settings."""
    if rule is AlertRule.BURN_SPIKE:
        from agent.alerts.replay.spikes import SpikeJudge

        return SpikeJudge(reader, ledger, start, end, settings)
    leading = {judge.__module__.rpartition(".")[2]: judge for judge in RULES}
    return judge_budget if rule is AlertRule.BUDGET else leading[rule.value]


def notes_of(rule: AlertRule) -> Sequence[str]:
    """What a reader must know of a replay of a rule."""
    notes = [
        "judged at every whole hour, with the amounts that the ledger has today: what came late or was "
        "billed later counts from the start"
    ]
    if rule in BY_MINUTES:
        notes.append(
            f"{rule.value} looks at minutes: only windows that end at a whole hour are replayed, and only "
            "where the ledger still has minutes, so there may have been more"
        )
    elif rule in (AlertRule.PACE, AlertRule.RUNWAY):
        notes.append(
            "windows of less than an hour come from minutes where the ledger has them, else from the hour's "
            "average"
        )
    elif rule is AlertRule.BURN_SPIKE:
        notes.append(
            "rises are judged by the whole hour: the agent tells of the same ones minutes after they begin, "
            "and of shorter ones too"
        )
    return notes


def judge_budget(context: RuleContext) -> Judged:
    """The budget tiers by what was used at an instant of the past."""
    settings, month = context.settings, context.month
    past = context.store.alerts_of_period(AlertRule.BUDGET, month.name, month.start)
    tiers = [BudgetTier(tier.name, tier.at) for tier in settings.alerts.tiers if tier.of == "month"]
    signals = budget_signals(settings.allocations, tiers, context.used, month, past)
    ended = {alert.signal.fingerprint: alert for alert in past if not alert.open}
    return Judged(AlertRule.BUDGET, int(context.now), signals, ended=ended, known=told(past))
