"""One key blocked by its scopes: planned, told and undone by the agent's engine, at a provider that obeys."""

from __future__ import annotations

import pytest

from agent.control.engine.holding import to_restore
from agent.control.gateways.base import GatewayError, GoneError, Link, UnsupportedError
from agent.domain.action import ActionState, Step, StepState
from agent.domain.gateway import Target, TargetKind, TargetState
from agent.domain.usage import Dimensions
from fixtures.provider import faults
from tests.agent.control.gateways.openai_agent import NOW, READ_ONLY, SOME, Agent
from tests.agent.control.gateways.openai_world import World
from tests.agent.ledger.build import bucket
from tests.fixtures.moments import HOUR


def test_one_key_is_blocked_alone_and_gets_back_exactly_what_it_had(agent: Agent) -> None:
    agent.here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)

    made = agent.plan()
    ident = agent.block(made)
    blocked = agent.scopes()
    state = agent.action(ident).state
    agent.here.talk.clock.at = NOW + 1_800
    agent.release(ident)
    agent.here.talk.clock.at = NOW + 3 * HOUR

    assert [step.target for step in made.steps] == [agent.target]
    assert made.steps[0].before == {"scopes": SOME}
    assert not made.bystanders
    assert state is ActionState.ACCEPTED
    assert blocked == ["model.read"]
    assert agent.scopes() == SOME
    assert agent.action(ident).state is ActionState.REVERSED
    assert agent.calls(NOW + 120, NOW + 1_800) == 0
    assert agent.calls(NOW + 120, NOW + 1_800, others=True) > 0
    assert agent.calls(NOW + 1_920, NOW + 2 * HOUR) > 0


def test_a_key_that_nobody_knows_the_scopes_of_is_not_blocked_alone(agent: Agent) -> None:
    agent.run(polls=1)

    with pytest.raises(UnsupportedError, match=f"nobody knows the permissions of {agent.key_name}") as caught:
        agent.plan()

    assert "unknown_key_scopes" in caught.value.hint


def test_what_a_person_states_of_such_keys_is_what_they_get_back(stated: Agent) -> None:
    stated.run(polls=1)

    ident = stated.block()
    blocked = stated.scopes()
    stated.release(ident)

    assert blocked == READ_ONLY
    assert stated.scopes() == []
    assert stated.action(ident).state is ActionState.REVERSED


def test_a_change_to_an_empty_list_is_every_permission_as_it_is_for_the_api(agent: Agent) -> None:
    agent.here.talk.post(agent.path, {"scopes": SOME})
    agent.here.talk.clock.at = NOW + 60
    agent.here.talk.post(agent.path, {"scopes": []})
    agent.run(polls=1)

    made = agent.plan()
    ident = agent.block(made)
    agent.release(ident)

    assert made.steps[0].before == {"scopes": "all"}
    assert agent.scopes() == []


def test_without_a_log_a_block_is_undone_by_another_process_all_the_same(stated: Agent, here: World) -> None:
    here.fault({"fault": 403, "path": "/organization/audit_logs"})
    stated.run(polls=1)

    ident = stated.block()
    stated.run(polls=2)
    drifted = [each.kind for each in stated.told if each.kind == "drifted"]
    stated.release(ident)
    here.fault()

    assert drifted == []
    assert stated.action(ident).state is ActionState.REVERSED
    assert stated.scopes() == []


def test_scopes_that_moved_since_the_preview_are_left_alone(agent: Agent) -> None:
    agent.here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    made = agent.plan()
    agent.here.talk.post(agent.path, {"scopes": ["api.model.request"]})

    ident = agent.block(made)

    (step,) = agent.action(ident).steps
    assert step.state is StepState.FAILED
    assert "has moved since the preview" in step.detail
    assert agent.scopes() == ["api.model.request"]


def test_scopes_that_somebody_sets_meanwhile_are_told_and_not_overwritten(agent: Agent) -> None:
    agent.here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    ident = agent.block()
    agent.here.talk.clock.at = NOW + 60
    agent.here.talk.post(agent.path, {"scopes": ["api.all"]})

    agent.run(polls=1, settles=False)
    agent.release(ident)

    assert [each.kind for each in agent.told if each.kind == "drifted"] == ["drifted"]
    (step,) = agent.action(ident).steps
    assert step.state is StepState.KEPT
    assert "api.all" in step.detail
    assert agent.scopes() == ["api.all"]


def test_whenever_the_agent_dies_the_key_gets_back_exactly_what_it_had(agent: Agent) -> None:
    agent.here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    ident = agent.begin(agent.plan())

    blocking = agent.lives()
    held = agent.scopes()
    agent.reverse(ident)
    undoing = agent.lives()

    assert min(blocking, undoing) > 3
    assert held == ["model.read"]
    assert agent.scopes() == SOME
    assert agent.action(ident).state is ActionState.REVERSED


@pytest.mark.parametrize(("late", "back"), [(True, {"scopes": SOME}), (False, {})])
def test_what_a_log_tells_late_is_given_back_though_it_reads_as_it_was(
    late: bool, back: dict[str, object]
) -> None:
    target = Target("openai", TargetKind.KEY_SCOPES, "p/k")
    step = Step(0, target, {"scopes": READ_ONLY}, {"scopes": SOME}, state=StepState.APPLIED)

    assert to_restore(step, TargetState(target, {"scopes": SOME}, "v", late=late)) == back


def test_of_a_project_with_production_the_other_keys_are_blocked(stated: Agent) -> None:
    keys = {cell.key for cell in stated.here.talk.organization.cells if cell.key.project.id == stated.project}
    alive = [key for key in keys if key.deleted_days_ago is None]
    dev, *prod = sorted(key.id for key in alive)
    assert prod
    rows = [
        bucket(NOW - HOUR, HOUR, nano=10**9, dimensions=_who(stated, key, "dev" if key == dev else "prod"))
        for key in (dev, *prod)
    ]
    stated.writer.write_usage_window("openai", NOW - HOUR, NOW, {"completions": rows}, read_at=NOW)
    stated.run(polls=1)

    made = stated.plan("team:search", non_prod=True)

    assert [step.target.id for step in made.steps] == [f"{stated.project}/{dev}"]
    assert not made.bystanders


def _who(agent: Agent, key: str, environment: str) -> Dimensions:
    return Dimensions("openai", api_key=key, project=agent.project, environment=environment, team="search")


def test_a_key_that_is_gone_or_expired_is_said_to_be(agent: Agent, here: World) -> None:
    agent.here.talk.post(agent.path, {"scopes": SOME, "expires_in_seconds": 1})
    here.talk.clock.at = NOW + 60
    with pytest.raises(GoneError, match="expired"):
        here.write(agent.target, {"scopes": SOME})

    here.talk.http.delete(agent.path).raise_for_status()
    with pytest.raises(GoneError):
        here.read(agent.target)


def test_an_admin_key_that_has_expired_does_not_end_the_undo_of_a_block(
    agent: Agent, here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(faults._MESSAGES, 401, ("Your API key has expired.", "invalid_api_key"))
    here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    ident = agent.block()
    here.fault({"fault": 401, "path": agent.path, "method": "POST", "times": 1})

    agent.release(ident)

    assert agent.action(ident).steps[0].state is StepState.UNDONE
    assert agent.scopes() == SOME


@pytest.mark.parametrize("scopes", [None, [], "everything"])
def test_every_permission_is_given_by_its_name_alone(agent: Agent, here: World, scopes: object) -> None:
    with pytest.raises(GatewayError, match="nobody knows") as caught:
        here.write(agent.target, {"scopes": scopes})

    assert caught.value.refused
    assert here.talk.items("/organization/audit_logs", **{"event_types[]": "api_key.updated"}) == []


def test_a_change_that_is_not_about_scopes_hides_none(agent: Agent, here: World) -> None:
    here.talk.post(agent.path, {"scopes": SOME})
    here.talk.post(agent.path, {"expires_in_seconds": 10_000})

    state = here.read(agent.target)

    assert state.fields == {"scopes": SOME}
    found = {each.target: each for each in here.inventory().states}
    assert found[agent.target].fields == state.fields


def test_what_was_set_just_now_counts_until_the_log_has_come(agent: Agent, here: World) -> None:
    here.talk.post(agent.path, {"scopes": SOME})

    async def set_and_read(link: Link) -> TargetState:
        before = await link.read(agent.target)
        here.fault({"fault": 403, "path": "/organization/audit_logs"})
        await link.write(agent.target, {"scopes": READ_ONLY}, action=1, seq=0)
        assert before.late
        return await link.read(agent.target)

    after = here.ask(set_and_read)
    here.fault()

    assert after.fields == {"scopes": READ_ONLY}
    assert not after.late


def test_a_new_key_of_which_the_log_lists_no_permission_is_not_taken_for_one_that_has_them_all(
    agent: Agent,
) -> None:
    _new_key(agent)
    agent.run(polls=1)

    with pytest.raises(UnsupportedError, match="nobody knows the permissions"):
        agent.plan()


def test_a_new_key_gets_every_permission_back_where_a_person_states_that_none_was_restricted(
    stated: Agent,
) -> None:
    _new_key(stated)
    stated.run(polls=1)

    made = stated.plan()
    ident = stated.block(made)
    blocked = stated.scopes()
    stated.release(ident)

    assert made.steps[0].before == {"scopes": "all"}
    assert blocked == READ_ONLY
    assert stated.scopes() == []


def _new_key(agent: Agent) -> None:
    path = f"/organization/projects/{agent.project}/service_accounts"
    agent.key = agent.here.talk.post(path, {"name": "nightly"})["api_key"]["id"]
