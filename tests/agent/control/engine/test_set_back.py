"""Clocks that are set back while no agent runs, and while one does."""

from __future__ import annotations

import asyncio
import json

import pytest

from agent.control.engine import Executor
from agent.domain.action import ActionState
from tests.agent.control.engine.shop import HOUR, KEY, OTHER, QUICK, RPM, Shop

DAY = 24 * HOUR


def test_a_clock_that_is_set_back_while_no_agent_runs_makes_no_action_last_longer(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()

    shop.clock.advance(-DAY)
    shop.settle()
    assert (shop.state(ident), shop.action(ident).expires_at) == (ActionState.ACCEPTED, shop.now + HOUR)

    shop.clock.advance(HOUR)
    shop.settle()
    assert (shop.state(ident), shop.memory.held[KEY][RPM]) == (ActionState.EXPIRED, None)


def test_one_that_is_set_back_again_and_again_neither(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    for _ in range(5):
        shop.settle()
        shop.clock.advance(700)
        shop.settle()
        shop.clock.advance(-DAY)
    shop.settle()
    shop.clock.advance(110)
    shop.settle()

    assert shop.state(ident) is ActionState.EXPIRED


def test_real_time_counts_too_while_the_agent_runs(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))

    async def run() -> None:
        executor = Executor(shop.bench(), QUICK)
        await executor.settle()
        await executor.settle()
        shop.real += HOUR - 100
        shop.clock.advance(-DAY)
        await executor.settle()

    asyncio.run(run())
    assert shop.action(ident).expires_at == shop.now + 100


def test_approvals_are_waited_for_no_longer_either(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}), needs=(("finance",),))
    shop.settle()
    waits_s = (shop.action(ident).approve_by or 0) - shop.now

    shop.clock.advance(-DAY)
    shop.settle()
    shop.clock.advance(waits_s)
    shop.settle()

    assert shop.state(ident) is ActionState.DECLINED


def test_what_is_asked_for_after_a_clock_was_put_right_lasts_as_long_as_it_should(shop: Shop) -> None:
    shop.clock.advance(365 * DAY)
    shop.ask((OTHER, {RPM: 10}))
    shop.settle()
    shop.clock.advance(-365 * DAY)
    shop.settle()

    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    shop.clock.advance(HOUR - 1)
    shop.settle()

    assert shop.state(ident) is ActionState.ACCEPTED


@pytest.mark.parametrize("seconds", [0, -60])
def test_a_clock_that_is_put_right_by_a_little_moves_nothing(shop: Shop, seconds: int) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    ends = shop.action(ident).expires_at

    shop.clock.advance(seconds)
    shop.settle()

    assert shop.action(ident).expires_at == ends


def test_the_audit_log_has_the_newest_time_now_and_then_and_every_setting_back(shop: Shop) -> None:
    shop.ask((KEY, {RPM: 10}), expires_s=5 * HOUR)

    async def run() -> None:
        executor = Executor(shop.bench(), QUICK)
        for _ in range(130):  # 65 minutes
            await executor.settle()
            shop.clock.advance(30)
        shop.clock.advance(-DAY)
        await executor.settle()

    asyncio.run(run())
    with shop.writer.transaction() as conn:
        rows = conn.execute("SELECT kind, detail FROM audit WHERE subject = 'clock' ORDER BY seq").fetchall()

    assert [kind for kind, _ in rows].count("clock.kept") == 8
    assert [json.loads(detail) for kind, detail in rows if kind == "clock.set_back"] == [
        {"actions": 1, "seconds": DAY - 30}
    ]
