"""Pictures of what the agent asks for behind one cap: folded, unfolded, and the form that decides on all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from agent.domain.person import Role
from console.deck import BurndeckApp
from tests.console.acting_world import AT, Desk, block, open_desk, real_link
from tests.console.capped_world import asks_for_limits, near_its_cap
from tests.console.harness import Console

SMALL, WIDE = (80, 24), (120, 40)
READ = "spend limit 660.00"
STATES = {
    "folded": (("4", READ), ()),
    "unfolded": (("4", READ), ("enter", "j", "j")),
    "approve": (("4", READ), ("A", "6")),
}
LAST = {"folded": "Enter unfold", "unfolded": "cap project:search-batch", "approve": "the number of requests"}


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[Desk]:
    """Two caps with limits that wait, and what bo asked for among them; ada of finance is here."""
    with open_desk(template, tmp_path, Role.FINANCE) as made:
        asks_for_limits(made, near_its_cap(made))
        made.asked(block())
        support, later = near_its_cap(made, "team:support"), AT - 300
        asks_for_limits(
            made,
            support,
            ("helpdesk", "chat", "faq"),
            first=11,
            requested_at=later,
            approve_by=later + 14_400,
        )
        yield made


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", STATES)
def test_limits(snap_compare, desk, state, size):
    (first, read), keys = STATES[state]

    async def go(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, BurndeckApp)
        running = Console(pilot.app, pilot.app.live, pilot)
        await running.until("BURN NOW")
        await running.press(first)
        await running.until("Waiting 10")
        while pilot.app.acting != (0, 10, 0):
            await pilot.pause(0.01)
        await running.press("g")
        await running.until("6 project limits", read)
        await running.press(*keys)
        await running.until(LAST[state])
        await running.settle()

    assert snap_compare(BurndeckApp(real_link(desk)), terminal_size=size, run_before=go)
