from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from agent.control.planning import books_of, plan
from agent.control.policy import TWO
from agent.domain.action import ActionKind, ActionSpec, Needs
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.domain.money import NANO
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.rows import BucketRow
from agent.settings_schema import Organization
from tests.agent.control.court import NOW, THROTTLE, Court

HOUR = 3_600
CALLS_A_MINUTE = 100


@pytest.mark.parametrize(("amount", "expected"), [(4, TWO), (5, TWO), (6, ()), (50, ())])
def test_a_throttle_that_would_have_refused_nearly_all_calls_of_production_takes_two(
    court: Court, amount: int, expected: Needs
) -> None:
    who = Dimensions("openai", api_key="sk-prod", team="search", environment="prod")
    service = Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions")
    row = BucketRow(NOW - HOUR, HOUR, who, service, CALLS_A_MINUTE * 60, 10, 0, 10, 0, 10**9)
    court.writer.write_usage_window("openai", NOW - HOUR, NOW, {"completions": [row]}, read_at=NOW)
    spec = replace(
        THROTTLE, scope=Scope.parse("api_key:sk-prod"), non_prod=False, limit=Limit(amount, LimitUnit.RPM)
    )

    made = plan(books_of(court.writer), court.settings, spec, NOW)

    assert made.production
    assert (made.requests, made.refused) == (6_000, (CALLS_A_MINUTE - amount) * 60)
    assert made.needs == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({"max_budget": "500", "budget_duration": "1mo"}, ()),
        ({"max_budget": "100.00", "budget_duration": "1mo"}, ()),
        ({"max_budget": None, "budget_duration": None}, ()),
        ({"max_budget": "99.99", "budget_duration": "1mo"}, TWO),
        ({"max_budget": "9", "budget_duration": "1mo"}, TWO),  # as texts the other way round
        ({"max_budget": "500", "budget_duration": None}, TWO),  # in all, and never again
        ({"max_budget": "500", "budget_duration": "1d"}, TWO),
    ],
)
def test_a_lower_cap_beside_production_takes_nobody_elses_word_at_a_proxy_either(
    court: Court, held: Mapping[str, object], expected: Needs
) -> None:
    key = GatewayKey("sk-dev", "sk-dev", "search dev", "search", "", "dev")
    state = TargetState(Target("gate", TargetKind.KEY, "sk-dev"), held, "v1")
    court.writer.actions.save_inventory("gate", Inventory([key], [state]), NOW)
    settings = replace(court.settings, organization=Organization(usd_per_credit=Decimal("0.01")))
    spec = ActionSpec(ActionKind.CAP, Scope.parse("api_key:sk-dev"), amount_nano=10_000 * NANO)

    assert plan(books_of(court.writer), settings, spec, NOW).needs == expected
