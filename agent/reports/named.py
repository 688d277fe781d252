"""The guide's reports and others, by name. A new report is one function and one line in REPORTS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.errors import ConfigError
from agent.reports import named_quality, named_spend
from agent.reports.named_scope import Ask
from agent.reports.table import Table

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

__all__ = ["REPORTS", "Table", "report"]

REPORTS: dict[str, tuple[Callable[[Ask], Table], str]] = {
    "credits-per-team": (named_spend.credits_per_team, "Credits and completions per team, 30 days."),
    "top-drivers": (named_spend.top_drivers, "The ten largest pairs of model and team, 7 days."),
    "anomalies": (
        named_spend.anomalies,
        "Days with z > 3 per team, 60 days: the guide's query to the letter.",
    ),
    "anomalies-robust": (
        named_spend.anomalies_robust,
        "The same with medians and days without usage as zero.",
    ),
    "models": (named_spend.models, "Requests, tokens and credits per model, 30 days."),
    "request-summary": (named_spend.request_summary, "Requests, errors and latency per endpoint, 24 hours."),
    "levels": (named_spend.levels, "Credits at every level, from billing group to user, 30 days."),
    "drift": (
        named_quality.drift,
        "What each truth layer says per account and day, and how far they differ.",
    ),
    "attribution": (named_quality.attribution, "By which pattern spend found its team, 30 days."),
    "attribution-patterns": (
        named_quality.attribution_patterns,
        "The share of spend that patterns C, B, A and nobody attribute, 30 days, with conflicts.",
    ),
    "unattributed": (named_quality.unattributed, "Credits that nobody owns, by level, 30 days."),
    "unpriced": (named_quality.unpriced, "Models without a price, 30 days."),
    "quarantine": (named_quality.quarantine, "Rows that were refused, newest first."),
    "findings": (named_quality.findings, "Conflicts and corrections, newest first."),
}
"""Name -> (how it is made, one line of help)."""


def report(
    reader: LedgerReader, settings: Settings, name: str, now: float, *, at: float | None = None
) -> Table:
    """A report by its name, as of the newest data or of an earlier instant `at`; `ConfigError` for none."""
    entry = REPORTS.get(name)
    if entry is None:
        raise ConfigError(f"there is no report {name!r}", hint="Known: " + ", ".join(REPORTS))
    with reader.snapshot():
        return entry[0](Ask.at_moment(reader, settings, name, entry[1], now, at))
