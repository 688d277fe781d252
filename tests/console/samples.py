"""Fixed reports for tests of the console: a believable organization at one instant."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

from agent.domain.usage import Layer
from agent.ledger.kinds import Kind
from agent.reports.alert_list import AlertEntry
from agent.reports.burn_report import (
    Budget,
    BurnReport,
    BurnRow,
    CostPerInference,
    Forecast,
    Point,
    Runway,
    Series,
    UnpricedRow,
    Usual,
)
from agent.reports.figure import Figure
from agent.reports.status import AgentState, LayerShare, SourceState, Status

AT = 1_789_990_200  # 21 Sep 2026 11:30 UTC
NOW = AT + 72
TEAMS = (
    ("search", "412.5", "181.0"),
    ("support-bots", "240.1", "233.4"),
    ("recommendations", "196.4", "204.9"),
    ("growth", "121.0", "118.2"),
    ("risk-scoring", "96.2", "101.7"),
    ("content-moderation", "74.9", "70.2"),
    ("data-platform", "51.3", "88.0"),
    ("payments", "38.8", "37.1"),
    ("mobile", "22.4", "21.9"),
    ("internal-tools", "9.61", "9.20"),
    ("", "6.02", "5.80"),
    ("labs", "1.25", "0"),
)
MODELS = (
    ("gpt-5", "522.8", "402.7"),
    ("gpt-4.1", "288.4", "280.0"),
    ("gpt-4o-2024-08-06", "201.0", "169.3"),
    ("gpt-5-mini", "124.7", "121.4"),
    ("o3", "66.2", "63.0"),
    ("text-embedding-3-large", "38.1", "12.6"),
    ("gpt-4.1-mini", "21.0", "20.8"),
    ("gpt-image-1", "8.30", "9.90"),
)


def figure(text: str | Decimal | None, unit: str = "credits/min", layer: Layer = Layer.METERED) -> Figure:
    """A figure of the sample's newest minute."""
    return Figure(None if text is None else Decimal(text), unit, layer, AT)


def _wave(place: float) -> Decimal:
    wave = 972 + 160 * math.sin(place / 7) + 60 * math.sin(place * 1.7)
    return Decimal(wave).quantize(Decimal("0.01"))


def _series(step_s: int, count: int, spike_from: int) -> Series:
    points = []
    for place in range(count):
        expected = Decimal(round(950 + 120 * math.sin(place / count * 6.28)))
        value = _wave(place) + (Decimal(14) * (place - spike_from) if place >= spike_from else 0)
        points.append(
            Point(
                AT - (count - place) * step_s,
                value,
                expected,
                expected * Decimal("0.82"),
                expected * Decimal("1.18"),
            )
        )
    return Series(step_s, tuple(points), Layer.METERED)


def _row(kind: Kind, name: str, now: str, usual: str) -> BurnRow:
    a, b = Decimal(now), Decimal(usual)
    line = tuple(
        b * Decimal(round(1 + 0.2 * math.sin(minute / 3 + len(name)), 3)) + (a - b) * minute / 60
        for minute in range(60)
    )
    return BurnRow(
        kind=kind,
        name=name,
        now=figure(now),
        usual=figure(usual),
        change=a / b - 1 if b else None,
        share=a / Decimal("1270.48"),
        sparkline=line,
        day=figure(a * 1300, "credits"),
        requests=a * 7,
    )


def budget(scope: str, allocation: str, monthly: str, used: str, hard_s: int | None) -> Budget:
    """An allocation with caps at 70 % and 100 %."""
    share = Decimal(used) / Decimal(monthly)
    return Budget(
        allocation_id=allocation,
        scope=scope,
        monthly=figure(monthly, "credits"),
        used=figure(used, "credits"),
        share=share,
        soft_cap=Decimal("0.70"),
        hard_cap=Decimal("1.00"),
        state="hard" if share >= 1 else "soft" if share >= Decimal("0.7") else "ok",
        burn=figure("412.5"),
        burn_s=300,
        soft_runway_s=0 if share >= Decimal("0.7") else 200_000,
        hard_runway_s=hard_s,
    )


STATUS = Status(
    layers=(LayerShare(Layer.METERED, Decimal("0.97")), LayerShare(Layer.ESTIMATED, Decimal("0.03"))),
    data_as_of=AT,
    age_s=NOW - AT,
    agent=AgentState("alive", 4242, "host", "0.1.0", 3),
    sources=(SourceState("openai", "openai", "openai", "ok", "", "", AT, NOW - 5, None),),
)
ALERTS = (
    AlertEntry(
        1,
        "burn_spike",
        "critical",
        "firing",
        "api_key",
        "key_search_prod_3",
        "",
        AT - 900,
        AT - 840,
        None,
        AT,
        Decimal("231.5"),
        Decimal("8.2"),
        "3",
        "key_search_prod_3",
        "search",
        "retry_storm",
        "key search-prod-3 of team search burns 231 credits/min instead of 8: "
        "requests multiplied (retry storm)",
    ),
    AlertEntry(
        2,
        "budget",
        "warning",
        "firing",
        "team",
        "search",
        "team-search",
        AT - 90_000,
        AT - 90_000,
        None,
        AT,
        Decimal("6100000"),
        Decimal("0"),
        "0.70",
        "",
        "search",
        "",
        "team-search has used 76 % of its 8.00M credits for September",
    ),
)


def burn_report() -> BurnReport:
    """A spike in team search, a soft cap passed, one unpriced model."""
    return BurnReport(
        at=AT,
        now=NOW,
        live=True,
        empty="",
        organization="Example Corp",
        currency="USD",
        measured_over_s=300,
        burn=figure("1270.48"),
        burn_money=figure("762.29", "USD/h"),
        usual=Usual(
            figure("972.1"),
            figure("797"),
            figure("1147"),
            "hour_of_week",
            4,
            "same hour of the week, 4 weeks",
        ),
        change=Decimal("0.307"),
        verdict="above",
        requests=figure("8893", "requests/min"),
        hour=_series(60, 60, 44),
        day=_series(3600, 24, 22),
        total_24h=figure("1402210", "credits"),
        total_7d=figure("9120455", "credits"),
        total_30d=figure("39004112", "credits"),
        money_24h=figure("14022.10", "USD"),
        money_7d=figure("91204.55", "USD"),
        money_30d=figure("390041.12", "USD"),
        month_to_date=figure("28104220", "credits", Layer.BILLED),
        month_money=figure("281042.2", "USD"),
        month_start=1_788_220_800,
        month_end=1_790_812_800,
        budgets=(
            budget("organization", "org", "40000000", "28104220", 561_600),
            budget("team:search", "team-search", "8000000", "6100000", 276_000),
        ),
        runway=Runway(
            "team-search", "hard", False, 276_000, AT + 276_000, "team-search reaches its hard cap in 3 d 4 h"
        ),
        forecast=Forecast(
            figure("40912000", "credits"),
            figure("41200500", "credits"),
            figure("38900000", "credits"),
            figure("43100000", "credits"),
            figure("1341000", "credits"),
            9,
            figure("0", "credits"),
            45,
            "month to date + average of 14 days x days left",
        ),
        cost_per_inference=CostPerInference(
            figure("0.1534", "credits"), figure("0.1429", "credits"), 9_140_000, 86_400
        ),
        attributed=Decimal("0.9952"),
        teams=tuple(_row(Kind.TEAM, *row) for row in TEAMS),
        models=tuple(_row(Kind.MODEL, *row) for row in MODELS),
        alerts=ALERTS,
        unpriced=(UnpricedRow("ft:gpt-4o-mini:acme", 412, 90_000, 31_000),),
        status=STATUS,
    )


def empty_report() -> BurnReport:
    """A ledger without a row."""
    return replace(
        burn_report(),
        empty="The ledger has no usage yet. Start the agent: burndeck agent start",
        teams=(),
        models=(),
    )
