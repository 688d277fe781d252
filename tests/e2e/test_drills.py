"""Every shipped runbook as a drill, and those that change something at the simulated provider for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.console.runs.drills import PLANS, beginning, drilled, shipped

pytestmark = [pytest.mark.scenarios, pytest.mark.xdist_group("drills")]
ACTING = (
    "hard-cap-override",
    "leaked-key",
    "model-regression",
    "provider-outage-retry-storm",
    "runaway-batch",
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a company before anything happens."""
    return beginning(tmp_path_factory.mktemp("company") / "ledger.sqlite")


@pytest.mark.parametrize("ident", PLANS)
def test_a_shipped_runbook_comes_to_its_end_as_a_drill_and_changes_nothing(ident: str, company: Path) -> None:
    report, _ = drilled(ident, company)

    assert report.fine, report.stuck
    assert report.state == "done"
    actions = [step for step in report.steps if step.action is not None]
    assert all("nothing was changed" in step.sentence or "waits" in step.sentence for step in actions)


@pytest.mark.parametrize("ident", ACTING)
def test_a_runbook_that_changes_something_comes_to_its_end_for_real(ident: str, company: Path) -> None:
    report, _ = drilled(ident, company, act=True)

    assert report.fine, report.stuck
    assert not report.drill
    assert any(step.action is not None for step in report.steps)


def test_a_review_needs_no_alert_and_its_steps_are_done_by_who_may(company: Path) -> None:
    report, told = drilled("weekly-burn-review", company)

    assert report.alert is None
    assert "the run starts without an alert" in told
    assert {step.actor for step in report.steps} == {"agent", "finance"}


def test_two_drills_of_one_seed_go_alike(company: Path) -> None:
    (one, _), (other, _) = drilled("runaway-batch", company), drilled("runaway-batch", company)

    assert one.steps == other.steps
    assert one.fired_after_s == other.fired_after_s


def test_every_shipped_runbook_has_its_drill() -> None:
    from agent.runbooks.library import library
    from agent.settings import Settings

    assert {runbook.id for runbook in library(Settings()).all()} == set(PLANS)


def test_the_command_prints_one_document_and_leaves_nobody_s_ledger_behind(tmp_path: Path) -> None:
    assert shipped("first-90-days")
    words = ["runbook", "drill", "first-90-days", "--scenario", "quiet-day", "--json", "-o", "pm"]
    done = subprocess.run(
        [sys.executable, "-m", "console.cli", *words],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["fine"]
    assert report["postmortem"][0] == "pm/postmortem.md"
    assert [path.name for path in tmp_path.iterdir()] == ["pm"]
