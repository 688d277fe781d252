"""What the form of a note says of a postmortem that somebody signs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.screens.runbook import wishes
from tests.agent.runbooks.walking import Walking

GLASS = """
kind = "action"
id = "glass"
action = "top-up"
with = { allocation = "org-1234-bg-payments", amount = "5,000", emergency = "yes" }
"""
LEARNT = 'kind = "note"\nid = "learnt"\nprompt = "Why?"\nrecords = "postmortem"'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    made.reach_the_cap()
    yield made
    made.office.writer.close()


def said(world: Walking) -> str:
    """The lines of the form of the step that run 1 is at."""
    view = world.view()
    assert view.current is not None
    return "\n".join(wishes.note(view, view.current).judge({}))


def test_where_the_glass_was_broken_it_says_who_signs_and_what_is_to_be_stated(world: Walking) -> None:
    world.write("walk", GLASS, LEARNT)
    world.start("walk", incident=world.incident().id)
    assert world.act() == ""
    world.go_on()

    assert "somebody else than who broke it signs" in said(world)
    assert '"Cause: ... Follow-up: ..."' in said(world)


def test_a_postmortem_of_anything_else_is_a_note_as_any(world: Walking) -> None:
    world.write("walk", LEARNT)
    world.start("walk", incident=world.incident().id)

    assert said(world) == "It is kept in the run, and stands in the postmortem."
