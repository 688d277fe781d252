"""The runbook of an alert as a command: one that begins, or the run that goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.ledger.reader import LedgerReader
from agent.reports.alert_list import AlertEntry
from agent.reports.alerts import alerts
from agent.runbooks.suggested import runbook_commands
from tests.agent.runbooks.walking import Walking


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    made.reach_the_cap()
    yield made
    made.office.writer.close()


def known(world: Walking) -> Sequence[AlertEntry]:
    with LedgerReader(world.office.path) as reader:
        return [each for each in alerts(reader, world.clock.now()) if each.live]


def commands(world: Walking, *of: AlertEntry) -> list[str]:
    with LedgerReader(world.office.path) as reader:
        return [each.text for each in runbook_commands(reader, world.office.settings, of)]


def test_an_alert_names_the_runbook_that_fits_it_best_and_then_the_run_that_is_open(world: Walking) -> None:
    capped = next(each for each in known(world) if each.tier == "hard_cap")
    assert commands(world, capped) == [f"burndeck runbook start hard-cap-override --alert {capped.id}"]

    world.start("hard-cap-override", "lea", alert=capped.id)

    assert commands(world, capped) == ["burndeck runbook resume 1"]
    assert commands(world) == []
