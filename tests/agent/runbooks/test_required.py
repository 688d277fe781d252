"""What a step requires is tested again when somebody does it, however long after it was reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.control import IntentKind, outcome, submit
from agent.control.asking import Ask
from agent.domain.run import StepState
from agent.ledger.reader import LedgerReader
from agent.runbooks import asks
from tests.agent.runbooks.step_texts import CHOICE, NOTE, SIGNED, TOLD
from tests.agent.runbooks.walking import Walking

REQUIRES = """
requires = [{ condition = "assessed-critical", with = { incident = "{incident}" } }]
"""
LESS = """
kind = "action"
id = "less"
action = "allocate"
with = { allocation = "org-1234-bg-payments", monthly = "1,200,000" }
"""
RELEASE = 'kind = "action"\nid = "release"\naction = "release"\n'
NOT_SO = "what it requires is so no more: Production is not affected, says lea"


def top_part(step: str) -> str:
    """A step that requires that the incident is critical; its keys stand before its tables."""
    head, mark, tables = step.strip().partition("\n[[")
    return head + REQUIRES + mark + tables


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def arrived(world: Walking, step: str) -> None:
    """A run at a step whose precondition was so on arrival, and is so no more."""
    world.write("walk", top_part(step), NOTE)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    assert world.start("walk", "fin", incident=world.incident().id) == ""
    assert world.run().at == 1
    world.assess("lea", critical=False)


WORDS: dict[str, tuple[str, Callable[[Walking], str]]] = {
    "a note": (NOTE, lambda world: world.do("answer", "fin", answer="I saw it")),
    "a decision": (CHOICE, lambda world: world.do("answer", "fin", answer="loud")),
    "a message": (TOLD, lambda world: world.do("go", "fin")),
    "an action": (LESS, lambda world: world.act("fin")),
    "a release of nothing": (RELEASE, lambda world: world.do("go", "fin")),
}


@pytest.mark.parametrize("name", WORDS)
def test_what_is_so_no_more_refuses_the_word_until_it_is_so_again(world: Walking, name: str) -> None:
    step, word = WORDS[name]
    arrived(world, step)
    assert world.run().step(1).state is StepState.READY

    refused = word(world)

    assert NOT_SO in refused
    assert "Wait until it is so again, or overrule it: `burndeck runbook overrule 1 --reason WHY`" in refused
    assert world.run().step(1).state is StepState.READY
    assert not world.office.writer.actions.open_actions()
    world.assess("lea", critical=True)
    assert word(world) == ""
    assert world.run().step(1).state is not StepState.READY


@pytest.mark.parametrize("name", ["a note", "an action"])
def test_a_person_overrules_what_is_so_no_more_with_a_reason(world: Walking, name: str) -> None:
    step, word = WORDS[name]
    arrived(world, step)

    assert "overrule" in world.view().steps[0].can
    assert world.do("overrule", "fin") == "reason: say why the finding is overruled; everybody sees it"
    assert world.do("overrule", "fin", reason="it is critical to us") == ""

    assert world.run().step(1).state is StepState.READY
    assert "overrule" not in world.view().steps[0].can
    assert word(world) == ""
    assert ("overruled", "fin") in world.events()


def test_what_is_so_is_not_overruled_beforehand(world: Walking) -> None:
    arrived(world, NOTE)
    world.assess("lea", critical=True)

    assert "overrule" not in world.view().steps[0].can
    assert world.do("overrule", "fin", reason="to be safe") == (
        "what step 1 requires is so: there is nothing to overrule"
    )


@pytest.mark.parametrize(("approve", "counts"), [(True, False), (False, True)])
def test_a_yes_needs_what_the_gate_requires_and_a_no_does_not(
    world: Walking, approve: bool, counts: bool
) -> None:
    world.write("walk", top_part(SIGNED), NOTE)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", "fin", incident=world.incident().id)
    sign = asks.step_of(world.run(), 1, "sign", approve=approve)
    other = Ask(IntentKind.ASSESS, f"incident:{world.incident().id}", {"critical": False, "note": "no"})

    first, second = at_once(world, ("lea", other), ("flo", sign))

    assert first == ""
    assert (second == "") is counts
    assert counts or NOT_SO in second


def at_once(world: Walking, *asked: tuple[str, Ask]) -> list[str]:
    """Several words that the agent hears before it looks at any run."""
    settings, now = world.office.settings, world.clock.now()
    receipts = [
        submit(settings, ask.kind, ask.subject, ask.payload, now, identity=world.identities[who])
        for who, ask in asked
    ]
    world.go_on(1)
    with LedgerReader(world.office.path) as reader:
        results = [outcome(reader, receipt.id) for receipt in receipts]
    return [result.reason for result in results if result is not None]


def test_the_undo_of_an_action_never_waits_for_what_its_step_requires(world: Walking) -> None:
    world.write("walk", top_part(LESS), NOTE)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", "fin", incident=world.incident().id)
    assert world.act("fin") == ""
    world.assess("lea", critical=False)

    for ask in asks.releases_of(world.run(), 1, world.office.writer.runs.actions(1)):
        assert "requires" not in world.ask("lea", ask)
