"""How grave a message is, by tier and by whether it is production that burns."""

from __future__ import annotations

import pytest

from agent.domain.alert import AlertRule
from agent.domain.severity import severity


@pytest.mark.parametrize(
    ("rule", "tier", "environment", "expected"),
    [
        ("budget", "info", "", "info"),
        ("budget", "warning", "prod", "warning"),
        ("budget", "critical", "prod", "error"),
        ("budget", "hard_cap", "", "critical"),
        ("budget", "hard_cap", "dev", "error"),
        ("errors", "warning", "staging", "info"),
        ("errors", "info", "staging", "info"),
        ("burn_spike", "warning", "dev", "warning"),  # its tier is milder already
    ],
)
def test_the_tier_is_milder_where_nothing_productive_burns(
    rule: str, tier: str, environment: str, expected: str
) -> None:
    assert severity(AlertRule(rule), tier, environment) == expected
