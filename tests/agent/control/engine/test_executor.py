from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agent.control.engine import Executor
from agent.domain.action import ActionState, Approval, Verdict
from agent.domain.gateway import Traffic
from agent.domain.person import AGENT
from agent.process.acting import notice_of
from tests.agent.control.engine.shop import HOUR, KEY, OTHER, QUICK, RPM, TPM, Life, Shop

HASTY = replace(QUICK, give_up=0.0)


def held(shop: Shop) -> tuple[Any, Any]:
    """What the key may: requests and tokens a minute."""
    fields = shop.memory.held[KEY]
    return fields[RPM], fields[TPM]


def test_an_action_is_accepted_confirmed_by_refused_calls_and_undone_when_its_time_is_up(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    assert (shop.state(ident), held(shop)) == (ActionState.ACCEPTED, (10, 900))

    shop.memory.traffic = Traffic(refused=4, passed=9, first_refused_at=shop.now + 0.4)
    shop.settle()
    action = shop.action(ident)
    assert action.state is ActionState.CONFIRMED
    assert action.effect == "refuses calls: the first within 1 s, 4 so far"

    shop.clock.advance(HOUR)
    shop.settle()
    assert (shop.state(ident), held(shop)) == (ActionState.EXPIRED, (None, 900))
    assert shop.kinds() == ["requested", "accepted", "confirmed", "undone"]


def test_an_action_whose_time_is_up_while_no_agent_runs_is_undone_at_the_next_start(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    shop.settle()

    shop.clock.advance(30 * HOUR)
    shop.settle()

    assert shop.state(ident) is ActionState.EXPIRED
    assert (shop.memory.held[KEY][RPM], shop.memory.held[OTHER][RPM]) == (None, 60)


def test_an_action_that_died_in_the_middle_and_whose_time_is_up_since_is_undone(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10, TPM: 5}))
    shop.settle(Life(until=lambda: held(shop) != (None, 900)))
    assert held(shop) == (10, 900)
    assert shop.state(ident) is ActionState.EXECUTING

    shop.clock.advance(HOUR)
    shop.settle()

    assert (shop.state(ident), held(shop)) == (ActionState.EXPIRED, (None, 900))


def test_a_clock_that_is_set_back_makes_no_action_last_longer(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))

    async def run() -> None:
        executor = Executor(shop.bench(), QUICK)
        await executor.settle()
        await executor.settle()
        shop.clock.advance(-5 * HOUR)
        shop.real += HOUR - 1
        await executor.settle()
        assert shop.state(ident) is ActionState.ACCEPTED
        shop.real += 1
        await executor.settle()

    asyncio.run(run())
    assert (shop.state(ident), held(shop)) == (ActionState.EXPIRED, (None, 900))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("fields", [((RPM,),) * 3, ((RPM,), (RPM, TPM), (TPM,)), ((RPM, TPM),) * 3])
def test_actions_on_one_target_undone_in_any_order_restore_what_was_there(
    shop: Shop, order: Sequence[int], fields: Sequence[Sequence[str]]
) -> None:
    idents = []
    for place, names in enumerate(fields):
        idents.append(shop.ask((KEY, dict.fromkeys(names, 10 * (place + 1)))))
        shop.settle()

    for place in order:
        shop.release(idents[place])
        shop.settle()
        left = [each for each in range(3) if shop.state(idents[each]) is ActionState.ACCEPTED]
        for number, name in enumerate((RPM, TPM)):
            above = [10 * (each + 1) for each in left if name in fields[each]]
            assert held(shop)[number] == (above[-1] if above else (None, 900)[number])

    assert {shop.state(ident) for ident in idents} == {ActionState.REVERSED}
    assert held(shop) == (None, 900)


def test_stacked_actions_released_together_restore_what_was_there(shop: Shop) -> None:
    idents = []
    for limit in (30, 20, 10):
        idents.append(shop.ask((KEY, {RPM: limit})))
        shop.settle()

    for ident in idents:
        shop.release(ident)
    shop.settle()

    assert held(shop) == (None, 900)


def test_the_undo_of_a_later_action_that_broke_off_does_not_swallow_that_of_an_earlier_one(
    shop: Shop,
) -> None:
    first = shop.ask((KEY, {RPM: 20}))
    shop.settle()
    second = shop.ask((KEY, {RPM: 10}))
    shop.settle()

    shop.release(second)
    assert not shop.settle(Life(until=lambda: held(shop) == (20, 900)))  # and the agent knows nothing of it
    assert held(shop) == (20, 900)
    shop.release(first)
    shop.settle()

    assert held(shop) == (None, 900)
    assert {shop.state(first), shop.state(second)} == {ActionState.REVERSED}


def test_a_drill_changes_nothing_takes_over_nothing_and_says_what_it_is(shop: Shop) -> None:
    real = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    drill = shop.ask((KEY, {RPM: 5}), drill=True)
    shop.settle()

    assert shop.state(drill) is ActionState.EXPIRED
    assert held(shop) == (10, 900)
    assert [effect[0] for effect in shop.memory.effects] == [real]
    notices = [notice_of(each, shop.now) for each in shop.told if each.action.id == drill]
    assert [notice.kind.value for notice in notices] == ["drill"] * len(notices)
    assert len(notices) >= 2
    assert notices[-1].summary == f"action {drill}: drill over: nothing was changed"
    assert shop.action(drill).why == "drill over: nothing was changed"


def test_a_drill_that_somebody_ends_says_who_and_that_nothing_was_changed(shop: Shop) -> None:
    drill = shop.ask((KEY, {RPM: 5}), drill=True)
    assert not shop.settle(Life(until=lambda: shop.steps(drill) == ["applied"]))
    shop.release(drill)
    shop.settle()

    assert shop.told[-1].text == "drill ended by ada: nothing was changed"
    assert held(shop) == (None, 900)


def test_a_drill_in_force_does_not_inherit_what_a_real_action_has_set(shop: Shop) -> None:
    real = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    drill = shop.ask((KEY, {RPM: 5}), drill=True)
    assert not shop.settle(Life(until=lambda: shop.steps(drill) == ["applied"]))
    shop.release(real)
    shop.settle()

    assert held(shop) == (None, 900)


def test_what_somebody_else_has_set_meanwhile_is_left_alone_and_the_rest_is_undone(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10, TPM: 50}))
    shop.settle()
    shop.memory.set(KEY, TPM, 77)

    shop.clock.advance(HOUR)
    shop.settle()

    assert held(shop) == (None, 77)
    (step,) = shop.action(ident).steps
    assert step.state.value == "kept"
    assert "somebody else has set it" in step.detail
    assert "1 target left alone" in shop.told[-1].text


def test_what_has_moved_since_the_preview_is_not_touched(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.memory.set(KEY, RPM, 44)
    shop.settle()

    assert (shop.state(ident), held(shop)) == (ActionState.FAILED, (44, 900))
    assert "moved since the preview" in shop.action(ident).why
    assert shop.memory.effects == []


@pytest.mark.parametrize("trouble", ["down", "lost", "half"])
def test_a_gateway_that_fails_for_a_while_is_told_again_and_nothing_is_done_twice(
    shop: Shop, trouble: str
) -> None:
    ident = shop.ask((KEY, {RPM: 10, TPM: 50}))
    shop.memory.troubles = ["", trouble, "down", "", trouble]
    shop.settle()
    assert (shop.state(ident), held(shop)) == (ActionState.ACCEPTED, (10, 50))

    shop.release(ident)
    shop.memory.troubles = ["", trouble, "down"]
    shop.settle()

    assert (shop.state(ident), held(shop)) == (ActionState.REVERSED, (None, 900))
    assert len(shop.memory.effects) == 4


def test_an_action_that_nobody_can_be_told_is_given_up_and_what_may_have_arrived_is_undone(
    shop: Shop,
) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.memory.troubles = ["", "lost"]
    shop.settle(pace=HASTY)

    assert (shop.state(ident), held(shop)) == (ActionState.FAILED, (None, 900))
    assert "what may have arrived is undone" in shop.told[-2].text


def test_a_part_that_is_refused_is_named_and_the_others_hold(shop: Shop) -> None:
    del shop.memory.held[OTHER][RPM]
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    del shop.memory.held[OTHER]
    shop.settle()

    assert shop.state(ident) is ActionState.ACCEPTED
    assert shop.action(ident).why.startswith("1 of 2 targets not done: sk-ranking: ")
    assert shop.told[-1].recipients == ("ops_on_call",)
    shop.release(ident)
    shop.settle()
    assert held(shop) == (None, 900)


def test_what_no_gateway_has_taken_yet_carries_what_its_gateway_says_until_it_has(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.memory.troubles = ["down"] * 1_000
    said = []

    def reads() -> bool:
        if now := shop.action(ident).why:
            said.append((shop.state(ident), now, shop.steps(ident)))
        return bool(now)

    assert not shop.settle(Life(until=reads))
    shop.memory.troubles = []
    shop.settle()

    assert said[0] == (ActionState.EXECUTING, "gate cannot be reached", ["planned"])
    assert (shop.state(ident), shop.action(ident).why) == (ActionState.ACCEPTED, "")


@pytest.mark.parametrize("by", ["ada", AGENT])
def test_a_release_while_it_is_being_done_stops_what_has_not_begun_and_undoes_the_rest(
    shop: Shop, by: str
) -> None:
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    assert not shop.settle(Life(until=lambda: held(shop) == (10, 900)))
    assert shop.state(ident) is ActionState.EXECUTING

    shop.release(ident, by=by)
    shop.settle()

    assert shop.state(ident) is ActionState.REVERSED
    assert (shop.memory.held[KEY][RPM], shop.memory.held[OTHER][RPM]) == (None, 60)


def test_a_renewed_action_lasts_longer_and_no_longer_than_that(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    shop.clock.advance(HOUR - 60)
    shop.renew(ident)
    shop.clock.advance(HOUR - 60)
    shop.settle()
    assert shop.state(ident) is ActionState.ACCEPTED

    shop.clock.advance(60)
    shop.settle()
    assert shop.state(ident) is ActionState.EXPIRED


def test_a_gateway_that_is_slow_to_tell_of_traffic_delays_no_end(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()

    async def run() -> None:
        shop.memory.slow_traffic = asyncio.Event()
        executor = Executor(shop.bench(), QUICK)
        await executor.tick()
        shop.clock.advance(HOUR)
        while shop.state(ident) is not ActionState.EXPIRED:
            await executor.tick()
            await asyncio.sleep(0)
        shop.memory.slow_traffic.set()
        await executor.settle()

    asyncio.run(asyncio.wait_for(run(), 10))
    assert held(shop) == (None, 900)


def test_a_change_by_somebody_else_is_told_once(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()

    async def polls() -> None:
        from agent.control.engine import Poller
        from tests.agent.control.engine.shop import GATE

        poller = Poller(shop.bench(), GATE)
        await poller.poll()
        shop.memory.set(KEY, RPM, 99)
        await poller.poll()
        await poller.poll()

    asyncio.run(polls())
    drifted = [each for each in shop.told if each.kind == "drifted"]
    assert [each.action.id for each in drifted] == [ident]


def test_a_reading_from_before_an_action_is_no_change_by_somebody_else(shop: Shop) -> None:
    shop.poll()
    shop.ask((KEY, {RPM: 10}))

    async def run() -> None:
        from agent.control.engine import Poller
        from tests.agent.control.engine.shop import GATE

        bench = shop.bench()
        answered, acted = asyncio.Event(), asyncio.Event()
        desk_write = bench.desk.write

        async def late(task: Any) -> Any:
            answered.set()
            await acted.wait()
            return await desk_write(task)

        slow = replace(bench, desk=type("Late", (), {"write": staticmethod(late)})())
        slow._touched = bench._touched  # the poller of the same agent
        poll = asyncio.create_task(Poller(slow, GATE).poll())
        await answered.wait()
        shop.real += 1
        await Executor(bench, QUICK).settle()
        acted.set()
        await poll

    asyncio.run(run())
    assert "drifted" not in shop.kinds()
    assert shop.writer.actions.targets()[KEY].fields[RPM] == 10


def test_what_was_to_begin_while_the_agent_was_away_for_long_is_declined(shop: Shop) -> None:
    late = int(shop.settings.acting.approval_valid)
    old = shop.ask((KEY, {RPM: 10}))
    shop.clock.advance(late - 60)
    new = shop.ask((OTHER, {RPM: 10}))
    shop.clock.advance(60)

    shop.settle()

    assert (shop.state(old), shop.state(new)) == (ActionState.DECLINED, ActionState.ACCEPTED)
    assert shop.action(old).why == "not begun in time: ask for it anew"
    assert held(shop) == (None, 900)


def test_an_approval_gives_an_action_time_anew(shop: Shop) -> None:
    late = int(shop.settings.acting.approval_valid)
    ident = shop.ask((KEY, {RPM: 10}), needs=(("finance",),))
    shop.clock.advance(late - 60)
    actions, action = shop.writer.actions, shop.action(ident)
    actions.add_approval(Approval(ident, action.digest, "fred", "finance", Verdict.APPROVED, shop.now))
    actions.save(replace(action, state=ActionState.PENDING))
    shop.clock.advance(120)

    shop.settle()

    assert shop.state(ident) is ActionState.ACCEPTED
