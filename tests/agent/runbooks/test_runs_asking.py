"""Runs that ask people: signatures, approvals, and the actions that come of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.asking import decision_on
from agent.domain.action import ActionState
from agent.domain.run import StepState
from agent.runbooks import asks
from agent.runbooks.in_force import in_force_lines, in_force_words
from tests.agent.runbooks.step_texts import APPROVED, CHOICE, NOTE, SIGNED, TOP_UP
from tests.agent.runbooks.walking import Walking


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def test_people_sign_who_are_asked_and_nobody_for_themselves_or_twice(world: Walking) -> None:
    world.write("walk", SIGNED, NOTE)
    world.start("walk", "fin")

    assert "somebody else has to agree" in world.do("sign", "fin", approve=True)
    assert "it takes finance and engineering or lead; ada has the role operator" in world.do(
        "sign", "ada", approve=True
    )
    assert world.do("sign", "flo", approve=True) == ""
    assert "flo has spoken already" in world.do("sign", "flo", approve=True)
    assert world.run().at == 1
    assert world.do("sign", "eng", approve=True) == ""
    assert world.run().at == 2


def test_a_no_fails_the_step_and_asking_again_asks_everybody_again(world: Walking) -> None:
    world.write("walk", SIGNED, NOTE)
    world.start("walk")
    world.do("sign", "fin", approve=True)

    assert world.do("sign", "eng", approve=False, reason="not like this") == ""
    assert world.run().step(1).outcome == "eng denied as engineering: not like this"
    assert world.do("retry") == ""
    assert world.do("sign", "eng", approve=True) == ""
    assert world.run().at == 1
    assert world.do("sign", "fin", approve=True) == ""
    assert world.run().at == 2


def test_an_action_of_a_run_is_approved_and_done_and_undone_as_every_other(world: Walking) -> None:
    world.write("walk", TOP_UP, APPROVED, NOTE)
    incident = world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", incident=incident.id)

    assert world.act() == ""
    assert world.states() == ["done", "working", "ahead"]
    assert "waits for finance and engineering" in world.run().step(1).outcome
    assert world.approve("fin", world.action()) == ""
    assert world.approve("eng", world.action()) == ""
    assert world.states() == ["done", "done", "ready"]
    assert world.action().state is ActionState.ACCEPTED
    assert [line.split(", ")[0] for line in in_force_lines(world.view())] == ["action 1"]

    undo = asks.releases_of(world.run(), 1, [1], "too much")
    assert [world.ask("ada", each) for each in undo] == ["a top-up is taken back by finance"]
    assert [world.ask("fin", each) for each in undo] == [""]
    world.go_on()
    assert world.action().state is ActionState.REVERSED
    assert world.states() == ["undone", "done", "ready"]
    assert world.view().steps[0].text == "action 1 is undone: released by fin"
    assert in_force_words(world.view(), world.clock.now()) == ""


def test_a_wait_for_what_was_never_done_ends_at_once(world: Walking) -> None:
    fell = (
        'kind = "wait-for"\nid = "fell"\ncondition = "burn-fell"\nwith = { of = "hold" }\ntimeout = "10m"\n'
    )
    hold = 'kind = "action"\nid = "hold"\naction = "block"\nwith = { scope = "team:search" }'
    world.write("walk", hold, fell + 'otherwise = "way"', NOTE, 'id = "way"\n' + CHOICE)
    world.start("walk")

    assert world.do("skip", reason="nobody is harmed") == ""
    world.conduct()

    assert world.run().at == 4
    assert world.run().step(2).answer == "not met"
    assert world.run().step(2).outcome == "Step 1 (Step 1) has made no action."


def test_an_approval_that_is_denied_fails_the_step_and_one_that_is_late_too(world: Walking) -> None:
    world.write("walk", TOP_UP, APPROVED)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", incident=world.incident().id)
    world.act()

    world.ask("fin", decision_on(world.action(), approve=False, note="no money"))

    assert world.states() == ["done", "failed"]
    assert "action 1 is declined" in world.run().step(2).outcome


def test_an_approval_of_what_was_skipped_leads_its_other_way_and_is_no_yes_without_one(
    world: Walking,
) -> None:
    world.write("walk", TOP_UP, f'{APPROVED}\notherwise = "way"', NOTE, 'id = "way"\n' + CHOICE)
    world.write("firm", TOP_UP, APPROVED, NOTE)
    world.reach_the_cap()
    world.start("walk", incident=world.incident().id)
    world.start("firm", incident=world.incident().id)

    for ident in (1, 2):
        run = world.run(ident)
        assert world.ask("ada", asks.step_of(run, 1, "skip", reason="nobody is harmed")) == ""

    world.conduct()
    assert (world.run(1).at, world.run(1).step(2).answer) == (4, "not needed")
    assert world.run(1).step(2).outcome == "step 1 was skipped: nothing was asked for"
    assert (world.run(2).at, world.run(2).step(2).state) == (2, StepState.FAILED)


def test_an_action_of_another_kind_or_of_another_step_is_refused(world: Walking) -> None:
    world.write("walk", NOTE, TOP_UP, APPROVED)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", incident=world.incident().id)
    run = world.run()

    wrong = world.top_up(50_000)
    asked = asks.Ask(wrong.kind, wrong.subject, {**wrong.payload, "run": {"run": 1, "step": 1, "attempt": 1}})

    assert "asks for no top up" in world.ask("ada", asked)
    assert world.run() == run
    assert not world.office.writer.actions.open_actions()


def test_a_drill_makes_drills_and_no_others(world: Walking) -> None:
    world.write("walk", TOP_UP, APPROVED)
    world.reach_the_cap()
    world.start("walk", incident=world.incident().id, drill=True)
    real = world.top_up(50_000)
    asked = asks.Ask(real.kind, real.subject, {**real.payload, "run": {"run": 1, "step": 1, "attempt": 1}})

    assert "the two do not mix" in world.ask("ada", asked)
    assert world.act() == ""
    assert world.action().spec.drill
