"""Release steps that name another step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.run import RunState
from tests.agent.runbooks.walking import Walking

TOP_UP = """
kind = "action"
id = "more"
action = "top-up"
with = { allocation = "org-1234-bg-payments", amount = "50,000" }
"""
APPROVED = 'kind = "approval"\nof = "more"'
OTHER = """
kind = "decision"
id = "way"
question = "Which way?"
[[choice]]
answer = "on"
label = "on"
go = "let-go"
[[choice]]
answer = "harder"
label = "harder"
"""
HARDER = 'kind = "action"\nid = "harder"\naction = "block"\nwith = { scope = "team:search" }'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def test_a_release_of_one_step_goes_on_where_only_another_step_has_something_in_force(world: Walking) -> None:
    of_harder = 'kind = "action"\nid = "let-go"\naction = "release"\nof = "harder"'
    whole = 'kind = "action"\naction = "release"'
    world.reach_the_cap()
    world.write("walk", TOP_UP, APPROVED, OTHER, HARDER, of_harder, whole)
    world.start("walk", incident=world.incident().id)
    assert world.assess("lea", critical=True) == ""
    assert world.act() == ""
    assert world.approve("fin", world.action()) == ""
    assert world.approve("eng", world.action()) == ""
    assert world.do("answer", answer="on") == ""

    assert world.do("go") == "", "nothing of the step that it names is in force"

    assert world.run().at == 6
    assert "action 1 is in force" in world.do("go"), "all of the run is another matter"
    assert world.run().state is RunState.OPEN
