"""Every question that a shipped runbook asks has an answer, also where nothing has burnt yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.domain.run import Evidence
from agent.domain.runbook import Runbook, Step
from agent.ledger.reader import LedgerReader
from agent.runbooks.asking import Context
from agent.runbooks.conditions import CONDITIONS
from agent.runbooks.filling import fill_given
from agent.runbooks.queries import QUERIES
from tests.agent.process.override import Override
from tests.runbooks.test_shipped import SHIPPED, shipped

VALUES = {
    "scope": "billing_group:payments",
    "key": "key_wallet",
    "successor": "key_2",
    "team": "wallet",
    "model": "gpt-5",
    "allocation": "org-1234-bg-payments",
    "monthly": "1,200,000",
    "alert": "1",
    "incident": "1",
    "run": "1",
    "started": "2026-11-11 09:00 UTC",
}
"""What a run could know; what it does not say here has a default."""


@pytest.fixture(scope="module", params=["nothing has burnt", "a cap is reached"])
def context(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    world = Override(tmp_path_factory.mktemp("ledger") / "ledger.sqlite")
    if request.param == "a cap is reached":
        world.reach_the_cap()
    with LedgerReader(world.office.path) as reader:
        yield Context(reader, world.office.settings, world.clock.now())
    world.office.writer.close()


def answers(context: Context, runbook: Runbook, step: Step) -> Iterator[Evidence]:
    """What the agent finds for all that a step asks and tests."""
    values = {each.name: each.default for each in runbook.parameters if each.default} | VALUES
    for ask in step.asks:
        query = QUERIES[ask.report]
        yield query.ask(context, fill_given(ask.using, values, query.parameters))
    for test in (*step.requires, *((step.test,) if step.test else ())):
        condition = CONDITIONS[test.condition]
        yield condition.test(context, fill_given(test.using, values, condition.parameters)).evidence


@pytest.mark.parametrize("ident", SHIPPED)
def test_every_question_is_answered_in_a_sentence(context: Context, ident: str) -> None:
    runbook = shipped(ident)
    for step in runbook.steps:
        for found in answers(context, runbook, step):
            assert found.sentence, f"{step.seq}: {found.name}"
