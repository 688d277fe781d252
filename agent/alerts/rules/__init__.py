"""Leading signals beside budgets and spikes: one file a rule, each with `judge(context)`."""

from __future__ import annotations

from agent.alerts.context import Rule
from agent.alerts.rules import (
    cache,
    day_forecast,
    drift,
    errors,
    last_month,
    new_burner,
    pace,
    rate_of_change,
    runway,
    silent_data,
    untagged,
)

RULES: tuple[Rule, ...] = (
    pace.judge,
    runway.judge,
    last_month.judge,
    day_forecast.judge,
    rate_of_change.judge,
    new_burner.judge,
    untagged.judge,
    errors.judge,
    cache.judge,
    drift.judge,
    silent_data.judge,
)
"""Every leading signal, in the order in which they are judged."""
