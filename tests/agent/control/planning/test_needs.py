from __future__ import annotations

from dataclasses import replace

import pytest

from agent.control.planning import books_of, plan
from agent.control.policy import TWO
from agent.domain.action import Needs
from agent.domain.allocation import Scope
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.rows import BucketRow
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
