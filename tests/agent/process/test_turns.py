"""Of very much that may wait some is done in one look: the most used first, and nobody is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from agent.control.proposal import Proposal
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey, Limit, LimitUnit
from agent.domain.money import NANO
from agent.process.turns import MOST_AT_ONCE, TRY_AGAIN_S, Turns
from agent.process.watch import Watch
from tests.agent.alerts.office import HOUR
from tests.agent.process.projects import Projects, project_target
from tests.agent.process.test_enforcing import OPENAI

TEAMS = 2 * MOST_AT_ONCE + 5


def limit(team: int, used: str = "0.8") -> Proposal:
    spec = ActionSpec(ActionKind.CAP, Scope.parse(f"team:t{team}"), amount_nano=NANO)
    return Proposal(spec, "near", True, alert=team, waits=Decimal(used))


def block(team: int) -> Proposal:
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse(f"team:t{team}"), non_prod=True)
    return Proposal(spec, "reached", True, alert=team)


def day(team: int, look: int) -> Proposal:
    """A throttle for the rest of a day, which gets shorter with every look."""
    scope, limit = Scope.parse(f"api_key:k{team}"), Limit(10, LimitUnit.RPS)
    spec = ActionSpec(ActionKind.THROTTLE, scope, limit=limit, expires_s=HOUR - look)
    return Proposal(spec, "its credits for today are burnt", True)


def teams(proposals: list[Proposal]) -> list[int]:
    return [each.alert or 0 for each in proposals]


def test_what_may_wait_is_done_a_few_at_a_time_the_most_used_first() -> None:
    turns = Turns()
    asked = [limit(team, f"0.7{team:02d}") for team in range(TEAMS)]

    done: list[int] = []
    for look in range(3):
        some = teams(turns.take([each for each in asked if each.alert not in done], look))
        assert len(some) <= MOST_AT_ONCE
        assert turns.left is (look < 2)
        done += some

    assert done == list(reversed(range(TEAMS)))


def test_a_hard_cap_that_is_reached_never_waits() -> None:
    blocks = [block(team) for team in range(TEAMS)]
    limits = [limit(team) for team in range(TEAMS)]

    taken = Turns().take([*limits, *blocks], 0)

    assert taken[:TEAMS] == blocks
    assert len(taken) == TEAMS + MOST_AT_ONCE


def test_a_limit_that_is_too_low_by_now_goes_first() -> None:
    raised = limit(99, "Infinity")

    assert Turns().take([*(limit(team) for team in range(TEAMS)), raised], 0)[0] == raised


@pytest.mark.parametrize("make", [limit, block])
@pytest.mark.parametrize("pause", [1, TRY_AGAIN_S, 10 * TRY_AGAIN_S])
def test_what_is_tried_in_vain_passes_nobody_over(make: object, pause: int) -> None:
    assert callable(make)
    turns = Turns()
    asked = [make(team) for team in range(TEAMS)]
    tried: list[int] = []

    for look in range(8):
        for each in turns.take(asked, look * pause):
            tried.append(each.alert)
            turns.in_vain(each, look * pause)

    first = list(dict.fromkeys(tried))
    assert sorted(first) == list(range(TEAMS))
    assert max(map(tried.count, first)) - min(map(tried.count, first)) <= 2
    assert pause > 1 or len(tried) == TEAMS  # too early for another try


def test_what_lasts_for_the_rest_of_the_day_is_not_tried_at_every_look() -> None:
    turns, tried = Turns(), []

    for look in range(TRY_AGAIN_S):
        for each in turns.take([day(team, look) for team in range(TEAMS)], look):
            tried.append(each.spec.scope)
            turns.in_vain(each, look)

    assert len(tried) == TEAMS
    assert len(turns.take([day(team, TRY_AGAIN_S) for team in range(TEAMS)], TRY_AGAIN_S)) == MOST_AT_ONCE


def test_what_is_called_for_anew_does_not_wait_behind_what_was_tried_in_vain() -> None:
    turns = Turns()
    asked = [limit(team, "0.95") for team in range(MOST_AT_ONCE)]
    for each in turns.take(asked, 0):
        turns.in_vain(each, 0)

    assert turns.take([*asked, limit(99, "0.71")], TRY_AGAIN_S)[0].alert == 99


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Projects]:
    """Teams with a project each, all of them near their caps at one moment."""
    caps = [Allocation(f"a{n:02d}", Scope.parse(f"team:t{n:02d}"), 1_000 * NANO) for n in range(TEAMS)]
    world = Projects(tmp_path / "l.sqlite", *caps, gateway=OPENAI)
    alerts = world.office.settings.alerts
    tiers = tuple(msgspec.structs.replace(each, action="none") for each in alerts.tiers)
    settings = replace(world.office.settings, alerts=msgspec.structs.replace(alerts, tiers=tiers))
    world.office.settings = world.enforcer.settings = settings
    keys = [(f"dev_{n:02d}", f"p{n:02d}", f"t{n:02d}") for n in range(TEAMS)]
    for n, key in enumerate(keys):
        world.burn(str(750 + n), key)
    held = {project_target(name): {"spend_limit_cents": None} for _, name, _ in keys}
    world.serves(*(GatewayKey(key, key, project=name) for key, name, _ in keys), held=held)
    yield world
    world.office.writer.close()


def test_many_caps_that_are_near_at_once_get_their_limits_look_after_look(many: Projects) -> None:
    looks = [[scope for scope, _, _ in many.limits()] for _ in range(4)]

    assert [len(each) for each in looks] == [MOST_AT_ONCE, MOST_AT_ONCE, 5, 0]
    assert [scope for look in looks for scope in look] == [f"team:t{n:02d}" for n in reversed(range(TEAMS))]


def test_what_is_left_is_looked_at_again_though_nothing_burns_any_more(many: Projects) -> None:
    at = 0.0
    watch = Watch(many.office.settings, lambda: None, monotonic=lambda: at)
    looks = [watch.look(many.office.writer, many.office.now)]
    while looks[-1]:
        at += HOUR
        looks.append(watch.look(many.office.writer, many.office.now))

    assert looks == [True, True, False]
    assert sum(each.spec.kind is ActionKind.CAP for each in many.open) == TEAMS
    assert watch.look(many.office.writer, many.office.now) is False


def test_a_watch_that_rests_begins_nothing_of_what_is_left(many: Projects) -> None:
    watch = Watch(many.office.settings, lambda: None, monotonic=lambda: 0.0)

    left = [watch.look(many.office.writer, many.office.now) for _ in range(3)]

    assert left == [True, True, True]
    assert sum(each.spec.kind is ActionKind.CAP for each in many.open) == MOST_AT_ONCE


def test_limits_of_caps_that_were_all_raised_follow_before_others_are_begun(many: Projects) -> None:
    first = {scope for scope, _, _ in many.limits()}
    for allocation in many.office.settings.allocations:
        if str(allocation.scope) in first:
            many.top_up(allocation, 100, many.office.now + HOUR)

    assert {scope for scope, _, _ in many.limits()} == first
