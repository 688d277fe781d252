"""From any screen to any other, as often as anybody likes."""

from __future__ import annotations

from tests.console.acting_world import console_on
from tests.console.harness import piloted
from tests.console.screens.runbook.test_from_an_alert import alone
from tests.console.screens.runbook.world import RunDesk

__all__ = ["alone"]

WALKS = ("3r3", "3i3", "7i7", "4i4", "3iri", "3r7i7", "i7i")


@piloted
async def test_no_way_from_screen_to_screen_leads_into_a_crash(alone: RunDesk) -> None:
    async with console_on(alone, "a", size=(120, 40)) as running:
        await running.until("retry storm: search-prod")
        for walk in WALKS:
            for key in walk:
                await running.press(key)
        await running.press("1")
        await running.until("BURN NOW")
