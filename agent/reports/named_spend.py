"""Named reports of what was spent, on what and by whom."""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_UP, Decimal

from agent.analytics.anomaly import OddDay, robust_anomalies, seed_anomalies
from agent.domain.money import to_credits
from agent.ledger.kinds import Kind
from agent.reports.figure import share_of
from agent.reports.moment import DAY, HOUR
from agent.reports.named_scope import Ask
from agent.reports.table import Table

_SIX = Decimal("0.000001")
_TENTH = Decimal("0.1")
_TOP = 10
_LEVELS = (
    Kind.BILLING_GROUP,
    Kind.DEPARTMENT,
    Kind.TEAM,
    Kind.COST_CENTER,
    Kind.PROJECT,
    Kind.ENVIRONMENT,
    Kind.API_KEY,
    Kind.USER,
)


def credits_per_team(ask: Ask) -> Table:
    """The guide's first report."""
    span = ask.hours(30)
    rows = [
        (
            row["team"],
            to_credits(row["credits_nano"]),
            row["completions"],
            _each(row["credits_nano"], row["completions"]),
        )
        for row in ask.reader.rows("report_credits_per_team", span)
    ]
    columns = ("team", "credits_consumed_30d", "completion_count_30d", "credits_per_inference")
    return ask.table(columns, rows, start=span["start"], note="all credits / completions")


def top_drivers(ask: Ask) -> Table:
    """The guide's second report."""
    span = ask.hours(7)
    rows = [
        (row["model_name"], row["team"], to_credits(row["credits_nano"]), row["requests"])
        for row in ask.reader.rows("report_top_drivers", {**span, "most": _TOP})
    ]
    columns = ("model_name", "team", "credits_week", "request_count")
    return ask.table(columns, rows, start=span["start"])


def anomalies(ask: Ask) -> Table:
    """The guide's third report."""
    odd = seed_anomalies(_team_days(ask, 60), ask.today // DAY)
    columns = ("day", "team", "credits", "mean_credits", "std_credits", "z_score")
    return ask.table(columns, [_odd_row(each) for each in odd], start=_days_ago(ask, 60), finding=bool(odd))


def anomalies_robust(ask: Ask) -> Table:
    """The guide's third report without its blind spots."""
    today = ask.today // DAY
    odd = robust_anomalies(_team_days(ask, 90), today - 60, today)
    columns = ("day", "team", "credits", "median_credits", "spread_credits", "score")
    note = "each day against the median of the 30 days before it"
    rows = [_odd_row(each) for each in odd]
    return ask.table(columns, rows, start=_days_ago(ask, 60), note=note, finding=bool(odd))


def _days_ago(ask: Ask, days: int) -> int:
    return ask.today - days * DAY


def _team_days(ask: Ask, days: int) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    span = {**ask.whole_days(1), "start": _days_ago(ask, days)}
    for row in ask.reader.rows("report_team_days", span):
        found.setdefault(row["team"], {})[row["day"] // DAY] = row["credits_nano"]
    return found


def _odd_row(odd: OddDay) -> tuple[str, str, Decimal, Decimal, Decimal, Decimal]:
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=odd.day)
    centre, spread = to_credits(round(odd.centre)), to_credits(round(odd.spread))
    score = Decimal(odd.score).quantize(_SIX)
    return day.isoformat(), odd.name, to_credits(odd.credits_nano), centre, spread, score


def models(ask: Ask) -> Table:
    """What each model did and cost."""
    span = ask.whole_days(30)
    rows = [
        (
            row["model"],
            row["requests"],
            row["tokens_input"],
            row["tokens_cached"],
            row["tokens_output"],
            row["unpriced"],
            to_credits(row["credits_nano"]),
        )
        for row in ask.reader.rows("report_models", span)
    ]
    columns = (
        "model_name",
        "request_count",
        "tokens_input",
        "tokens_input_cached",
        "tokens_output",
        "unpriced_requests",
        "credits",
    )
    return ask.table(columns, rows, start=span["start"])


def request_summary(ask: Ask) -> Table:
    """Errors and latency by endpoint."""
    span = {"start": (ask.at - DAY) // HOUR * HOUR, "end": ask.until}
    rows = []
    for row in ask.reader.rows("report_requests", span):
        known = row["latency_count"]
        latency = (Decimal(row["latency_ms"]) / known).quantize(_TENTH) if known else None
        share = share_of(row["errors"], row["requests"]) if known or row["errors"] else None
        credits_ = to_credits(row["credits_nano"])
        rows.append((row["endpoint"], row["requests"], row["errors"], share, latency, credits_))
    columns = ("endpoint", "request_count", "error_count", "error_share", "mean_latency_ms", "credits")
    note = "errors and latency come from events only; a provider's usage does not tell them"
    return ask.table(columns, rows, start=span["start"], note=note)


def levels(ask: Ask) -> Table:
    """Credits at every level of the hierarchy."""
    span = ask.whole_days(30)
    found = ask.reader.rows("report_levels", {**span, "kinds": [int(kind) for kind in _LEVELS]})
    whole: dict[int, int] = {}
    for row in found:
        whole[row["kind"]] = whole.get(row["kind"], 0) + row["credits_nano"]
    order = {kind: place for place, kind in enumerate(_LEVELS)}
    rows = [
        (
            Kind(row["kind"]).name.lower(),
            row["value"],
            row["requests"],
            to_credits(row["credits_nano"]),
            share_of(row["credits_nano"], whole[row["kind"]]),
        )
        for row in sorted(found, key=lambda row: (order[Kind(row["kind"])], -row["credits_nano"]))
    ]
    return ask.table(("level", "name", "request_count", "credits", "share"), rows, start=span["start"])


def _each(nano: int, count: int) -> Decimal | None:
    """Credits each, to the sixth decimal as the guide rounds; None of nothing."""
    return (to_credits(nano) / count).quantize(_SIX, ROUND_HALF_UP) if count else None
