"""Fixed alerts for tests of the console: one of every list, beside the organization of `samples`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from agent.reports.alert_badge import AlertBadge, FiringAlert
from agent.reports.alert_board import AlertBoard
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import (
    AlertDetail,
    Command,
    DayPoint,
    Delivery,
    Evidence,
    IncidentEntry,
    MonthSeries,
    SilenceEntry,
    Suggestion,
    TierLine,
    TimelineLine,
)
from agent.reports.burn_report import Runway
from tests.console.samples import ALERTS, AT, NOW, STATUS, _series, budget, figure

SPIKE = replace(
    ALERTS[0],
    environment="prod",
    severity="error",
    acknowledge_by=AT - 840 + 1_500,
    told_at=AT - 840,
    told=1,
    above=Decimal("3349.5"),
    incident=4,
    summary="retry storm: search-prod-3 (team search) burns 231.5 credits/min, 28.2x the usual 8.2; "
    "28x the usual requests, answers shorter, 37 % failed",
)
BUDGET = replace(
    ALERTS[1], unit="credits", expected=Decimal(8_000_000), escalated_at=AT - 3_600, told=2, incident=4
)
HARD_CAP = replace(
    BUDGET,
    id=3,
    tier="hard_cap",
    scope_kind="billing_group",
    scope="growth",
    allocation_id="org-1-bg-growth",
    team="",
    started_at=AT - 60,
    fired_at=AT - 60,
    acknowledge_by=AT + 840,
    escalated_at=None,
    current=Decimal(2_000_000),
    expected=Decimal(2_000_000),
    threshold="1.00",
    summary="org-1-bg-growth has burnt 100.0% of its 2,000,000 credits for 2026-09: 100 % is reached",
    incident=None,
)
PENDING = replace(
    SPIKE,
    id=5,
    tier="warning",
    state="pending",
    scope_kind="model",
    scope="o3",
    api_key="",
    team="",
    fired_at=None,
    started_at=AT - 60,
    acknowledge_by=None,
    above=Decimal(0),
    summary="model o3 burns 88.0 credits/min, 1.4x the usual 63.0; more requests",
    incident=None,
)
TAKEN = replace(
    SPIKE,
    id=6,
    rule="cache",
    tier="warning",
    state="acknowledged",
    scope_kind="team",
    scope="growth",
    team="growth",
    api_key="",
    acknowledged_at=AT - 1_200,
    acknowledged_by="bo.lindqvist",
    acknowledge_by=None,
    summary="cache collapse: team growth reads 3 % of its input from the cache instead of 41 %",
    cause="cache_collapse",
    incident=None,
)
MUTED = replace(
    SPIKE,
    id=7,
    tier="warning",
    scope_kind="team",
    scope="labs",
    team="labs",
    api_key="",
    muted_by="silence:3",
    told=0,
    summary="team labs burns 12.5 credits/min, where nothing is usual; more requests",
    incident=None,
)
OVER = replace(
    SPIKE,
    id=8,
    state="resolved",
    scope="key_growth_prod_1",
    api_key="key_growth_prod_1",
    team="growth",
    started_at=AT - 200_000,
    fired_at=AT - 199_940,
    resolved_at=AT - 197_000,
    acknowledge_by=None,
    summary="key growth-prod-1 of team growth burnt 140 credits/min instead of 86: more requests",
    incident=None,
)
SILENCE = SilenceEntry(
    id=3,
    state="active",
    author="ada",
    reason="load test until noon",
    matchers={"team": "labs", "rule": "burn_spike"},
    starts_at=AT - 1_800,
    ends_at=AT + 5_400,
    ended_at=None,
    ended_why="",
    burnt=Decimal("188"),
    limit=Decimal(1_000),
    mutes=1,
)
BOARD = AlertBoard(
    at=AT,
    now=NOW,
    live=True,
    empty="",
    active=(HARD_CAP, SPIKE, BUDGET, PENDING),
    acknowledged=(TAKEN,),
    muted=(MUTED,),
    history=(OVER,),
    silences=(SILENCE,),
    status=STATUS,
)


def badge(*entries: AlertEntry) -> AlertBadge:
    """What fires; by default everything on the board that nobody has taken."""
    firing = entries or (HARD_CAP, SPIKE, BUDGET)
    return AlertBadge(
        tuple(FiringAlert(e.id, e.tier, e.team, e.summary, e.fired_at or e.started_at) for e in firing)
    )


def board(at: int | None = None) -> AlertBoard:
    """The board now, or at an instant that is over."""
    return BOARD if at is None else replace(BOARD, at=at, live=False)


INCIDENT = IncidentEntry(
    4, SPIKE.summary, "team:search", "critical", "retry_storm", AT - 840, None, Decimal("3349.5"), 2
)
TIMELINE = (
    TimelineLine(AT - 840, "fired", "agent", f"critical: {SPIKE.summary}", 1),
    TimelineLine(AT - 840, "told", "agent", "fired: slack #llm-spend (the rule burn spike reached it)", 1),
    TimelineLine(AT - 300, "note", "mira.okafor", "rolling back the retrieval release", 1),
)
DELIVERIES = (
    Delivery("fired", "slack", "#llm-spend", "sent", 1, AT - 840, AT - 840, AT - 838, "1718.22", ""),
    Delivery("fired", "pager", "", "waiting", 2, AT - 840, NOW + 60, None, "", "connection refused"),
    Delivery("fired", "hook", "", "gone", 1, AT - 840, AT - 840, None, "", "the receiver answered 410"),
)


def detail(ident: int) -> AlertDetail:
    """An alert of the board in full."""
    entry = BOARD.entry(ident)
    assert entry is not None
    of_budget = entry.unit == "credits"
    unit = entry.unit
    return AlertDetail(
        at=AT,
        now=NOW,
        entry=entry,
        sentence="28x the usual requests, answers shorter, 37 % failed",
        current=figure(entry.current, unit),
        expected=figure(entry.expected, unit),
        above=figure(entry.above, "credits"),
        evidence=(Evidence("deviations", "25.06"), Evidence("share of rise", "78 %")),
        series=None if of_budget else _series(60, 60, 44),
        month=_month() if of_budget else None,
        incident=INCIDENT if entry.incident else None,
        others=tuple(e for e in (SPIKE, BUDGET) if e.id != ident) if entry.incident else (),
        timeline=TIMELINE if entry.incident else (),
        deliveries=DELIVERIES if entry.id == SPIKE.id else (),
        silence=SILENCE if entry.muted_by else None,
        budgets=(budget("team:search", "team-search", "8000000", "6100000", 276_000),),
        runway=Runway(
            "team-search", "hard", False, 276_000, AT + 276_000, "team-search reaches its hard cap in 3 d 4 h"
        ),
        suggestions=(
            Suggestion("S101-3", "cap the retries of key search-prod-3", Decimal(1200), Decimal(5400)),
        ),
        commands=(
            Command(
                "burndeck triage --within team:search --of key:key_search_prod_3", "whose burn it is, and why"
            ),
            Command(f"burndeck alerts ack {ident}", "take it: no repeats, no escalation"),
        ),
    )


def _month() -> MonthSeries:
    start, day = 1_788_220_800, 86_400
    points = tuple(
        DayPoint(start + (place + 1) * day, Decimal(290_000 * (place + 1)) if place < 21 else None)
        for place in range(30)
    )
    tiers = (("warning", "0.70"), ("critical", "0.90"), ("hard_cap", "1.00"))
    monthly = Decimal(8_000_000)
    return MonthSeries(
        start=start,
        end=start + 30 * day,
        points=points,
        monthly=monthly,
        tiers=tuple(
            TierLine(name, Decimal(share), Decimal(share) * monthly, reached=share == "0.70")
            for name, share in tiers
        ),
    )
