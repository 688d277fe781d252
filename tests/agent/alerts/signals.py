"""Alerts as values, for tests that need no ledger."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from agent.domain.alert import Alert, AlertRule, AlertState, Signal

SPIKE = Signal(
    fingerprint="burn_spike:api_key:1",
    rule=AlertRule.BURN_SPIKE,
    tier="critical",
    at=600,
    scope_kind="api_key",
    scope="key_a",
    current_nano=5 * 10**9,
    expected_nano=10**9,
    threshold=Decimal("0.5"),
    team="search",
    api_key="key_a",
    summary="team search burns",
)


def firing(ident: int = 1, **signal: object) -> Alert:
    """A firing alert on a spike, some of it otherwise; `told` says whether people know."""
    told = signal.pop("told", True)
    incident = signal.pop("incident", 1)
    made = replace(SPIKE, **signal)  # type: ignore[arg-type]
    return Alert(
        made,
        AlertState.FIRING,
        started_at=0,
        fired_at=0,
        id=ident,
        told_at=0 if told else None,
        told=int(bool(told)),
        incident=incident,  # type: ignore[arg-type]
    )
