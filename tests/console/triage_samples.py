"""Fixed reports of triage, of the same organization."""

from __future__ import annotations

from decimal import Decimal

from agent.domain.cause import Cause
from agent.ledger.kinds import Kind
from agent.reports.triage_report import (
    TRIAGE_KINDS,
    Driver,
    KeyFacts,
    TriageDetail,
    TriageReport,
    TriageRow,
    TriageTable,
)
from tests.console.samples import AT, MODELS, NOW, TEAMS, budget, figure


def _triage_row(value: str, now: str, usual: str, whole: Decimal) -> TriageRow:
    a, b = Decimal(now), Decimal(usual)
    return TriageRow(
        value,
        value,
        figure(now),
        figure(usual),
        a - b,
        a / b - 1 if b else None,
        (a - b) / whole,
        a * 7,
        b * 7,
        False,
    )


KEYS = (
    ("key_search_prod_3", "231.5", "8.2"),
    ("key_support_prod_1", "140.1", "139.0"),
    ("key_recs_prod_2", "120.4", "131.2"),
    ("key_growth_prod_1", "88.2", "86.0"),
    ("key_risk_batch", "61.0", "64.4"),
    ("key_moderation_1", "44.9", "41.0"),
    ("key_data_nightly", "31.3", "60.1"),
    ("key_search_stage", "12.0", "11.5"),
    ("key_labs_dev", "1.25", "0"),
)


def triage_report(within: tuple[Kind, str] | None = None) -> TriageReport:
    """The window in which one key of team search multiplies its requests."""
    whole = Decimal("298.4")
    endpoints = (("/v1/chat/completions", "1190.2", "940.1"), ("/v1/embeddings", "64.0", "22.6"))
    places = (("prod", "1201.0", "880.0"), ("staging", "50.2", "61.0"), ("dev", "19.3", "31.1"))
    projects = (("proj_search_prod", "402.5", "170.0"), ("proj_support", "240.1", "233.4"))
    data = {
        Kind.API_KEY: KEYS,
        Kind.TEAM: TEAMS,
        Kind.MODEL: MODELS,
        Kind.ENDPOINT: endpoints,
        Kind.PROJECT: projects,
        Kind.ENVIRONMENT: places,
    }
    return TriageReport(
        at=AT,
        now=NOW,
        live=True,
        empty="",
        window_s=900,
        start=AT - 900,
        within=within,
        basis="same_weekday_and_hour",
        baseline=((AT - 604_800 - 900, AT - 604_800),),
        basis_sentence="the same weekday and hour of 4 weeks",
        burn=figure("1270.48"),
        usual=figure("972.1"),
        rise=figure("298.4"),
        change=Decimal("0.307"),
        tables=tuple(
            TriageTable(kind, tuple(_triage_row(*row, whole) for row in data[kind])) for kind in TRIAGE_KINDS
        ),
    )


def triage_detail(kind: Kind, value: str) -> TriageDetail:
    """The row taken apart: a retry storm."""
    drivers = (
        Driver(
            "requests",
            "requests",
            Decimal("3460.20"),
            Decimal("1.033"),
            Decimal("1640"),
            Decimal("58"),
            "requests/min",
        ),
        Driver("model_mix", "model mix", Decimal("-41.75"), Decimal("-0.012"), None, None, ""),
        Driver(
            "input_tokens",
            "input tokens",
            Decimal("12.10"),
            Decimal("0.004"),
            Decimal("2210"),
            Decimal("2204"),
            "tokens/request",
        ),
        Driver(
            "output_tokens",
            "output tokens",
            Decimal("-80.05"),
            Decimal("-0.024"),
            Decimal("96"),
            Decimal("310"),
            "tokens/request",
        ),
        Driver(
            "cache_share",
            "cache share",
            Decimal("0"),
            Decimal("0"),
            Decimal("0.412"),
            Decimal("0.415"),
            "share of input",
        ),
        Driver("price", "price", Decimal("0"), Decimal("0"), None, None, ""),
    )
    chain = (
        budget("organization", "org", "40000000", "28104220", 561_600),
        budget("billing_group:discovery", "bg-discovery", "15000000", "8200000", 900_000),
        budget("team:search", "team-search", "8000000", "6100000", 276_000),
    )
    return TriageDetail(
        kind=kind,
        value=value,
        label=value,
        window_s=900,
        now=figure("3472.50", "credits"),
        usual=figure("123.00", "credits"),
        rise=figure("3349.50", "credits"),
        owner="mira.okafor",
        team="search",
        project="proj_search_prod",
        environment="prod",
        cost_center="CC-4410",
        billing_group="discovery",
        department="product",
        requests=24_600,
        errors=9_020,
        error_share=Decimal("0.3667"),
        latency_ms=Decimal("412"),
        first_seen=AT - 9_000_000,
        key=KeyFacts(
            "search-prod-3",
            "sk-...9xQz",
            "svc-search",
            "service_account",
            AT - 9_100_000,
            9_100_000,
            AT - 40,
            None,
        ),
        budgets=chain,
        binding=chain[2],
        drivers=drivers,
        cause=Cause.RETRY_STORM,
        sentence="Requests multiplied 28 times while answers got shorter and 37 % failed: "
        "this looks like a retry storm.",
    )
