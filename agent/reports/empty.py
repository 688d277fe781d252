"""Reports of a ledger without data: everything unknown, nothing wrong, and a way on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.analytics.month import month_of
from agent.reports.alerts import open_alerts
from agent.reports.burn_report import BurnReport, CostPerInference, Forecast, Series, Usual
from agent.reports.conversion import CURRENCY
from agent.reports.figure import Figure
from agent.reports.layers import Truth
from agent.reports.moment import DAY, HOUR, MINUTE, NOTHING, Moment
from agent.reports.status_line import read_status

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_NO_TRUTH = Truth(None, {}, ())


def empty_burn(reader: LedgerReader, settings: Settings, when: Moment) -> BurnReport:
    """The burn report of a ledger without usage."""
    amount, rate = Figure(None, "credits"), Figure(None, "credits/min")
    money = Figure(None, CURRENCY)
    each = Figure(None, "credits/inference")
    month = month_of(when.at, settings.organization.time_zone)
    return BurnReport(
        at=when.at,
        now=when.now,
        live=False,
        empty=NOTHING,
        organization=settings.organization.name or settings.organization.id,
        currency=CURRENCY,
        measured_over_s=0,
        burn=rate,
        burn_money=Figure(None, f"{CURRENCY}/h"),
        usual=Usual(rate, rate, rate, "none", 0, "no history to compare with"),
        change=None,
        verdict="unknown",
        requests=Figure(None, "requests/min"),
        hour=Series(MINUTE, (), None),
        day=Series(HOUR, (), None),
        total_24h=amount,
        total_7d=amount,
        total_30d=amount,
        money_24h=money,
        money_7d=money,
        money_30d=money,
        month_to_date=amount,
        month_money=money,
        month_start=month.start,
        month_end=month.end,
        budgets=(),
        runway=None,
        forecast=Forecast(
            amount, amount, amount, amount, amount, month.days_left, amount, 0, "no history yet"
        ),
        cost_per_inference=CostPerInference(each, each, 0, DAY),
        attributed=None,
        teams=(),
        models=(),
        alerts=open_alerts(reader, when.now),
        unpriced=(),
        status=read_status(reader, settings, when, _NO_TRUTH),
    )
