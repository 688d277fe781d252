"""Very many actions that hold are looked at without holding up whoever else wants to write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from agent.control.engine import effects, fall
from agent.control.engine.effects import Watching
from agent.domain.action import ActionState
from agent.domain.gateway import Target, TargetKind
from agent.ledger.action_store import ActionStore
from agent.ledger.writer import LedgerWriter
from tests.agent.control.engine.shop import NOW, RPM, Desk, Life, Shop
from tests.agent.control.engine.test_effects import accepted, burn

TARGETS = [Target("gate", TargetKind.KEY, f"sk-{number}") for number in range(5)]
T = TypeVar("T")


@pytest.fixture
def many(shop: Shop) -> Shop:
    """Every target is held by an action of its own."""
    shop.memory.held = {target: {RPM: None} for target in TARGETS}
    for target in TARGETS:
        accepted(shop, target)
    burn(shop, range(-200, 400))
    return shop


def test_what_all_actions_are_measured_by_is_read_once_a_look(
    many: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = ActionStore.gateway_keys
    monkeypatch.setattr(ActionStore, "gateway_keys", lambda store: (reads.append(1), read(store))[1])

    async def run() -> None:
        await Watching(many.bench()).look(many.writer.actions.open_actions(), NOW + 390)

    asyncio.run(run())

    assert all(each.effect.startswith("no effect") for each in many.writer.actions.open_actions())
    assert len(reads) == 1


def test_whoever_wants_to_write_waits_for_one_action_and_not_for_all(many: Shop) -> None:
    waiting, most = 0, 0

    class Counted(Desk):
        async def write(self, task: Callable[[LedgerWriter], T]) -> T:
            nonlocal waiting, most
            waiting += 1
            most = max(most, waiting)
            try:
                return await super().write(task)
            finally:
                waiting -= 1

    async def run() -> None:
        bench = many.bench()
        bench.desk = Counted(many.writer, Life())
        await Watching(bench).look(many.writer.actions.open_actions(), NOW + 390)

    asyncio.run(run())

    assert most == 1


def test_the_burn_of_an_action_is_not_measured_any_more_once_it_can_tell_nothing_new(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "_pause", lambda looked_s: 0.0)
    measured = []
    measure = fall.burn_since
    monkeypatch.setattr(
        effects, "burn_since", lambda *args, **named: (measured.append(args[2]), measure(*args, **named))[1]
    )
    action = accepted(shop)
    burn(shop, range(-200, 2_000, 5))

    async def run() -> None:
        watching = Watching(shop.bench())
        for after in (600, 1_790, 1_900, 1_910, 9_000):
            await watching.look(shop.writer.actions.open_actions(), NOW + after)

    asyncio.run(run())

    assert measured == [NOW + 600, NOW + 1_790, NOW + 1_900]
    assert shop.state(action.id or 0) is ActionState.ACCEPTED
    assert shop.action(action.id or 0).effect.startswith("no effect")
