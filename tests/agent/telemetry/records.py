"""The record of usage that tests of the intake start from."""

from __future__ import annotations

from typing import Any

LATEST = 4_000_000_000  # a row may be this late

RECORD: dict[str, Any] = {
    "timestamp": "2026-03-01T12:00:00.250000Z",
    "request_id": "req-1",
    "api_key_id": "key-1",
    "model_name": "gpt-5-2025-08-07",
    "operation_type": "chat",
    "units_consumed": {"input": 1000, "output": 200, "cached": 400},
    "credits_consumed": None,
    "usage_labels": {"team": "search", "cost_center": "CC-1", "project": "p1", "environment": "prod"},
    "response_latency_ms": 812.4,
    "error_code": None,
}


def record(**changes: Any) -> dict[str, Any]:
    return RECORD | changes
