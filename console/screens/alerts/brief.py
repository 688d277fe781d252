"""An alert in few words, for lists: whose it is, and the figure. Pure."""

from __future__ import annotations

from agent.domain.alert import AlertRule
from agent.reports.alert_list import AlertEntry
from console import format as fmt
from console.widgets.rows import Brief

_PERIODS: dict[str, str] = {AlertRule.BUDGET: "month", AlertRule.DAY_FORECAST: "day's forecast"}


def brief(entry: AlertEntry) -> Brief | None:
    """The short wording of budgets and spikes; None where only the sentence says what is wrong."""
    of = _PERIODS.get(entry.rule)
    if of and entry.expected > 0:
        name = entry.scope or entry.scope_kind.replace("_", " ")
        return Brief(name, f" {fmt.share(entry.current / entry.expected)} of the {of}")
    if entry.rule == AlertRule.BURN_SPIKE:
        cause = f"{entry.cause.replace('_', ' ')}: " if entry.cause else ""
        return Brief(f"{cause}{_who(entry, cause)}", f" {_times(entry)}")
    return None


def _who(entry: AlertEntry, cause: str) -> str:
    """Whose spike it is. The name that people gave a key stands in its sentence only."""
    if entry.scope_kind == "organization":
        return "the organization"
    if entry.scope_kind != "api_key":
        return entry.scope or "(unattributed)"
    said, burns, _ = entry.summary.removeprefix(cause).partition(" burns ")
    return said.partition(" (team ")[0] if burns else entry.scope


def _times(entry: AlertEntry) -> str:
    if entry.expected <= 0:
        return f"{fmt.number(entry.current)}/min, all new"
    return f"{entry.current / entry.expected:.1f}x"
