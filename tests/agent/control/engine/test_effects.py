"""Whether an action worked: what gateways refuse, what becomes of the burn, and what is only chance."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from agent.control.engine.effects import Watching
from agent.control.gateways.base import GatewayError
from agent.control.planning import books_of, plan
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, StepState
from agent.domain.allocation import Scope
from agent.domain.gateway import (
    GatewayKey,
    Inventory,
    Limit,
    LimitUnit,
    Target,
    TargetKind,
    TargetState,
    Traffic,
)
from agent.domain.money import NANO
from agent.domain.usage import Dimensions
from agent.domain.words import plural
from agent.ledger.rows import BucketRow
from agent.settings_gateways import Gateway
from tests.agent.control.engine.shop import HOUR, KEY, NOW, OTHER, RPM, MemoryLink, Shop
from tests.agent.ledger.build import batch, event

SEARCH = Dimensions("proxy", api_key="sk-search", project="p", environment="dev", team="search")
QUIET = Dimensions("proxy", api_key="sk-quiet", project="q", environment="dev", team="quiet")
EDGE = Dimensions("edge", api_key="sk-edge", project="p", environment="dev", team="other")


def burn(shop: Shop, seconds: Iterable[int], nano: int = NANO, whose: Dimensions = SEARCH) -> None:
    """One call in each of some seconds from the action on."""
    rows = [
        event(f"{whose.account}{second}", NOW + second, dimensions=whose, credits_nano=nano)
        for second in seconds
    ]
    shop.writer.write_events(batch(rows))


def accepted(
    shop: Shop,
    *targets: Target,
    saved_nano: object = 50 * NANO,
    spec: ActionSpec | None = None,
    **preview: object,
) -> Action:
    """An action that holds since NOW, foreseen to save nearly all of a burn of 60 credits a minute."""
    action = shop.action(shop.ask(*((target, {RPM: 10}) for target in targets or (KEY,))))
    steps = tuple(replace(step, state=StepState.APPLIED, at=NOW) for step in action.steps)
    times = {"begun_at": NOW, "accepted_at": NOW, "expires_at": NOW + HOUR}
    shown = {**action.preview, "saved_nano": saved_nano, "effect_s": 1, **preview}
    state, spec = ActionState.ACCEPTED, spec or action.spec
    return shop.writer.actions.save(
        replace(action, spec=spec, steps=steps, state=state, preview=shown, **times)  # type: ignore[arg-type]
    )


def look(shop: Shop, *actions: Action, after_s: int) -> tuple[ActionState, str]:
    """The state of the last action and what is said of its effect, some seconds after it."""

    async def run() -> None:
        await Watching(shop.bench()).look(actions, NOW + after_s)

    asyncio.run(run())
    after = shop.action(actions[-1].id or 0)
    return after.state, after.effect


def test_a_fall_in_two_windows_confirms_where_no_gateway_can_say_what_it_refuses(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, range(2, 130, 10))

    assert look(shop, action, after_s=110) == (ActionState.ACCEPTED, "")
    state, effect = look(shop, action, after_s=125)

    assert state is ActionState.CONFIRMED
    assert effect == "burn fell from 60.0 to 6.0 credits/min, 122 s after"


def test_a_fall_is_told_and_does_not_stand_for_the_word_of_a_receiver_that_is_to_call_back(
    shop: Shop,
) -> None:
    hook = Gateway(kind="webhook", name="gate", base_url="http://127.0.0.1:9")
    shop.settings = replace(shop.settings, own_gateways=(hook,))
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, range(2, 130, 10))

    state, effect = look(shop, action, after_s=125)

    assert state is ActionState.ACCEPTED
    assert effect == "burn fell from 60.0 to 6.0 credits/min, 122 s after"


def test_a_fall_is_told_and_confirms_nothing_where_a_gateway_would_say_what_it_refuses(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, range(2, 130, 10))

    shop.memory.traffic = Traffic(refused=0, passed=12)
    state, effect = look(shop, action, after_s=125)
    assert state is ActionState.ACCEPTED
    assert effect.startswith("burn fell from 60.0 to 6.0")

    shop.memory.traffic = Traffic(refused=3, passed=12, first_refused_at=NOW + 130.2)
    state, effect = look(shop, shop.action(action.id or 0), after_s=140)
    assert state is ActionState.CONFIRMED
    assert effect.startswith("burn fell from 60.0 to 6.0")
    assert effect.endswith("; refuses calls: the first within 131 s, 3 so far")


def test_what_refusals_have_confirmed_says_within_a_minute_how_far_the_burn_fell(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, range(2, 60, 10))
    shop.memory.traffic = Traffic(refused=3, passed=1, first_refused_at=NOW + 0.5)
    look(shop, action, after_s=5)

    state, effect = look(shop, shop.action(action.id or 0), after_s=40)

    assert state is ActionState.CONFIRMED
    assert effect.startswith("burn fell from 60.0 to ")
    assert "credits/min, 3" in effect


def test_a_fall_of_very_many_keys_that_share_a_target_is_found(shop: Shop) -> None:
    gate, model = Gateway(kind="openai", name="gate"), Target("gate", TargetKind.PROJECT_MODEL, "p/gpt-a")
    shop.settings = replace(shop.settings, own_gateways=(gate,))
    names = [f"k{number:03}" for number in range(300)]
    limits = {"max_requests_per_1_minute": 10**6, "max_tokens_per_1_minute": 10**9}
    keys = [GatewayKey(name, name, project="p", environment="dev") for name in names]
    shop.writer.actions.save_inventory("gate", Inventory(keys, [TargetState(model, limits, "v")]), NOW)
    calls = [(name, second) for name in names for second in (-30, -10)]
    calls += [(name, second) for name in names[:30] for second in range(5, 125, 60)]
    rows = [
        event(f"{name}{at}", NOW + at, dimensions=replace(SEARCH, api_key=name), credits_nano=NANO)
        for name, at in [*calls, (names[0], 125)]
    ]
    shop.writer.write_events(batch(rows))
    limit = Limit(30, LimitUnit.RPM)
    spec = ActionSpec(ActionKind.THROTTLE, Scope.parse("api_key:k007"), limit=limit, expires_s=HOUR)
    made = plan(books_of(shop.writer), shop.settings, spec, NOW)
    shop.memory.held[model] = dict(limits)
    action = accepted(shop, model, spec=spec, **made.preview() | {"effect_s": 1})

    state, effect = look(shop, action, after_s=126)

    assert len(made.bystanders) == 299
    assert (state, effect) == (ActionState.CONFIRMED, "burn fell from 600.0 to 30.0 credits/min, 125 s after")


def test_a_gateway_that_cannot_be_asked_is_not_one_that_cannot_say(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, range(2, 130, 10))

    class Broken(MemoryLink):
        async def traffic(self, *_: object) -> Traffic | None:
            raise GatewayError("the log cannot be read")

    shop.memory.link = lambda life: Broken(shop.memory, life)  # type: ignore[method-assign]

    assert look(shop, action, after_s=125)[0] is ActionState.ACCEPTED


@pytest.mark.parametrize(
    ("since", "saved_nano"),
    [
        (range(2, 130), 0),  # nothing was foreseen
        (range(2, 130, 2), 61 * NANO),  # by less than half of what was foreseen
        (range(2, 65), 50 * NANO),  # in the last minute alone
        ((2, *range(65, 130)), 50 * NANO),  # in the first minute alone
    ],
)
def test_a_fall_by_chance_says_nothing(shop: Shop, since: Iterable[int], saved_nano: int) -> None:
    action = accepted(shop, saved_nano=saved_nano)
    burn(shop, range(-200, 1))
    burn(shop, [*since, 130])

    assert look(shop, action, after_s=130) == (ActionState.ACCEPTED, "")


def test_a_fall_in_the_evening_is_not_the_doing_of_an_action_in_the_morning(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, range(1, 2_000))
    burn(shop, [3_500], nano=1)

    assert "burn fell" not in look(shop, action, after_s=3_500)[1]


def test_calls_that_another_source_tells_say_nothing_of_those_that_are_not_told_yet(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, range(200), nano=1, whose=EDGE)

    assert look(shop, action, after_s=200) == (ActionState.ACCEPTED, "")


def test_a_call_of_tomorrow_by_a_fast_clock_confirms_nothing(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 1))
    burn(shop, [20 * HOUR], nano=1)

    assert look(shop, action, after_s=100) == (ActionState.ACCEPTED, "")


def test_a_call_of_tomorrow_by_a_fast_clock_leaves_a_preview_as_it_is(shop: Shop) -> None:
    burn(shop, range(-300, 0))
    key = GatewayKey("sk-search", "sk-search")
    held = [TargetState(KEY, {"rpm_limit": None}, "v")]
    shop.writer.actions.save_inventory("gate", Inventory([key], held), NOW)
    limit = Limit(6, LimitUnit.RPM)
    spec = ActionSpec(ActionKind.THROTTLE, Scope.parse("team:search"), limit=limit, expires_s=HOUR)

    before = plan(books_of(shop.writer), shop.settings, spec, NOW)
    burn(shop, [20 * HOUR], whose=EDGE)
    after = plan(books_of(shop.writer), shop.settings, spec, NOW)

    assert before.saved_nano > 50 * NANO
    assert after == before


@pytest.mark.parametrize("odd", ["x", -1, None, 10**30, 1.5, [3]])
def test_a_preview_that_makes_no_sense_is_no_reason_to_look_at_nothing(shop: Shop, odd: object) -> None:
    spoilt, other = accepted(shop), accepted(shop, OTHER)
    shop.writer.actions._write(  # as somebody else does
        "update_action", _columns(shop.action(spoilt.id or 0), odd)
    )
    burn(shop, range(-200, 1))
    burn(shop, range(2, 130, 10))

    assert look(shop, shop.action(spoilt.id or 0), other, after_s=130)[0] is ActionState.CONFIRMED


def _columns(action: Action, odd: object) -> dict[str, object]:
    import json

    from agent.ledger.action_rows import action_columns

    spoilt = {"effect_s": odd, "saved_nano": odd, "bystanders": odd}
    return action_columns(action) | {"preview": json.dumps(spoilt)}


def test_an_action_that_cannot_be_looked_at_stops_no_other(shop: Shop) -> None:
    class Broken(MemoryLink):
        async def traffic(self, target: Target, *_: object) -> Traffic | None:
            if target == KEY:
                raise ValueError("no such number")
            return Traffic(refused=1, passed=1)

    shop.memory.link = lambda life: Broken(shop.memory, life)  # type: ignore[method-assign]

    assert look(shop, accepted(shop, KEY), accepted(shop, OTHER), after_s=5)[0] is ActionState.CONFIRMED


def test_an_action_whose_gateway_does_not_answer_stops_no_other(shop: Shop) -> None:
    class Slow(MemoryLink):
        async def traffic(self, target: Target, *_: object) -> Traffic | None:
            if target == KEY:
                await told.wait()
            return Traffic(refused=1, passed=1)

    shop.memory.link = lambda life: Slow(shop.memory, life)  # type: ignore[method-assign]
    slow, other = accepted(shop, KEY), accepted(shop, OTHER)

    async def run() -> ActionState:
        looking = asyncio.create_task(Watching(shop.bench()).look([slow, other], NOW + 5))
        for _ in range(50):
            await asyncio.sleep(0)
        found = shop.state(other.id or 0)
        told.set()
        await looking
        return found

    told = asyncio.Event()
    assert asyncio.run(run()) is ActionState.CONFIRMED


def test_refusals_name_at_how_many_targets_they_were_seen(shop: Shop) -> None:
    class Half(MemoryLink):
        async def traffic(self, target: Target, *_: object) -> Traffic | None:
            return Traffic(refused=int(target == KEY), passed=1, first_refused_at=NOW + 0.5)

    shop.memory.link = lambda life: Half(shop.memory, life)  # type: ignore[method-assign]

    assert look(shop, accepted(shop, KEY, OTHER), after_s=5) == (
        ActionState.CONFIRMED,
        "refuses calls at 1 of 2 targets: the first within 1 s, 1 so far",
    )


def test_targets_of_a_slow_gateway_are_looked_at_for_so_long_and_only_those_asked_are_counted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.control.engine.effects._PATIENCE_S", 0.2)
    targets = [Target("gate", TargetKind.KEY, f"sk-{number}") for number in range(20)]
    shop.memory.held = {target: {RPM: None} for target in targets}
    asked = []

    class Slow(MemoryLink):
        async def traffic(self, target: Target, *_: object) -> Traffic | None:
            asked.append(target)
            await asyncio.sleep(0.08)
            return Traffic(refused=1, passed=1, first_refused_at=NOW + 0.5)

    shop.memory.link = lambda life: Slow(shop.memory, life)  # type: ignore[method-assign]
    _, effect = look(shop, accepted(shop, *targets), after_s=5)

    assert len(asked) <= 3
    answered = len(asked) - 1
    told = f"refuses calls at {answered} of {plural(answered, 'target')} that were asked, of 20: "
    assert effect.startswith(told)


def test_what_was_not_done_at_every_target_is_not_confirmed(shop: Shop) -> None:
    action = accepted(shop, KEY, OTHER)
    steps = (action.steps[0], replace(action.steps[1], state=StepState.FAILED))
    action = shop.writer.actions.save(replace(action, steps=steps, why="1 of 2 targets not done"))
    shop.memory.traffic = Traffic(refused=2, passed=1, first_refused_at=NOW + 0.5)

    state, effect = look(shop, action, after_s=5)

    assert (state, effect) == (ActionState.ACCEPTED, "refuses calls: the first within 1 s, 2 so far")
    assert shop.action(action.id or 0).why == "1 of 2 targets not done"


def test_a_limit_that_nothing_falls_by_is_told_once(shop: Shop) -> None:
    action = accepted(shop)
    burn(shop, range(-200, 400))

    assert look(shop, action, after_s=390)[1].startswith(
        "no effect after 6 min: the traffic does not go through what was limited"
    )
    assert look(shop, shop.action(action.id or 0), after_s=395)[1].startswith("no effect after 6 min")
    assert shop.kinds().count("no_effect") == 1


def blocked(shop: Shop, **foreseen: object) -> Action:
    """A block of all calls of a team, accepted at NOW."""
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse("team:search"), expires_s=HOUR)
    return accepted(shop, spec=spec, **foreseen)


def test_of_usage_that_comes_late_no_missing_effect_is_concluded(shop: Shop) -> None:
    action = blocked(shop)
    burn(shop, range(-200, 65))
    burn(shop, [140], nano=1, whose=QUIET)

    early = look(shop, action, after_s=365)
    burn(shop, [400], nano=1, whose=QUIET)
    late = look(shop, shop.action(action.id or 0), after_s=401)

    assert early == (ActionState.ACCEPTED, "")
    assert late == (ActionState.CONFIRMED, "burn fell from 60.0 to 0.0 credits/min, 400 s after")
    assert "no_effect" not in shop.kinds()


@pytest.mark.parametrize("saved_nano", [0, 50 * NANO, 200 * NANO])
def test_that_no_calls_come_after_a_block_is_its_effect_whatever_was_foreseen(
    shop: Shop, saved_nano: int
) -> None:
    action = blocked(shop, saved_nano=saved_nano)
    burn(shop, range(-200, 65))
    burn(shop, [400], nano=1, whose=QUIET)

    assert look(shop, action, after_s=400)[1] == "burn fell from 60.0 to 0.0 credits/min, 400 s after"


@pytest.mark.parametrize("until", [330, 390])
def test_one_window_without_calls_after_a_block_is_not_called_no_effect(shop: Shop, until: int) -> None:
    action = blocked(shop, saved_nano=200 * NANO)
    burn(shop, range(-200, until))
    burn(shop, [400], nano=1, whose=QUIET)

    assert ("no effect" in look(shop, action, after_s=400)[1]) is (until == 390)


def test_calls_that_go_on_after_a_block_do_not_go_through_what_was_blocked(shop: Shop) -> None:
    burn(shop, range(-200, 400))

    said = look(shop, blocked(shop, saved_nano=0), after_s=390)[1]

    assert said == "no effect after 6 min: the traffic does not go through what was blocked"


@pytest.mark.parametrize("traffic", [None, Traffic(refused=0, passed=1)])
def test_an_effect_that_shows_later_takes_back_that_there_was_none_and_says_so_to_who_was_told(
    shop: Shop, traffic: Traffic | None
) -> None:
    shop.memory.traffic = traffic
    action = blocked(shop)
    burn(shop, range(-200, 420))
    assert look(shop, action, after_s=390)[1].startswith("no effect after 6 min")

    burn(shop, [560], nano=1, whose=QUIET)
    _, effect = look(shop, shop.action(action.id or 0), after_s=560)

    assert effect == "burn fell from 60.0 to 0.0 credits/min, 560 s after"
    last = shop.told[-1]
    assert last.kind == ("effect" if traffic else "confirmed")
    assert last.recipients == ("ops_on_call",)
    assert last.text.endswith(f"{effect}; that it had no effect was said too early")


def test_a_minute_before_that_a_provider_has_told_in_part_is_counted_whole(shop: Shop) -> None:
    action = replace(accepted(shop), begun_at=NOW + 30, accepted_at=NOW + 30)
    shop.writer.actions.save(action)
    row = BucketRow(NOW - 60, 60, SEARCH, event("x").service, 60, 1, 0, 1, 0, 60 * NANO)
    shop.writer.write_usage_window("proxy", NOW - 60, NOW, {"completions": [row]}, read_at=NOW)
    burn(shop, range(31))
    burn(shop, range(33, 400, 3))

    assert look(shop, action, after_s=390)[1].startswith("burn fell from 60.0 to 20.0 credits/min")


def test_looks_are_many_at_first_and_few_later() -> None:
    from agent.control.engine.effects import _pause

    assert [_pause(seconds) for seconds in (0, 9, 10, 59, 60, 599, 600, 90_000)] == [
        *(0.5, 0.5, 1.0, 1.0, 10.0, 10.0, 60.0, 60.0)
    ]


def test_another_key_is_named_only_where_much_of_the_burn_has_moved_to_it(shop: Shop) -> None:
    near = Dimensions("other", api_key="sk-near", project="p", environment="dev", team="ranking")
    far = Dimensions("far", api_key="sk-far", project="q", environment="dev", team="support")
    action = accepted(shop)
    burn(shop, range(-200, 400))
    burn(shop, range(2, 400), whose=far, nano=10 * NANO)
    burn(shop, range(2, 400), whose=near, nano=NANO // 10)

    assert "does not go through" in look(shop, action, after_s=390)[1]

    burn(shop, range(402, 800), whose=near)
    burn(shop, range(401, 800))
    action = shop.writer.actions.save(replace(shop.action(action.id or 0), effect=""))
    assert "also comes through key sk-near" in look(shop, action, after_s=790)[1]


def test_batches_that_burn_on_are_named_as_what_the_limit_does_not_hold(shop: Shop) -> None:
    shop.settings = replace(shop.settings, own_gateways=(Gateway(kind="openai", name="gate"),))
    action = accepted(shop)
    tier = replace(event("x").service, tier="batch")
    rows = [
        event(f"b{at}", NOW + at, dimensions=SEARCH, service=tier, credits_nano=NANO)
        for at in range(-200, 400)
    ]
    shop.writer.write_events(batch(rows))

    assert "batch traffic, which this limit does not hold" in look(shop, action, after_s=390)[1]
