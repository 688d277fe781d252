"""Keys, limits and wishes of a LiteLLM proxy, in short."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from agent.control.gateways.base import Hit
from agent.control.gateways.litellm.fields import state_of
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.gateway import (
    GatewayKey,
    Limit,
    LimitUnit,
    TargetKind,
    TargetState,
)
from agent.settings_gateways import Gateway

GATEWAY = Gateway(kind="litellm", base_url="http://127.0.0.1:4000")
NOW = 1_795_744_800
KEY = {
    "token": "a" * 64,
    "rpm_limit": None,
    "tpm_limit": None,
    "max_parallel_requests": None,
    "blocked": None,
    "models": [],
    "max_budget": None,
    "budget_duration": None,
    "metadata": {"project": "ranker", "share": Decimal("0.1")},
    "settings_updated_at": None,
    "updated_at": "2026-11-27T01:50:01.867000+00:00",
    "spend": Decimal("0.011852"),
}


def exact(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON can say it."""
    return {**values, "metadata": {}, "spend": 0}


def state(**changes: Any) -> TargetState:
    return state_of("litellm", TargetKind.KEY, {**KEY, **changes})


def spec(kind: ActionKind, scope: str = "team:search", **more: Any) -> ActionSpec:
    return ActionSpec(kind, Scope.parse(scope), **more)


def throttle(amount: int, unit: LimitUnit = LimitUnit.RPM, *models: str) -> ActionSpec:
    return spec(ActionKind.THROTTLE, limit=Limit(amount, unit), models=models)


def key(name: str, team: str = "t1") -> GatewayKey:
    return GatewayKey(name, name, labels={"team_id": team} if team else {})


def hit(keys: Sequence[GatewayKey], *others: GatewayKey) -> Hit:
    return Hit(Scope.parse("team:search"), keys, others, {})


ODD = {"model_rpm_limit": {"gpt-4o": "lots"}}


def failed(message: str, code: str = "429", kind: str = "requests", model: str = "gpt-4o") -> dict[str, Any]:
    error = {"error_message": message, "error_code": code, "error_rate_limit_type": kind}
    return {"model_group": model, "metadata": {"error_information": error}}


OF_KEY = failed("litellm.RateLimitError: Rate limit exceeded for api_key: abc. Limit type: requests.")
OF_PROVIDER = failed("litellm.RateLimitError: OpenAIException - You exceeded your current quota", kind="")
