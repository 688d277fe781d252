"""What opens a runbook: rules of alerts, a rule with the cause that it names, and tiers."""

from __future__ import annotations

import enum
from collections.abc import Collection

from agent.domain.alert import TIERS, AlertRule, Signal
from agent.domain.cause import Cause
from agent.runbooks.problem import near, quoted

RULES = tuple(rule.value for rule in AlertRule)
CAUSES = tuple(cause.value for cause in Cause)
_WITH = "/"
"""Between a rule and a cause: `burn_spike/retry_storm`."""


class Fit(enum.IntEnum):
    """How well a runbook answers an alert, best first."""

    CAUSE = 0  # it was written for the rule where it names this very cause
    RULE = 1  # it answers every alert of the rule, whatever the cause turns out to be
    TIER = 2


def fit(triggers: Collection[str], rule: str, tier: str, cause: str = "") -> Fit | None:
    """How triggers answer an alert; None where they do not."""
    if cause and f"{rule}{_WITH}{cause}" in triggers:
        return Fit.CAUSE
    if rule in triggers:
        return Fit.RULE
    return Fit.TIER if tier in triggers else None


def answers(triggers: Collection[str], signal: Signal) -> bool:
    """Whether triggers answer an alert at all."""
    return fit(triggers, signal.rule.value, signal.tier, signal.cause) is not None


def trigger_problem(name: str) -> str:
    """What is wrong with a trigger; nothing where alerts can be of it."""
    rule, with_cause, cause = name.partition(_WITH)
    if not with_cause:
        known = (*RULES, *TIERS)
        return "" if name in known else f"{quoted(name)} is no rule or tier of alerts{near(name, known)}"
    if rule not in RULES:
        return f"{quoted(rule)} in {quoted(name)} is no rule of alerts{near(rule, RULES)}"
    if cause not in CAUSES:
        return f"{quoted(cause)} in {quoted(name)} is no cause that alerts name{near(cause, CAUSES)}"
    return ""
