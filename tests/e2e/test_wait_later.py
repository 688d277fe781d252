"""An agent that was down over the deadline of a wait reads its source before it says how the wait ended."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from agent.clock import ScaledClock
from agent.domain.run import Run, StepRun, StepState
from agent.ledger import open_reader, open_writer
from agent.runbooks import progress, records
from agent.runbooks.format import parse
from agent.runbooks.view import run_view
from agent.settings import load_settings
from fixtures.provider import SimulatedProvider
from tests.agent.runbooks.walking import markdown
from tests.e2e.agents import Workplace, wait_for
from tests.e2e.test_agent_process import fault

EPOCH = 1_790_003_000.0
HOUR = 3_600
WAIT = """
kind = "wait-for"
condition = "burn-below"
with = { scope = "organization", credits = "1000000" }
timeout = "10m"
"""
QUERY = 'kind = "query"\nreport = "drift"'
NOTE = 'kind = "note"\nprompt = "What was it?"'


def start(ledger: Path, now: int, *steps: str) -> None:
    """A run is under way, with nobody there to take it on."""
    runbook = parse(markdown("walk", *steps), "walk.md")
    run = Run(runbook=runbook, started_by="ada", started_at=now, holder="ada")
    with closing(open_writer(ledger)) as writer, writer.transaction():
        records.add(writer.runs, progress.begin(run, now))


def first_step(ledger: Path, run: int) -> StepRun:
    with open_reader(ledger) as reader:
        found = records.load(reader.run_store(), run)
    assert found is not None
    return found.step(1)


@pytest.mark.e2e
def test_a_deadline_that_passed_while_the_agent_was_down_waits_for_the_source(tmp_path: Path) -> None:
    later = ScaledClock(EPOCH + 2 * HOUR, time.time(), 1.0)
    with SimulatedProvider(seed=2, clock=later, epoch=EPOCH) as provider:
        before = Workplace(tmp_path, provider.base_url, ScaledClock(EPOCH, time.time(), 1.0), "3h", "1h")
        assert before.run("agent", "once").returncode == 0
        start(before.ledger_path, int(EPOCH), WAIT, NOTE)
        place = Workplace(tmp_path, provider.base_url, later, "3h", "1h")

        fault(provider, {"fault": "hang", "path": "/organization/usage"})
        start(place.ledger_path, int(later.now()), QUERY, NOTE)
        blind = place.spawn("agent", "run")
        try:
            # Runs are looked at in their order: where the second has moved, the first was looked at.
            wait_for(lambda: first_step(place.ledger_path, 2).state is StepState.DONE, "a look at all runs")
            assert first_step(place.ledger_path, 1).state is StepState.WORKING
            settings = load_settings(tmp_path / "ledger.sqlite.toml")
            with open_reader(place.ledger_path) as reader:
                view = run_view(reader, settings, 1, later.now())
            assert view is not None
            assert "Its time was up at" in view.steps[0].waits
        finally:
            blind.kill()
            blind.communicate()
            fault(provider)

        seeing = place.spawn("agent", "run")
        try:
            wait_for(lambda: first_step(place.ledger_path, 1).state.over, "the end of the wait")
        finally:
            seeing.kill()
            seeing.communicate()
    assert first_step(place.ledger_path, 1).answer == progress.MET
