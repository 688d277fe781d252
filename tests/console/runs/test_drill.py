"""Drills end to end against the simulated provider: the quick ones; all of them are in tests/e2e."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.errors import BurndeckError
from agent.runbooks.format import parse
from console.cli import run
from console.runs.answers import answers_of
from console.runs.drill import Drill, run_drill
from fixtures.scenario import load_scenario
from tests.console.commands.run_world import QUIET
from tests.console.runs.drills import drilled

pytestmark = pytest.mark.xdist_group("drills")


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
    assert "alert 2 fired (burn_spike)" in next(
        each for each in told if isinstance(each, str) and "fired" in each
    )
    assert Path(report.postmortem[0]).read_text().startswith("# ")


def test_a_review_needs_no_alert_and_its_steps_are_done_by_who_may(company: Path) -> None:
    report, told = drilled("weekly-burn-review", company)

    assert report.fine
    assert report.drill
    assert report.alert is None
    assert "the run starts without an alert" in told
    assert {step.actor for step in report.steps} == {"agent", "finance"}


def quiet(company: Path, answers: dict[str, object]) -> Drill:
    """The small runbook on a quiet day, without anything that the provider could hold back."""
    runbook = parse(QUIET)
    known = {"set": {"scope": "team:support"}, "answers": {"how": "not"}, **answers}
    return Drill(runbook, load_scenario("quiet-day"), answers=answers_of(known, runbook), ledger=company)


def test_a_runbook_of_ones_own_is_played_and_a_short_way_is_a_good_end(company: Path) -> None:
    report = run_drill(quiet(company, {}), lambda told: None)

    assert report.fine
    assert [step.id for step in report.steps] == ["who", "how", "close"]


def test_a_step_that_fails_ends_the_drill_and_says_why(company: Path) -> None:
    order = quiet(company, {"answers": {"how": "hard"}, "skip": {"throttle": "not today"}})

    report = run_drill(order, lambda told: None)

    assert not report.fine
    assert report.failed == (4,)
    assert "key_of_nobody" in report.stuck


def test_overruled_and_skipped_steps_are_no_failures_and_the_others_sign(company: Path) -> None:
    order = quiet(
        company,
        {
            "answers": {"how": "hard"},
            "skip": {"throttle": "not today", "tell": "nobody to tell"},
            "overrule": {"known": "a key of the lab"},
        },
    )

    report = run_drill(order, lambda told: None)

    assert report.fine
    by_step = {step.id: step for step in report.steps if step.state != "failed"}
    assert by_step["known"].actor == "operator"
    assert by_step["tell"].state == "skipped"
    assert by_step["agree"].actor == "engineering"


def test_who_denies_fails_the_step_and_the_drill(company: Path) -> None:
    order = quiet(
        company,
        {
            "answers": {"how": "hard"},
            "skip": {"throttle": "not today", "known": "not asked"},
            "deny": {"agree": "the figures are open"},
        },
    )

    report = run_drill(order, lambda told: None)

    assert not report.fine
    assert "the figures are open" in report.stuck


def test_a_parameter_that_is_missing_is_named_before_anything_is_played(company: Path) -> None:
    runbook = parse(QUIET.replace('default = "team:search"\n', ""))

    with pytest.raises(BurndeckError, match="scope: it is needed"):
        run_drill(Drill(runbook, load_scenario("quiet-day"), ledger=company), lambda told: None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cost-spik",), "there is no runbook 'cost-spik'"),
        (("cost-spike", "--scenario", "nothing"), "there is no scenario 'nothing'"),
        (("cost-spike", "--set", "limit"), "is not NAME=VALUE"),
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
