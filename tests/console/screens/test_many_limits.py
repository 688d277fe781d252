"""Many requests of the agent behind one cap: told by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.domain.person import Role
from tests.console.acting_world import console_on, open_desk
from tests.console.capped_world import asks_for_limits, near_its_cap
from tests.console.harness import piloted

BELOW = (110, 40)
"""The row in full stands below the table there, with room for a change in a line."""


@pytest.fixture
def finance(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.FINANCE) as made:
        yield made


@piloted
async def test_a_project_is_told_by_its_name_and_in_full_with_its_id(finance):
    asks_for_limits(finance, near_its_cap(finance), ["search-api"])
    async with console_on(finance, "4", size=BELOW) as running:
        await running.until("cap project:search-api at")
        await running.until("cap project:search-api (proj_1) at 66,000 credits a month")
        await running.until("openai/project/search-api (proj_1)", "no spend limit → spend limit 660.00 USD")
        await running.press("A")
        await running.until("openai/project/search-api (proj_1): no spend limit → spend limit 660.00")
