"""Which rules can be replayed, each as the agent judges it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
    from agent.ledger.sources_seen import Account
    from agent.settings import Settings

AT_THE_HOUR = (AlertRule.SILENT_DATA, AlertRule.DRIFT)
"""Judged by the clock, and not by the month or the day that an hour is of."""
BY_MINUTES = (AlertRule.RATE_OF_CHANGE, AlertRule.NEW_BURNER, AlertRule.ERRORS, AlertRule.CACHE)
"""Judged by windows within the hour: a replay sees those that end with an hour whose minutes are known."""


def rule_of(name: str) -> AlertRule:
    """The rule of a name; raises `ConfigError` with what can be replayed."""
    try:
        return AlertRule(name)
    except ValueError:
        raise ConfigError(
            f"there is no rule {name!r}", hint=f"Can be replayed: {', '.join(AlertRule)}."
        ) from None


def check_replayable(rule: AlertRule, accounts: Sequence[Account]) -> None:
    """Raises `ConfigError` for a rule of which the ledger keeps nothing that it could be judged by."""
    if rule is AlertRule.SILENT_DATA and all(each.covered_to is not None for each in accounts):
        raise ConfigError(
            "silent_data cannot be replayed: the ledger does not keep when usage of "
            f"{_names(accounts)} was read",
            hint=f"Can be replayed: {', '.join(each for each in AlertRule if each is not rule)}.",
        )


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
    if rule is AlertRule.BUDGET:
        return judge_budget
    judge = {judge.__module__.rpartition(".")[2]: judge for judge in RULES}[rule.value]
    if rule in AT_THE_HOUR:
        # A replay's clock stands in the last second of an hour: only with its end has the hour been quiet.
        return lambda context: judge(replace(context, now=context.now + 1))
    return judge


def notes_of(rule: AlertRule, accounts: Sequence[Account]) -> Sequence[str]:
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
    elif rule is AlertRule.DRIFT:
        notes.append(
            "layers are compared as they are today: what was corrected since is no longer apart, and a bill "
            "counts from the day that it is of"
        )
    elif rule is AlertRule.SILENT_DATA:
        notes += _notes_of_silence(accounts)
    return notes


def _notes_of_silence(accounts: Sequence[Account]) -> Iterator[str]:
    streams = [each for each in accounts if each.covered_to is None]
    yield (
        f"{_names(streams)}: judged by the hours in which events came, so that a gap is seen by whole "
        "hours, and one that goes on no further than anything else is known"
    )
    if others := [each for each in accounts if each.covered_to is not None]:
        yield f"not replayed: {_names(others)}, since the ledger does not keep when that usage was read"


def _names(accounts: Sequence[Account]) -> str:
    return ", ".join(sorted(each.name for each in accounts)) or "any account"


def judge_budget(context: RuleContext) -> Judged:
    """The budget tiers by what was used at an instant of the past."""
    settings, month = context.settings, context.month
    past = context.store.alerts_of_period(AlertRule.BUDGET, month.name, month.start)
    tiers = [BudgetTier(tier.name, tier.at) for tier in settings.alerts.tiers if tier.of == "month"]
    signals = budget_signals(settings.allocations, tiers, context.used, month, past)
    ended = {alert.signal.fingerprint: alert for alert in past if not alert.open}
    return Judged(AlertRule.BUDGET, int(context.now), signals, ended=ended, known=told(past))
