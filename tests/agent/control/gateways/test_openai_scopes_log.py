"""What the organization's log tells of a key's scopes late, or not at all, or of what others did."""

from __future__ import annotations

import pytest

from agent.control.gateways.base import UnsupportedError
from agent.control.planning.drafts import HeldAlreadyError
from agent.domain.action import ActionState
from agent.domain.gateway import TargetKind
from agent.domain.unseen import BLINDLY
from tests.agent.control.gateways.openai_agent import NOW, SOME, Agent
from tests.agent.control.gateways.openai_late_log import told_until
from tests.agent.control.gateways.openai_world import World

LOG = "/organization/audit_logs"


def test_a_block_that_somebody_lifts_by_hand_is_told_also_by_another_process(
    agent: Agent, here: World
) -> None:
    here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    agent.block()
    here.talk.clock.at = NOW + 1_800
    here.talk.post(agent.path, {"scopes": SOME})

    agent.run(polls=2, settles=False)

    assert [each.kind for each in agent.told if each.kind == "drifted"] == ["drifted"]


def test_scopes_are_given_back_by_a_process_that_may_not_read_the_log_any_more(
    agent: Agent, here: World
) -> None:
    here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    ident = agent.block()
    here.fault({"fault": 403, "path": LOG})
    agent.run(polls=1)

    agent.release(ident)
    here.fault()

    assert agent.action(ident).state is ActionState.REVERSED
    assert agent.scopes() == SOME


def test_an_undo_that_overwrites_unseen_what_somebody_else_has_set_says_so_before_and_after(
    agent: Agent, here: World
) -> None:
    here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    ident = agent.block()
    here.fault({"fault": 403, "path": LOG})
    here.talk.post(agent.path, {"scopes": ["api.all"]})
    agent.run(polls=1)

    before = agent.detail(ident)
    agent.release(ident)
    here.fault()

    assert agent.scopes() == SOME
    assert "UNSEEN: openai refuses its audit log" in before.unseen
    assert "of 1 key meanwhile; the undo overwrites" in before.unseen
    assert [each.purpose for each in before.commands if before.unseen in each.purpose]
    said = f"{BLINDLY}: look at {agent.project}/{agent.key}"
    told = agent.told[-1]
    assert (told.kind, told.recipients) == ("undone", ("ops_on_call",))
    assert said in told.text
    after = agent.detail(ident)
    assert said in after.entry.effect
    assert [each.error for each in after.steps] == [BLINDLY]
    assert [each for each in after.timeline if each.kind == "undone" and said in each.text]
    assert after.unseen == ""


def test_an_undo_that_sees_what_others_have_set_warns_of_nothing(agent: Agent, here: World) -> None:
    here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    ident = agent.block()
    here.fault({"fault": 403, "path": LOG})
    agent.run(polls=1)
    here.fault()
    agent.run(polls=1)

    before = agent.detail(ident)
    agent.release(ident)

    assert before.unseen == ""
    assert "UNSEEN" not in agent.told[-1].text + agent.detail(ident).entry.effect


def test_a_log_that_does_not_answer_takes_no_other_brake_away(agent: Agent, here: World) -> None:
    here.fault({"fault": 500, "path": LOG})

    agent.run(polls=1)

    targets = agent.writer.actions.targets()
    assert {TargetKind.PROJECT, TargetKind.PROJECT_MODEL} <= {target.kind for target in targets}
    assert agent.target not in targets


def test_nothing_is_assumed_of_a_key_while_the_log_does_not_answer(stated: Agent, here: World) -> None:
    here.talk.post(stated.path, {"scopes": SOME})
    here.fault({"fault": 500, "path": LOG})

    stated.run(polls=1)
    with pytest.raises(UnsupportedError, match="nobody knows"):
        stated.plan()
    here.fault()
    stated.run(polls=1)

    assert stated.plan().steps[0].before == {"scopes": SOME}


def test_what_was_known_of_a_key_is_given_back_though_the_log_may_not_be_read_any_more(
    stated: Agent, here: World
) -> None:
    here.talk.post(stated.path, {"scopes": SOME})
    stated.run(polls=1)
    here.fault({"fault": 403, "path": "/organization/audit_logs"})
    stated.run(polls=1)

    made = stated.plan()
    ident = stated.block(made)
    stated.run(polls=1)
    stated.release(ident)
    here.fault()

    assert made.steps[0].before == {"scopes": SOME}
    assert stated.scopes() == SOME
    assert [each.kind for each in stated.told if each.kind == "drifted"] == []


def test_a_key_that_is_blocked_is_not_blocked_once_more_while_the_log_does_not_tell_of_it_yet(
    agent: Agent, here: World
) -> None:
    here.talk.post(agent.path, {"scopes": SOME})
    agent.run(polls=1)
    here.talk.clock.at = NOW + 10
    ident = agent.block()

    with told_until(NOW + 10):
        agent.run(polls=1, settles=False)
        with pytest.raises(HeldAlreadyError):
            agent.plan()
    agent.release(ident)

    assert agent.scopes() == SOME
    assert agent.told[-1].kind == "undone"


def test_what_was_known_of_a_key_outlasts_a_log_that_does_not_answer(stated: Agent, here: World) -> None:
    here.talk.post(stated.path, {"scopes": SOME})
    stated.run(polls=1)
    for fault in (500, 403):
        here.fault({"fault": fault, "path": LOG})
        stated.run(polls=1)

    ident = stated.block()
    stated.release(ident)
    here.fault()

    assert stated.action(ident).steps[0].before == {"scopes": SOME}
    assert stated.scopes() == SOME
