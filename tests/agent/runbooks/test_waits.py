"""Until when a step waits for approvals, and whether anybody is there to give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.ledger.reader import LedgerReader
from agent.runbooks.view import StepView, run_view
from tests.agent.runbooks.step_texts import APPROVED, NOTE, TOP_UP
from tests.agent.runbooks.walking import Walking

SIGNED = 'kind = "approval"\nid = "signed"\nsign = [["finance"], ["lead"]]\n'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def current(world: Walking, *people: str) -> StepView:
    """The step that run 1 is at, where burndeck.toml knows everybody or only these."""
    settings = world.office.settings
    known = tuple(each for each in settings.people if not people or each.name in people)
    with LedgerReader(world.office.path) as reader:
        view = run_view(reader, replace(settings, people=known), 1, world.clock.now())
    assert view is not None and view.current is not None
    return view.current


@pytest.mark.parametrize(("timeout", "lapses"), [("3d", True), ("1h", False)])
def test_the_shorter_of_two_deadlines_is_the_one_that_is_shown(
    world: Walking, timeout: str, lapses: bool
) -> None:
    world.write("walk", TOP_UP, APPROVED.replace('"1h"', f'"{timeout}"'), NOTE)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", "fin", incident=world.incident().id)
    assert world.act("fin") == ""

    step = current(world)
    assert step.due_at == (world.action().approve_by if lapses else step.state.due_at)
    assert step.due_at is not None


def test_a_wait_says_who_is_missing(world: Walking) -> None:
    world.write("walk", TOP_UP, APPROVED, NOTE)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("walk", "fin", incident=world.incident().id)
    assert world.act("fin") == ""

    assert "nobody" not in current(world).waits
    assert "until 20" in current(world).waits
    assert current(world, "fin", "eng").waits.endswith("nobody here can approve as finance")


def test_a_signature_of_a_role_that_nobody_has_is_named(world: Walking) -> None:
    world.write("walk", SIGNED, NOTE)
    world.start("walk")

    assert current(world).waits == "waits for finance and lead"
    assert current(world, "ada", "fin").waits == "waits for finance and lead; nobody here can approve as lead"
