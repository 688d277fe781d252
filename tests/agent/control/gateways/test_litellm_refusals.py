"""Which refused calls of a LiteLLM proxy are an action's own doing."""

from __future__ import annotations

from typing import Any

import pytest

from agent.control.gateways.litellm.traffic import Refusals
from agent.domain.gateway import (
    Target,
    TargetKind,
)
from tests.agent.control.gateways.litellm_world import OF_KEY, OF_PROVIDER, failed

OF_TEAM = failed("litellm.RateLimitError: Rate limit exceeded for team: t1. Limit type: requests.")
OF_MODEL = failed("litellm.RateLimitError: Rate limit exceeded for model_per_key: abc:gpt-4o.")
OF_TOKENS = failed("litellm.RateLimitError: Rate limit exceeded for api_key: abc.", kind="tokens")
KEY_BLOCKED = failed("Key is blocked. Update via `/key/unblock` if you're an admin.", "")
TEAM_BLOCKED = failed("Team=t1 is blocked. Update via `/team/unblock` if you're an admin.", "")
BUDGET = failed("Budget has been exceeded! Key=search (sk-...) Current cost: 2, Max budget: 1", kind="budget")
FORBIDDEN = failed("key not allowed to access model. This key can only access models=['o3']", "403")
UNKNOWN = {
    "metadata": {
        "error_information": {
            "error_message": "Authentication Error, Invalid proxy server token passed.",
            "error_code": "401",
            "error_class": "KeyNotFoundError",
        }
    }
}
EVERY = (
    OF_KEY,
    OF_TEAM,
    OF_MODEL,
    OF_TOKENS,
    OF_PROVIDER,
    KEY_BLOCKED,
    TEAM_BLOCKED,
    BUDGET,
    FORBIDDEN,
    UNKNOWN,
    {"metadata": None},
)


@pytest.mark.parametrize(
    ("kind", "fields", "caused"),
    [
        (TargetKind.KEY, {"rpm_limit": 5}, OF_KEY),
        (TargetKind.TEAM, {"rpm_limit": 5}, OF_TEAM),
        (TargetKind.KEY, {"tpm_limit": 5}, OF_TOKENS),
        (TargetKind.KEY, {"model_rpm_limit": {"gpt-4o": 1}}, OF_MODEL),
        (TargetKind.KEY, {"blocked": True}, KEY_BLOCKED),
        (TargetKind.TEAM, {"blocked": True}, TEAM_BLOCKED),
        (TargetKind.KEY, {"max_budget": "1", "budget_duration": "1mo"}, BUDGET),
        (TargetKind.KEY, {"models": ["o3"]}, FORBIDDEN),
        (TargetKind.KEY, {"deleted": True}, UNKNOWN),
    ],
)
def test_only_refusals_of_the_change_itself_count(
    kind: TargetKind, fields: dict[str, Any], caused: dict[str, Any]
) -> None:
    refusals = Refusals.by(Target("litellm", kind, "x"), fields)

    assert [row for row in EVERY if refusals.caused(row)] == [caused]
