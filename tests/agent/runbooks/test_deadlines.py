"""A wait is out of time once what was until its deadline is known, or was waited for in vain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.run import StepRun, StepState
from agent.ledger.reader import LedgerReader
from agent.ledger.rows import SourceStatus
from agent.runbooks.machine import look_at
from tests.agent.alerts.office import NOW
from tests.agent.runbooks.step_texts import NOTE
from tests.agent.runbooks.walking import Walking

HOUR, MINUTE = 3_600, 60
WAIT = """
kind = "wait-for"
condition = "burn-below"
with = { scope = "team:wallet", credits = "0.001" }
timeout = "10m"
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    """A run that waits for ten minutes, and a source that was read up to its start."""
    made = Walking(tmp_path / "ledger.sqlite")
    made.write("walk", WAIT, NOTE)
    known(made, NOW // HOUR * HOUR - HOUR)
    made.go_on(1)
    assert made.start("walk") == ""
    yield made
    made.office.writer.close()


def known(world: Walking, hour: int) -> None:
    """An hour of usage is read."""
    world.office.burnt("600", hour=hour)
    now = int(world.clock.now())
    status = SourceStatus("proxy", "haproxy", "openai-wallet", "ok", "", "", now, now, hour + HOUR, None)
    world.office.writer.save_source_status(status)


def step(world: Walking) -> StepRun:
    return world.run().step(1)


def test_a_deadline_that_data_has_not_reached_is_not_called(world: Walking) -> None:
    world.go_on(11 * MINUTE)

    assert step(world).state is StepState.WORKING
    waits = world.view().steps[0].waits
    assert "Its time was up at" in waits
    assert "account openai-wallet is known up to" in waits


def test_it_is_called_as_soon_as_data_has_reached_it(world: Walking) -> None:
    world.go_on(11 * MINUTE)
    known(world, NOW // HOUR * HOUR)

    world.conduct()

    assert step(world).state is StepState.FAILED
    assert step(world).outcome.startswith("out of time: ")
    assert "not wholly known" not in step(world).outcome


def test_it_is_called_without_the_data_after_a_bounded_grace_and_says_so(world: Walking) -> None:
    world.go_on(30 * MINUTE)

    assert step(world).state is StepState.FAILED
    assert (
        "What was until then is not wholly known: account openai-wallet is known up to" in step(world).outcome
    )


def test_an_agent_that_has_just_begun_does_not_call_what_ended_while_none_was_there(world: Walking) -> None:
    late = world.clock.now() + 5 * HOUR

    with LedgerReader(world.office.path) as reader:
        fresh = look_at(reader, world.office.settings, 1, late, since=late - 1)
        settled = look_at(reader, world.office.settings, 1, late, since=late - 20 * MINUTE)

    assert fresh == []
    assert [found.state for found in settled] == [StepState.FAILED]
