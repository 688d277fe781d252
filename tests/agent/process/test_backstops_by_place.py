"""A provider's limits behind hard caps where several gateways hold them, and where others' keys come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.domain.action import ActionKind, ActionState
from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.settings_gateways import Gateway
from tests.agent.control.capped import PROXY
from tests.agent.process.projects import MINE, WALLET, Projects
from tests.agent.process.test_enforcing import OPENAI


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Projects]:
    world = Projects(tmp_path / "l.sqlite", WALLET, gateway=OPENAI)
    yield world
    world.office.writer.close()


@pytest.mark.parametrize("keys", [MINE, MINE[:1]], ids=["projects alone", "all of it in one project"])
def test_a_limit_that_came_to_hold_keys_of_others_is_taken_back(
    made: Projects, keys: tuple[tuple[str, str, str], ...]
) -> None:
    made.burn(str(900 // len(keys)), *keys, p1=None, p2=None)
    made.limits()

    made.burn("1", *keys, ("dev_9", "p1", "search"), p1=1_100, p2=1_100)
    made.enforce()

    limits = [each for each in made.open if each.spec.kind is ActionKind.CAP]
    (over,) = [each for each in limits if any(step.target.id == "p1" for step in each.steps)]
    assert (over.state, over.ended_by) == (ActionState.REVERSING, "agent")
    assert over.why == "a limit of project p1 by now also holds keys that the cap does not count"
    assert all(each.state is ActionState.ACCEPTED for each in limits if each.id != over.id)
    still = f"action {over.id} is taken back: it came to hold keys that the cap does not count"
    told = made.told()[WALLET.id]
    assert told.sentence.startswith("oa holds project p1: spend limit 11.00 USD a month (" + still)
    assert (told.stands, told.credits) == (False, None)
    made.end(over, ActionState.REVERSED, by="agent")
    made.burn("1", *keys, ("dev_9", "p1", "search"), p1=None, p2=None)
    assert made.limits() == []
    assert made.told()[WALLET.id].sentence.startswith("none: ")


def test_a_key_of_others_that_burnt_in_a_project_and_is_gone_from_there_takes_no_limit_back(
    made: Projects,
) -> None:
    made.burn("900", MINE[0], p1=None)
    made.limits()

    made.burn("1", ("dev_9", "p1", "search"), p1=1_100)
    made.burn("1", MINE[0], p1=1_100)
    made.enforce()
    made.enforce()

    (limit,) = [each for each in made.open if each.spec.kind is ActionKind.CAP]
    assert limit.state is ActionState.ACCEPTED
    assert made.told()[WALLET.id].stands


def test_a_limit_that_waits_while_keys_of_others_come_is_no_longer_there_to_be_approved(
    made: Projects,
) -> None:
    made.environment = "prod"
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits(take=False)

    made.burn("1", *MINE, ("dev_9", "p1", "search"), p1=None, p2=None)
    made.enforce()

    waiting = [str(each.spec.scope) for each in made.open if each.spec.kind is ActionKind.CAP]
    assert waiting == ["project:p2"]
    assert made.audited("action.declined") == ["action:1"]


def test_what_people_have_set_since_is_not_taken_for_the_agents_own_limit(made: Projects) -> None:
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()

    made.burn("1", *MINE, ("dev_9", "p1", "search"), p1=700, p2=1_100)
    made.enforce()

    assert made.told()[WALLET.id].sentence == "none: its project p1 at oa also has 1 key of others"


def test_of_two_gateways_each_has_its_own_limit_of_a_project(tmp_path: Path) -> None:
    both = (OPENAI, Gateway(kind="openai", name="ob"))
    world = Projects(tmp_path / "l.sqlite", WALLET, gateway=OPENAI)
    settings = replace(world.office.settings, own_gateways=both)
    world.office.settings = world.enforcer.settings = settings
    world.burn("450", *MINE, p1=None, p2=None)
    states = [
        TargetState(Target("ob", TargetKind.PROJECT, name), {"spend_limit_cents": None})
        for name in ("p1", "p2")
    ]
    keys = [GatewayKey(key, key, project=name) for key, name, _ in MINE]
    world.office.writer.actions.save_inventory("ob", Inventory(keys, states), world.office.now)

    found = [each for each in world.enforce() if each.spec.kind is ActionKind.CAP]

    assert sorted((str(each.spec.scope), each.spec.gateway) for each in found) == [
        ("project:p1", "oa"),
        ("project:p1", "ob"),
        ("project:p2", "oa"),
        ("project:p2", "ob"),
    ]
    assert world.limits() == []
    world.office.writer.close()


def two_proxies(path: Path, *keys: GatewayKey) -> Projects:
    """A team behind two proxies that serve the same keys."""
    world = Projects(path, WALLET, gateway=PROXY)
    both = (PROXY, Gateway(kind="litellm", name="second", base_url=PROXY.base_url))
    settings = replace(world.office.settings, own_gateways=both)
    world.office.settings = world.enforcer.settings = settings
    world.burn("450", *MINE)
    for gateway in both:
        behind_proxy(world, gateway.name, *keys)
    return world


def behind_proxy(world: Projects, gateway: str, *keys: GatewayKey) -> None:
    fields: dict[str, Any] = {"max_budget": None, "budget_duration": "1mo", "blocked": False, "models": []}
    states = [TargetState(Target(gateway, TargetKind.TEAM, "T"), fields)]
    world.office.writer.actions.save_inventory(gateway, Inventory(keys, states), world.office.now)


TEAM_KEYS = tuple(GatewayKey(key, key, labels={"team_id": "T"}) for key, _, _ in MINE)


def test_of_two_proxies_that_serve_the_same_team_each_gets_its_limit(tmp_path: Path) -> None:
    world = two_proxies(tmp_path / "l.sqlite", *TEAM_KEYS)

    found = [each for each in world.enforce() if each.spec.kind is ActionKind.CAP]

    assert [str(step.target) for each in found for step in each.steps] == [
        str(Target(name, TargetKind.TEAM, "T")) for name in ("proxy", "second")
    ]
    world.take(found[0])
    assert world.limits() == []
    first, second = world.told()[WALLET.id].limits
    assert (first.gateway, first.holds) == ("proxy", "at most 11 USD in all")
    assert (second.gateway, second.note) == ("second", f"action {found[1].id} is under way")
    world.office.writer.close()


def test_a_team_of_a_proxy_that_came_to_have_keys_of_others_is_let_go_there(tmp_path: Path) -> None:
    world = two_proxies(tmp_path / "l.sqlite", *TEAM_KEYS)
    world.limits()
    new = GatewayKey("dev_9", "dev_9", team="search", labels={"team_id": "T"})

    behind_proxy(world, "second", *TEAM_KEYS, new)
    world.enforce()

    limits = [each for each in world.open if each.spec.kind is ActionKind.CAP]
    assert [(each.spec.gateway, each.state) for each in limits] == [
        ("proxy", ActionState.ACCEPTED),
        ("second", ActionState.REVERSING),
    ]
    world.office.writer.close()
