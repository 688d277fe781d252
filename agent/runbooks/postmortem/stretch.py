"""The time over which an incident is counted: while it burnt too much, or the day or month of a budget."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.alerts.rules.last_month import Stretches
from agent.analytics.month import month_of
from agent.domain.alert import AlertRule
from agent.reports.alert_series import KIND_OF_SCOPE
from agent.reports.history import first_known
from agent.reports.moment import DAY, MINUTE
from agent.runbooks.postmortem.model import Times

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.alert_list import AlertEntry

COUNTED = (AlertRule.BUDGET, AlertRule.DAY_FORECAST, AlertRule.LAST_MONTH)
"""Rules that say what credits a day or month was expected to burn."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time over which an incident is counted."""

    start: int
    end: int
    by: AlertEntry | None = None  # whose credits of a day or month are what was expected; None: a rate is

    @property
    def cells(self) -> bool:
        """Whether it is short enough to be read row by row."""
        return self.end - self.start <= DAY

    @property
    def days(self) -> bool:
        """Whether whole days count as they are billed, as budgets do."""
        return self.by is not None and self.by.rule != AlertRule.DAY_FORECAST

    @property
    def note(self) -> str:
        """What was expected of it, where that is no rate."""
        rule = None if self.by is None or not self.by.expected else self.by.rule
        of = "" if self.by is None else self.by.allocation_id
        if rule == AlertRule.DAY_FORECAST:
            day = datetime.datetime.fromtimestamp(self.start + DAY // 2, datetime.UTC).date()
            return f"expected is the forecast of {of} for the whole of {day.isoformat()}"
        if rule == AlertRule.LAST_MONTH:
            return f"expected is what {of} burnt in the same share of the month before"
        if rule == AlertRule.BUDGET:
            return f"expected are the month's credits of {of}"
        return "no alert of it is about a rate or a budget"


def stretch_of(
    reader: LedgerReader, alerts: Sequence[AlertEntry], times: Times, time_zone: str, data_end: int
) -> Stretch:
    """The time that the cost is counted over: from the rise until it was no longer unusual.

    Where no alert is about a rate it is the day of a day's forecast, else the month, from its beginning.
    """
    end = times.unusual_until // MINUTE * MINUTE
    if any(each.unit != "credits" for each in alerts):
        first = min(filter(None, (times.rose, times.began, times.fired))) // MINUTE * MINUTE
        return Stretch(first, max(end, first + MINUTE))
    by = _counted_by(alerts)
    # Its first instant belongs to the time before: a month or day that is over is told of at its end.
    month = month_of(by.started_at - 1, time_zone)
    start = month.start
    if by.rule == AlertRule.DAY_FORECAST:
        start, end = month.today_start, min(month.today_end, data_end // MINUTE * MINUTE)
    elif by.rule == AlertRule.LAST_MONTH:
        end = min(by.last_at // MINUTE * MINUTE, end)  # as far as the month before was counted
        known = first_known(reader)
        began = start if known is None else Stretches.of(by.last_at, known, time_zone, "").start
        start = began if began < by.last_at else start
    return Stretch(start, max(end, start + MINUTE), by)


def _counted_by(alerts: Sequence[AlertEntry]) -> AlertEntry:
    """The alert with the most above what it expected, of those that say what that is."""
    about = [each for each in alerts if each.scope_kind in KIND_OF_SCOPE] or alerts
    first = min(about, key=lambda each: (-each.above, each.started_at))
    same = [each for each in about if (each.scope_kind, each.scope) == (first.scope_kind, first.scope)]
    known = (each for each in same if each.expected > 0 and each.rule in COUNTED)
    return min(known, key=lambda each: (-each.above, each.started_at), default=first)
