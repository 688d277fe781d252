"""Pictures of a run: answered, to decide, to act, failed, waiting, asking for approval, and the lists."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from agent.domain.person import Role
from console import themes
from console.deck import BurndeckApp
from tests.console.acting_world import real_link
from tests.console.harness import ADA, Console
from tests.console.screens.runbook import world
from tests.console.screens.runbook.world import BO, RunDesk, open_run_desk

SMALL, WIDE, LARGE = (80, 24), (120, 40), (200, 60)
SIZES = [SMALL, WIDE]
NAMES = ["80x24", "120x40"]
REQUIRED = world.ACTION.replace(
    'with = {{ scope = "{{scope}}"',
    'requires = [{{ condition = "alert-firing", with = {{ alert = "1" }} }}]\nwith = {{ scope = "{{scope}}"',
)


@pytest.fixture
def desk(template: Path, tmp_path: Path, ada: None) -> Iterator[RunDesk]:
    """Ada before it, who is on call and answers for finance."""
    with open_run_desk(template, tmp_path, Role.OPERATOR, Role.FINANCE) as made:
        yield made


STATES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    # steps, keys in the run, what is waited for
    "answered": ((world.QUERY, world.DECISION, world.ACTION, world.NOTE), ("k",), ("What burns: keys",)),
    "decision": ((world.QUERY, world.DECISION, world.ACTION, world.NOTE), (), ("Enter chooses",)),
    "choice": ((world.QUERY, world.DECISION, world.ACTION, world.NOTE), ("enter",), ("Esc leave",)),
    "action": ((world.QUERY, REQUIRED, world.WAIT, world.NOTE), (), ("Enter shows", "Alert 1 fires")),
    "preview": (
        (world.QUERY, world.ACTION, world.WAIT, world.NOTE),
        ("enter", "@Enter goes on", "enter"),
        ("Enter again",),
    ),
    "failed": ((world.CHECK, world.NOTE), (), ("▲ failed",)),
    "wait": ((world.QUERY, world.WAIT, world.NOTE), (), ("time is up in",)),
    "approval": ((world.QUERY, world.APPROVAL, world.NOTE), (), ("Enter agrees", "? 1 to approve")),
}


def _shown(
    first: tuple[str, ...], *keys: str, until: tuple[str, ...]
) -> Callable[[Pilot[None]], Coroutine[Any, Any, None]]:
    """Goes where keys lead, and waits until all of it is shown."""

    async def go(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, BurndeckApp)
        running = Console(pilot.app, pilot.app.live, pilot)
        await running.until("BURN NOW")
        await running.press("7")
        await running.until(*first)
        for key in keys:
            await (running.until(key[1:]) if key.startswith("@") else running.press(key))
        await running.until(*until)
        await running.known()
        await running.settle()

    return go


def _app(desk: RunDesk, theme: str = themes.DARK.name) -> BurndeckApp:
    made = BurndeckApp(real_link(desk))
    made.theme = theme
    return made


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
@pytest.mark.parametrize("state", STATES)
def test_run(snap_compare, desk, state, size):
    steps, keys, until = STATES[state]
    desk.fires()
    desk.start(*steps, by=BO if state == "approval" else ADA, alert=1, scope="team:search")
    go = _shown(("Cost spike, tried",), "enter", "@held by", *keys, until=until)
    assert snap_compare(_app(desk), terminal_size=size, run_before=go)


def test_run_large(snap_compare, desk):
    """The first evidence on a large terminal, in the colours of day."""
    steps, keys, until = STATES["answered"]
    desk.fires()
    desk.start(*steps, alert=1, scope="team:search")
    go = _shown(("Cost spike, tried",), "enter", "@held by", *keys, until=until)
    assert snap_compare(_app(desk, themes.LIGHT.name), terminal_size=LARGE, run_before=go)


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_lists(snap_compare, desk, size):
    desk.fires()
    desk.start(world.QUERY, world.DECISION, by=BO, alert=1)
    desk.start(world.ACTION, drill=True)
    go = _shown(
        ("Open runs 2",), until=("drill:", "2 runs", "Enter opens it", "waits for its holder", "library 13")
    )
    assert snap_compare(_app(desk), terminal_size=size, run_before=go)
