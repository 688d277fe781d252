"""Who does what next in a run that a script plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.person import Person
from agent.runbooks import asks
from console.runs.answers import Answers
from console.runs.cast import Cast
from console.runs.moves import Move, next_move, way_out
from tests.agent.process.override import PEOPLE
from tests.agent.runbooks.walking import Walking

NOTE = 'kind = "note"\nid = "note"\nprompt = "What?"'
TOP_UP = """
kind = "action"
id = "top-up"
action = "top-up"
with = { allocation = "org-1234-bg-payments", amount = "50,000" }
"""
APPROVED = 'kind = "approval"\nid = "approved"\nof = "top-up"'
CRITICAL = """
kind = "decision"
id = "assess"
question = "Is it?"
records = "criticality"
[[choice]]
answer = "critical"
label = "it is"
[[choice]]
answer = "not-critical"
label = "it is not"
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def move(world: Walking, answers: Answers | None = None, *names: str) -> Move:
    """What is next in run 1, by a cast of everybody or of these."""
    people = tuple(
        Person(name, world.identities[name].public_key, roles)
        for name, roles in PEOPLE.items()
        if not names or name in names
    )
    return next_move(world.view(), answers or Answers(), Cast(people, world.identities))


def test_the_holder_does_a_step_that_names_nobody(world: Walking) -> None:
    world.write("walk", NOTE)
    world.start("walk")

    assert move(world) == Move("answer", "ada", "drill")


def test_whoever_a_step_names_does_it_without_taking_the_run_over(world: Walking) -> None:
    world.write("walk", f'{NOTE}\nroles = ["finance"]')
    world.start("walk")

    assert move(world).person == "fin"


def test_a_run_is_taken_over_where_its_holder_may_not_do_what_a_step_asks(world: Walking) -> None:
    world.write("walk", CRITICAL)
    world.reach_the_cap()
    world.start("walk", incident=world.incident().id)

    assert move(world) == Move("take", "eng")
    assert move(world, None, "ada", "fin").do == "stuck"


def test_those_approve_who_are_asked_and_never_who_asked(world: Walking) -> None:
    world.write("walk", TOP_UP, APPROVED)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", "fin", incident=world.incident().id)
    assert move(world) == Move("act", "fin")
    assert world.act("fin") == ""

    assert move(world) == Move("approve", "flo", actions=(1,))
    assert move(world, Answers(deny={"approved": "no money"})) == Move("deny", "flo", "no money", (1,))
    assert world.approve("flo", world.action()) == ""
    assert move(world) == Move("approve", "eng", actions=(1,))
    assert move(world, None, "ada", "fin", "flo").text == "nobody of the cast can approve action 1"


def test_a_drill_is_approved_by_whom_the_script_names_and_the_agent_judges_them(world: Walking) -> None:
    world.write("walk", TOP_UP, APPROVED, NOTE)
    world.reach_the_cap()
    world.start("walk", incident=world.incident().id, drill=True)
    assert world.act() == ""
    named = Answers(approve={"approved": ("ada", "flo", "flo")})

    assert move(world) == Move("approve", "fin", actions=(1,))
    assert move(world, named) == Move("approve", "ada", actions=(1,))
    assert "ada asked for it" in world.approve("ada", world.action())
    assert world.approve("flo", world.action()) == ""
    assert move(world, named) == Move("approve", "flo", actions=(1,))
    assert "flo has approved it already" in world.approve("flo", world.action())
    assert move(world, Answers(approve={"approved": ("flo",)})) == Move("approve", "eng", actions=(1,))
    assert world.approve("eng", world.action()) == ""
    world.go_on()
    assert move(world).do == "answer"


def test_a_step_that_has_failed_is_overruled_or_skipped_only_where_the_script_says_so(world: Walking) -> None:
    check = 'kind = "check"\nid = "known"\ncondition = "key-known"\nwith = { key = "key_of_nobody" }'
    world.write("walk", check, NOTE)
    world.start("walk")

    stuck = move(world)
    assert stuck.do == "stuck"
    assert "key_of_nobody" in stuck.text
    assert move(world, Answers(overrule={"known": "mine"})) == Move("overrule", "ada", "mine")
    assert move(world, Answers(skip={"known": "later"})) == Move("skip", "ada", "later")


def test_nothing_is_left_to_do_at_the_end(world: Walking) -> None:
    world.write("walk", NOTE)
    world.start("walk")
    world.do("answer", answer="it is over")

    assert move(world) == Move("over")


THROTTLE = """
kind = "action"
id = "throttle"
action = "throttle"
with = { scope = "team:payments", limit = "5 rpm", for = "1h" }
"""
HOW = """
kind = "decision"
id = "how"
question = "How hard?"
[[choice]]
answer = "hard"
label = "hold it back"
go = "throttle"
[[choice]]
answer = "not"
label = "let it be"
go = "note"
"""


def instead(world: Walking, answers: Answers | None = None) -> Move | None:
    """What is done instead of the action that run 1 is at, by a cast of everybody."""
    people = tuple(Person(name, world.identities[name].public_key, roles) for name, roles in PEOPLE.items())
    return way_out(world.view(), answers or Answers(), Cast(people, world.identities), "no gateway can")


GLASS = """
kind = "action"
id = "glass"
action = "top-up"
with = { allocation = "org-1234-bg-payments", amount = "5,000", emergency = "yes" }
"""
LEARNT = 'kind = "note"\nid = "learnt"\nprompt = "Why?"\nrecords = "postmortem"'


def test_the_postmortem_of_a_broken_glass_is_written_by_somebody_who_takes_the_run_over(
    world: Walking,
) -> None:
    world.reach_the_cap()
    world.write("walk", GLASS, LEARNT)
    world.start("walk", incident=world.incident().id)
    assert world.act() == ""
    world.go_on()

    taken = move(world)
    assert (taken.do, taken.person != "ada") == ("take", True)
    assert world.ask(taken.person, asks.hold_of(world.run())) == ""
    said = move(world)
    assert (said.do, said.person) == ("answer", taken.person)
    assert world.do("answer", said.person, answer=said.text) == ""
    assert world.office.writer.incidents.owing_postmortem() == set()


def test_a_refused_action_sends_the_script_back_to_the_decision_and_is_skipped_in_the_end(
    world: Walking,
) -> None:
    world.write("walk", HOW, THROTTLE, NOTE)
    world.start("walk")
    world.do("answer", answer="hard")

    assert instead(world) == Move("reopen", "ada", "no gateway can", step=1)
    world.do("reopen", step=1)
    world.do("answer", answer="hard")
    assert instead(world) == Move("skip", "ada", "no gateway can")


def test_a_refused_action_that_the_script_asks_for_is_its_end(world: Walking) -> None:
    world.write("walk", HOW, THROTTLE, NOTE)
    world.start("walk")
    world.do("answer", answer="hard")

    assert instead(world, Answers(answers={"how": ("hard",)})) is None
    assert instead(world, Answers(act={"throttle": {"limit": "5 rpm"}})) is None


def test_a_refused_action_without_a_decision_before_it_is_skipped(world: Walking) -> None:
    world.write("walk", THROTTLE, NOTE)
    world.start("walk")

    assert instead(world) == Move("skip", "ada", "no gateway can")
