"""A notice as the guide's example has it, for tests of routes, channels and delivery."""

from __future__ import annotations

from typing import Any

from agent.domain.money import to_nano
from agent.domain.notice import Notice, NoticeKind

AT = 1_790_003_000


def a_notice(**changes: Any) -> Notice:
    """The guide's alert: payments at 451,200 of 500,000 credits."""
    values: dict[str, Any] = {
        "id": "notice-1",
        "kind": NoticeKind.FIRED,
        "why": "the rule budget reached the tier critical",
        "at": AT,
        "rule": "budget",
        "tier": "critical",
        "severity": "error",
        "state": "firing",
        "dedup_key": "org-1234-bg-payments/critical/2026-09",
        "summary": "payments has burnt 90.24 % of its month",
        "alert": 17,
        "incident": 3,
        "scope_kind": "billing_group",
        "scope": "payments",
        "allocation_id": "org-1234-bg-payments",
        "period": "2026-09",
        "team": "payments",
        "api_key": "key-checkout",
        "environment": "prod",
        "cause": "retry loop",
        "threshold": "0.90",
        "current_nano": to_nano("451200"),
        "expected_nano": to_nano("500000"),
        "monthly_nano": to_nano("500000"),
        "layer": "metered",
        "data_at": AT - 240,
        "binding_cap": "org-1234-bg-payments",
        "runway_s": 11_400,
        "action": {"type": "rate_limit", "params": {"scope": "non-prod", "max_rps": 10}},
        "suggestions": (
            {"lever": "cache", "text": "cache the system prompt", "low": "12000", "high": "31000.5"},
        ),
        "acknowledge_by": AT + 900,
        "acknowledge": "burndeck alerts ack 17",
        "next_command": "burndeck alerts show 17",
        "notify": ("ada@example.com", "#payments-ops"),
    }
    return Notice(**(values | changes))
