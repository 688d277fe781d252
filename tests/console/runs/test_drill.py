"""Drills end to end against the simulated provider: the quick ones; all of them are in tests/e2e."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import BurndeckError
from agent.runbooks.asks import start_of
from agent.runbooks.format import parse
from agent.runbooks.view import runs
from console.cli import run
from console.runs.answers import Answers, answers_of
from console.runs.drill import Drill, run_drill
from console.runs.drive import Played, StepEnd, play
from console.runs.rehearsal import Rehearsal, rehearsal
from fixtures.scenario import load_scenario
from tests.console.commands.run_world import QUIET
from tests.console.runs.drills import drilled

RUNBOOK = parse(QUIET)
pytestmark = [pytest.mark.scenarios, pytest.mark.xdist_group("drills")]


def test_a_cost_spike_is_played_from_its_alert_to_its_postmortem_and_really_ends_the_burn(
    company: Path, tmp_path: Path
) -> None:
    report, told = drilled("cost-spike", company, act=True, postmortem=tmp_path / "pm")

    assert report.fine
    assert report.state == "done"
    assert report.fired_after_s is not None
    assert 0 < report.fired_after_s < 600
    fell = next(step for step in report.steps if step.id == "fell-key")
    assert fell.answer == "met"
    assert "burn fell from" in fell.sentence
    assert next(step for step in report.steps if step.id == "release").state == "done"
    cause = next(step for step in report.steps if step.id == "root-cause")
    assert any(said.startswith("Every source brings data") for said in cause.evidence)
    assert "No stretch without usage data." in cause.evidence
    assert "alert 2 fired (burn_spike)" in next(
        each for each in told if isinstance(each, str) and "fired" in each
    )
    assert Path(report.postmortem[0]).read_text().startswith("# ")


@pytest.fixture(scope="module")
def ground(company: Path) -> Iterator[Rehearsal]:
    """A quiet day, with the small runbook."""
    with rehearsal(load_scenario("quiet-day"), 1, runbook=RUNBOOK, ledger=company) as made:
        yield made


def played(ground: Rehearsal, **answers: object) -> Played:
    """A run of the small runbook without its throttle, which is not what this is about."""
    known = {"answers": {"how": "hard"}, **answers}
    known["skip"] = {"throttle": "not today", **answers.get("skip", {})}  # type: ignore[dict-item]
    refused = ground.tell("operator", start_of(RUNBOOK, {"scope": "team:support"}, drill=True))
    assert not refused
    newest = max(line.id for line in runs(ground.reader, ground.now()))
    return play(ground, newest, answers_of(known, RUNBOOK), lambda told: None)


def test_a_runbook_of_ones_own_is_played_and_a_short_way_is_a_good_end(ground: Rehearsal) -> None:
    done = played(ground, answers={"how": "not"})

    assert done.fine
    assert [step.id for step in done.steps] == ["who", "how", "close"]


def test_without_answers_a_refused_action_leads_another_way(ground: Rehearsal) -> None:
    assert not ground.tell("operator", start_of(RUNBOOK, {"scope": "team:support"}, drill=True))
    newest = max(line.id for line in runs(ground.reader, ground.now()))
    said: list[str | StepEnd] = []

    done = play(ground, newest, Answers(), said.append)

    assert done.fine, done.stuck
    assert [(step.id, step.answer) for step in done.steps if step.id == "how"] == [
        ("how", "hard"),
        ("how", "not"),
    ]
    assert any(isinstance(each, str) and "step 2 is decided anew" in each for each in said)


def test_a_step_that_fails_ends_it_and_says_why(ground: Rehearsal) -> None:
    done = played(ground)

    assert not done.fine
    assert done.failed == (4,)
    assert "key_of_nobody" in done.stuck


def test_overruled_and_skipped_steps_are_no_failures_and_the_others_sign(ground: Rehearsal) -> None:
    done = played(ground, skip={"tell": "nobody to tell"}, overrule={"known": "a key of the lab"})

    assert done.fine
    by_step = {step.id: step for step in done.steps if step.state != "failed"}
    assert by_step["known"].actor == "operator"
    assert by_step["tell"].state == "skipped"
    assert by_step["agree"].actor == "engineering"


def test_who_denies_fails_the_step_and_the_drill(ground: Rehearsal) -> None:
    done = played(ground, skip={"known": "not asked"}, deny={"agree": "the figures are open"})

    assert not done.fine
    assert "the figures are open" in done.stuck


def test_whom_the_answers_name_is_asked_and_the_agent_says_whether_they_may(ground: Rehearsal) -> None:
    known = {"skip": {"known": "not asked", "tell": "nobody to tell"}}

    done = played(ground, **known, approve={"agree": ["second-engineering", "second-finance"]})
    held = played(ground, **known, approve={"agree": "operator"})

    assert done.fine, done.stuck
    assert next(step for step in done.steps if step.id == "agree").actor == "second-finance"
    assert held.stuck == "operator runs it, so somebody else has to agree"


def test_a_parameter_that_is_unknown_is_named_before_anything_is_played(company: Path) -> None:
    order = Drill(RUNBOOK, load_scenario("quiet-day"), answers=Answers(parameters={"x": "1"}), ledger=company)

    with pytest.raises(BurndeckError, match="quiet has no x"):
        run_drill(order, lambda told: None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cost-spik",), "there is no runbook 'cost-spik'"),
        (("cost-spike", "--scenario", "nothing"), "there is no scenario 'nothing'"),
        (("cost-spike", "--set", "limit"), "is not NAME=VALUE"),
        (("cost-spike", "--set", "limt=4 rpm"), "cost-spike has no limt; did you mean 'limit'?"),
        (("cost-spike", "-o", "/dev/null/postmortem"), "/dev/null/postmortem cannot be written"),
    ],
)
def test_what_is_asked_for_wrongly_ends_with_2(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["runbook", "drill", *words]) == 2
    assert message in capsys.readouterr().err


def test_an_answer_that_is_none_ends_with_2_and_names_the_choices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.toml").write_text('[answers]\nhow-hard = "harder"\n')

    assert run(["runbook", "drill", "cost-spike", "--answers", str(tmp_path / "a.toml"), "--json"]) == 2

    said = json.loads(capsys.readouterr().out)
    assert "is none of its choices" in said["error"]
    assert "throttle everything of the key" in said["hint"]


def test_a_drill_that_is_ended_from_outside_leaves_no_keys_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "console.cli", "runbook", "drill", "cost-spike"]
    drill = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not list(tmp_path.glob("burndeck-drill-*/operator")):
            assert drill.poll() is None
        drill.terminate()
        assert drill.wait(60) == 143
    finally:
        drill.kill()
        drill.wait()

    assert not list(tmp_path.glob("burndeck-drill-*"))
