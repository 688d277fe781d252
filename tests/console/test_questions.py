"""The screens' questions on a real ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.ledger import open_reader
from agent.reports.status import Status
from console.questions import burn_question, triage_question
from console.view import View
from tests.agent.reports.world import NOW, SETTINGS, fill


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "ledger.sqlite"
    fill(path, days=3)
    return path


def status_of_triage(ledger: Path, view: View) -> Status:
    with open_reader(ledger) as reader:
        _, status = triage_question(view, None).ask(reader, SETTINGS, NOW)  # type: ignore[misc]
    assert isinstance(status, Status)
    return status


@pytest.mark.parametrize("view", [View(), View(at=NOW - 86_400)], ids=["live", "in the past"])
def test_both_screens_have_one_status_line(ledger: Path, view: View) -> None:
    with open_reader(ledger) as reader:
        burn = burn_question(view).ask(reader, SETTINGS, NOW)

    assert status_of_triage(ledger, view) == burn.status  # type: ignore[attr-defined]


def test_the_data_is_no_older_because_one_looks_at_the_past(ledger: Path) -> None:
    status = status_of_triage(ledger, View(at=NOW - 86_400))

    assert status.data_as_of == NOW
    assert status.layers
