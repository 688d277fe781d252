"""What automation engines say of the steps that they were asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agent.control.engine.called_back import called_back
from agent.control.engine.effects import Watching
from agent.control.gateways.webhook.payload import idempotency_key
from agent.domain.action import ActionState
from agent.domain.gateway import Callback, Fields, Target, TargetKind
from agent.settings_gateways import Gateway
from tests.agent.control.engine.shop import HOUR, NOW, MemoryLink, Shop

HOOK = Gateway(kind="webhook", name="gate", base_url="http://127.0.0.1:9")
SEARCH = Target("gate", TargetKind.TEAM, "search")
RANKING = Target("gate", TargetKind.TEAM, "ranking")
WANT = {"max_rps": 10}


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.settings = replace(shop.settings, own_gateways=(HOOK,))
    shop.memory.held = {SEARCH: {"max_rps": None}, RANKING: {"max_rps": None}}
    return shop


def says(shop: Shop, action: int, seq: int = 0, *, ok: bool = True, text: str = "done", **more: str) -> bool:
    target = (SEARCH, RANKING)[seq]
    key = more.get("key") or idempotency_key(target, WANT, action, seq)
    return called_back(shop.writer, Callback("gate", action, seq, key, ok, text), NOW, shop.tell)


def test_a_word_that_comes_before_the_gateway_has_answered_counts_once_the_action_is_accepted(
    shop: Shop,
) -> None:
    action = shop.ask((SEARCH, WANT))
    found = []

    class Hasty(MemoryLink):
        async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
            await super().write(target, fields, action=action, seq=seq)
            found.append((says(shop, action, seq), shop.state(action)))

    shop.memory.link = lambda life: Hasty(shop.memory, life)  # type: ignore[method-assign]
    shop.settle()
    shop.settle()

    assert found == [(True, ActionState.EXECUTING)]
    assert (shop.state(action), shop.action(action).effect) == (ActionState.CONFIRMED, "gate says: done")
    assert shop.kinds().count("confirmed") == 1


def test_a_word_on_one_step_confirms_that_step_alone(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT), (RANKING, WANT))
    shop.settle()

    assert says(shop, action, 0)
    assert shop.state(action) is ActionState.ACCEPTED
    assert shop.action(action).effect == "gate says: done (1 of 2 targets so far)"

    assert says(shop, action, 0, text="done, again")
    assert shop.state(action) is ActionState.ACCEPTED

    assert says(shop, action, 1)
    assert (shop.state(action), shop.action(action).effect) == (ActionState.CONFIRMED, "gate says: done")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_step_that_was_not_done_has_failed_and_the_action_is_not_confirmed(
    shop: Shop, order: tuple[int, int]
) -> None:
    action = shop.ask((SEARCH, WANT), (RANKING, WANT))
    shop.settle()

    for seq in order:
        assert says(shop, action, seq, ok=seq == 0, text="set" if seq == 0 else "no such team")

    after = shop.action(action)
    assert (after.state, after.why) == (ActionState.ACCEPTED, "not done: gate says: no such team")
    assert shop.steps(action) == ["applied", "failed"]


def test_an_action_of_which_nothing_was_done_has_failed_and_that_is_told_once(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))
    shop.settle()

    assert [says(shop, action, ok=False, text=f"no such team {each}") for each in range(3)] == [True] * 3

    assert shop.state(action) is ActionState.FAILED
    assert shop.action(action).why == "not done: gate says: no such team 0"
    assert shop.kinds().count("failed") == 1


def test_an_engine_that_takes_its_word_back_is_believed(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT), (RANKING, WANT))
    shop.settle()
    says(shop, action, 0)
    says(shop, action, 1)
    assert shop.state(action) is ActionState.CONFIRMED

    says(shop, action, 1, ok=False, text="rolled back")

    assert shop.state(action) is ActionState.ACCEPTED
    assert shop.action(action).why == (
        "not done: gate says: rolled back, after it had said that it was; undone with the action all the same"
    )


def test_what_an_engine_did_after_all_although_it_had_said_no_is_undone(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))
    shop.settle()
    says(shop, action, ok=False, text="busy")
    assert shop.state(action) is ActionState.FAILED

    says(shop, action, text="done at the second attempt")
    shop.settle()

    assert shop.memory.held[SEARCH]["max_rps"] is None
    assert shop.state(action) is ActionState.REVERSED
    (told,) = (each for each in shop.told if "after all" in each.text)
    assert told.recipients == ("ops_on_call",)


def test_what_an_engine_says_no_to_after_a_yes_is_undone_at_its_end_all_the_same(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))
    shop.settle()
    says(shop, action)
    assert shop.state(action) is ActionState.CONFIRMED

    for _ in range(2):
        says(shop, action, ok=False, text="the worker died")
    assert (shop.state(action), shop.action(action).effect) == (ActionState.ACCEPTED, "")
    (told,) = (each for each in shop.told if "the worker died" in each.text)
    assert told.recipients == ("ops_on_call",)

    shop.clock.advance(HOUR)
    shop.settle()
    assert shop.memory.held[SEARCH]["max_rps"] is None
    assert shop.state(action) is ActionState.EXPIRED


def test_a_last_yes_after_yes_and_no_confirms_again(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))
    shop.settle()

    for ok in (True, False, True):
        says(shop, action, ok=ok)

    assert (shop.state(action), shop.action(action).why) == (ActionState.CONFIRMED, "")
    assert shop.steps(action) == ["applied"]


def test_a_yes_and_a_no_that_come_before_the_gateway_has_answered_leave_it_to_be_undone(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))

    class Hasty(MemoryLink):
        async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
            await super().write(target, fields, action=action, seq=seq)
            if fields == WANT:
                for ok in (True, False):
                    says(shop, action, seq, ok=ok)

    shop.memory.link = lambda life: Hasty(shop.memory, life)  # type: ignore[method-assign]
    shop.settle()
    shop.settle()
    assert (shop.state(action), shop.steps(action)) == (ActionState.ACCEPTED, ["applying"])

    shop.clock.advance(HOUR)
    shop.settle()
    assert shop.memory.held[SEARCH]["max_rps"] is None


def test_a_step_that_was_done_after_all_holds_and_is_undone_with_its_action(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT), (RANKING, WANT))
    shop.settle()
    says(shop, action, 1, ok=False, text="busy")
    assert shop.steps(action) == ["applied", "failed"]

    says(shop, action, 1)
    says(shop, action, 0)
    assert shop.steps(action) == ["applied", "applied"]
    assert (shop.state(action), shop.action(action).why) == (ActionState.CONFIRMED, "")

    shop.clock.advance(HOUR)
    shop.settle()
    assert shop.state(action) is ActionState.EXPIRED
    assert [held["max_rps"] for held in shop.memory.held.values()] == [None, None]


def test_a_word_of_the_undoing_or_of_another_step_changes_nothing(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))
    shop.settle()

    assert says(shop, action, key=idempotency_key(SEARCH, {"max_rps": None}, action, 0))
    assert not says(shop, action, key=idempotency_key(RANKING, WANT, action, 0))
    assert not says(shop, action + 1)
    assert (shop.state(action), shop.action(action).effect) == (ActionState.ACCEPTED, "")


def test_a_word_that_somebody_else_has_written_counts_for_nothing(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))
    shop.settle()
    with shop.writer.transaction() as conn:
        conn.execute(
            "INSERT INTO audit (seq, at, actor, kind, subject, detail, prev_hash, hash) "
            "VALUES (1000, ?, 'gate', 'action.step_done', ?, '{\"text\":\"x\"}', 'a', 'b')",
            (NOW, f"action:{action}/step:0"),
        )

    async def look() -> None:
        await Watching(shop.bench()).look([shop.action(action)], NOW + 1)

    asyncio.run(look())
    assert shop.state(action) is ActionState.ACCEPTED


def test_what_was_said_ends_with_the_action(shop: Shop) -> None:
    action = shop.ask((SEARCH, WANT))
    shop.settle()
    shop.clock.advance(HOUR)
    shop.settle()

    assert says(shop, action, ok=False)
    assert shop.state(action) is ActionState.EXPIRED
