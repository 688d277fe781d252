"""Leading signals beside budgets and spikes: one file a rule, each with `judge(context)`."""

from __future__ import annotations

from agent.alerts.context import Rule

RULES: tuple[Rule, ...] = ()
"""Every leading signal, in the order in which they are judged."""
