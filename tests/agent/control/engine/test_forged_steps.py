"""Steps that somebody writes beside an action, or changes while it is under way, spoil none of its undo."""

from __future__ import annotations

import asyncio

import pytest

from agent.control.engine import Executor
from agent.control.engine.executor import AT_ONCE
from agent.domain.action import ActionState
from agent.domain.gateway import Target, TargetKind, TargetState
from tests.agent.control.build import tamper
from tests.agent.control.engine.shop import HOUR, KEY, NOW, OTHER, QUICK, RPM, MemoryLink, Shop

BETWEEN_LOOKS = 200  # turns of the loop, in which steps are undone
HELD = "UPDATE action_step SET state = 'applied' WHERE action = 2"
COPIED = (
    "CREATE TEMP TABLE a AS SELECT * FROM action WHERE id = 1",
    "UPDATE a SET id = 9, state = 'expired', ended_at = 1",
    "INSERT INTO action SELECT * FROM a",
    "INSERT INTO action_step SELECT 9, seq, gateway, target_kind, target, '{\"rpm_limit\":5}', want, "
    "version, 'applied', detail, at FROM action_step WHERE action = 1",
)


def time_up(shop: Shop, ident: int) -> None:
    """The agent looks now and then after the time of an action is up, until it is over."""

    async def run() -> None:
        bench = shop.bench()
        executor = Executor(bench, QUICK)
        for turn in range(5_000):
            if turn % BETWEEN_LOOKS == 0:
                await executor.tick()
            await asyncio.sleep(0)
            if shop.state(ident).ended:
                break
        await bench.close()

    shop.clock.advance(HOUR)
    asyncio.run(run())


def test_a_later_action_that_is_over_takes_nothing_over_though_its_row_says_that_it_holds(shop: Shop) -> None:
    first = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    second = shop.ask((KEY, {RPM: 5}))
    shop.settle()
    shop.release(second)
    shop.settle()

    tamper(shop.writer.path, HELD)
    time_up(shop, first)

    assert shop.state(first) is ActionState.EXPIRED
    assert shop.memory.held[KEY][RPM] is None


def test_a_request_that_waits_takes_nothing_over_though_its_row_says_that_it_holds(shop: Shop) -> None:
    first = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    shop.ask((KEY, {RPM: 5}), needs=(("finance",),))

    tamper(shop.writer.path, HELD)
    time_up(shop, first)

    assert shop.state(first) is ActionState.EXPIRED
    assert shop.memory.held[KEY][RPM] is None


@pytest.mark.parametrize("state", ["undone", "planned", "failed", "kept"])
def test_a_later_action_that_is_in_force_takes_over_though_its_row_says_that_nothing_holds(
    shop: Shop, state: str
) -> None:
    first = shop.ask((KEY, {RPM: 10}), expires_s=HOUR)
    shop.settle()
    second = shop.ask((KEY, {RPM: 5}), expires_s=2 * HOUR)
    shop.settle()

    tamper(shop.writer.path, f"UPDATE action_step SET state = '{state}' WHERE action = 2")
    time_up(shop, first)
    held = shop.memory.held[KEY][RPM]
    time_up(shop, second)

    assert held == 5
    assert shop.memory.held[KEY][RPM] is None


def test_a_step_of_an_action_that_no_agent_made_stops_no_undo(shop: Shop) -> None:
    first = shop.ask((KEY, {RPM: 10}))
    shop.settle()

    tamper(shop.writer.path, *COPIED)
    time_up(shop, first)

    assert shop.state(first) is ActionState.EXPIRED
    assert shop.memory.held[KEY][RPM] is None


def test_a_step_of_an_action_that_no_agent_made_hides_no_drift(shop: Shop) -> None:
    shop.ask((KEY, {RPM: 10}))
    shop.settle()

    tamper(shop.writer.path, *COPIED)
    shop.memory.set(KEY, RPM, 900)
    shop.poll()

    assert shop.kinds().count("drifted") == 1


@pytest.mark.parametrize("column", ["before = '{\"rpm_limit\":1000000}'", "target = 'sk-0'"])
def test_what_is_forged_while_steps_wait_for_their_turn_is_never_sent(shop: Shop, column: str) -> None:
    targets = [Target("gate", TargetKind.KEY, f"sk-{number}") for number in range(AT_ONCE + 2)]
    shop.memory.held = {target: {RPM: 60 + place} for place, target in enumerate(targets)}
    ident = shop.ask(*((target, {RPM: 10}) for target in targets))
    shop.settle()

    forged = [f"UPDATE action_step SET {column} WHERE seq = {AT_ONCE + 1}"]

    class Meanwhile(MemoryLink):
        async def read(self, target: Target) -> TargetState:
            if forged:
                tamper(shop.writer.path, forged.pop())
            return await super().read(target)

    shop.memory.link = lambda life: Meanwhile(shop.memory, life)  # type: ignore[method-assign]
    time_up(shop, ident)

    assert shop.state(ident) is ActionState.EXPIRED
    assert [held[RPM] for held in shop.memory.held.values()] == [60 + place for place in range(len(targets))]
    sent = [value for _, _, _, _, value in shop.memory.effects]
    assert set(sent) == {10, *(60 + place for place in range(len(targets)))}


APPROVED = "INSERT INTO approval (action, digest, person, role, verdict, at) VALUES "


@pytest.mark.parametrize(
    "statement",
    [
        APPROVED + "(1, 'd', 'fred', 'finance', 'maybe', 1)",
        APPROVED + "(1, x'ff', 'fred', 'finance', 'approved', 1)",
        APPROVED + "(1, 'd', 'fred', 'finance', 'approved', 1.5)",
        "UPDATE action_step SET version = x'00' WHERE action = 1",
        "UPDATE action SET spec = json_set(spec, '$.change', json('{\"a\":1e400}')) WHERE id = 1",
    ],
)
def test_a_row_that_makes_no_sense_stops_the_end_of_no_action(shop: Shop, statement: str) -> None:
    first, second = shop.ask((KEY, {RPM: 10})), shop.ask((OTHER, {RPM: 10}))
    shop.settle()

    tamper(shop.writer.path, statement)
    time_up(shop, first)

    assert (shop.state(first), shop.state(second)) == (ActionState.EXPIRED, ActionState.EXPIRED)
    assert (shop.memory.held[KEY][RPM], shop.memory.held[OTHER][RPM]) == (None, 60)
    assert shop.kinds().count("forged") == 1


def test_a_later_action_that_is_the_agents_own_still_takes_over(shop: Shop) -> None:
    first = shop.ask((KEY, {RPM: 10}), expires_s=HOUR)
    shop.settle()
    shop.ask((KEY, {RPM: 5}), expires_s=2 * HOUR)
    shop.settle()

    time_up(shop, first)
    held = shop.memory.held[KEY][RPM]
    time_up(shop, 2)

    assert held == 5
    assert shop.memory.held[KEY][RPM] is None
    assert shop.now == NOW + 2 * HOUR
