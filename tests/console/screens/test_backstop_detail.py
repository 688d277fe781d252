"""What an opened allocation says of the provider's own limit behind its cap."""

from __future__ import annotations

from pathlib import Path

from agent.domain.person import Role
from tests.console.acting_world import console_on, open_desk
from tests.console.harness import piloted


@piloted
async def test_an_opened_allocation_says_whether_a_native_limit_stands_behind_its_cap(
    template: Path, tmp_path: Path, quick: None, ada: None
):
    with open_desk(template, tmp_path, Role.FINANCE) as desk:
        async with console_on(desk, "5") as running:
            await running.until("pool 800k")
            await running.press("j", "j", "enter", "end")
            await running.until("58.0k left ◀ binds", "behind", "none: no gateway that has limits of its own")
