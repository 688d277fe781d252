"""`burndeck runbook start|resume|act|...`: people move a run by commands, and the agent does its part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.identity import VARIABLE
from tests.console.commands.run_world import RunWorld
from tests.e2e.agents import wait_for

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunWorld]:
    made = RunWorld(tmp_path, monkeypatch)
    yield made
    made.admin.close()


@pytest.fixture
def working(world: RunWorld) -> Iterator[RunWorld]:
    """With an agent."""
    with world.agent():
        yield world


def test_a_run_begins_with_its_first_question_answered_and_says_what_is_next(
    working: RunWorld, capsys: Capture
) -> None:
    assert working.runbook("start", "quiet") == 0

    said = capsys.readouterr().out
    assert "run 1 of quiet started by ada" in said
    assert "1. Who is it?  [query, done]" in said
    assert "key_dev" in said.split("1. Who is it?  [query, done]")[1], "the evidence has its table"
    assert "How hard is key_" in said, "what the query kept is filled in"
    assert "burndeck runbook answer 1 hard" in said


def test_without_a_command_runs_in_progress_are_listed_with_how_one_begins(
    working: RunWorld, capsys: Capture
) -> None:
    assert working.run("runbook") == 0
    said = capsys.readouterr().out
    assert "no run is in progress" in said
    assert "burndeck runbook start ID --alert N" in said

    working.runbook("start", "quiet")
    working.runbook("start", "quiet")
    working.runbook("close", "1", "--reason", "by mistake")
    capsys.readouterr()
    assert working.run("runbook", "--json") == 0
    assert [run["id"] for run in json.loads(capsys.readouterr().out)["runs"]] == [2]
    assert working.run("runbook") == 0
    said = capsys.readouterr().out
    assert "quiet" in said
    assert "burndeck runbook resume RUN" in said


def test_a_whole_run_goes_by_commands_alone(working: RunWorld, capsys: Capture) -> None:
    assert working.runbook("start", "quiet") == 0
    assert working.runbook("answer", "1", "hard") == 0
    capsys.readouterr()
    assert working.runbook("act", "1", "--set", "limit=30 rpm", "--yes") == 1, "the check after it fails"
    assert working.entries("rpm.map") == [("key_dev", "30")]
    assert working.runbook("overrule", "1", "--reason", "it is a key of ours") == 0
    assert working.runbook("go", "1") == 0
    assert working.runbook("act", "1") == 0, "releases what is in force"
    assert working.entries("rpm.map") == []
    working.as_("bo")
    assert working.runbook("sign", "1") == 0
    working.as_("cy")
    assert working.runbook("sign", "1", "--reason", "seen") == 0
    working.as_("ada")
    found = working.moved(capsys, "answer", "1", "a loop in the tests")

    run = found["run"]
    assert run["state"] == "done"
    assert [step["run"]["state"] for step in run["steps"]] == [
        "done",
        "done",
        "undone",
        "done",
        "done",
        "done",
        "done",
        "done",
    ]
    assert [word["person"] for word in run["steps"][6]["sign_offs"]] == ["bo", "cy"]


def test_an_action_is_previewed_before_it_is_sent(working: RunWorld, capsys: Capture) -> None:
    working.runbook("start", "quiet")
    working.runbook("answer", "1", "hard")
    capsys.readouterr()

    assert working.runbook("act", "1", "--dry-run") == 0
    assert "hits        1 key of search: key_dev" in capsys.readouterr().out
    assert working.runbook("act", "1") == 2
    assert "pass --yes" in capsys.readouterr().err
    assert working.runbook("act", "1", "--set", "speed=1", "--yes") == 1
    assert "an action has no speed" in capsys.readouterr().err
    assert working.entries("rpm.map") == []


def test_an_action_that_takes_two_approvals_waits_for_them_and_the_run_goes_on_by_itself(
    working: RunWorld, capsys: Capture
) -> None:
    working.runbook("start", "quiet")
    working.runbook("answer", "1", "hard")
    asked = working.moved(capsys, "act", "1", "--set", "non-prod=no", "--set", "limit=0 rps", "--yes")

    assert asked["run"]["steps"][2]["run"]["state"] == "working"
    assert asked["run"]["next"][0]["command"] == "burndeck approve 1"
    for person in ("bo", "cy"):
        working.as_(person)
        assert working.run("approve", "1", "--yes", "--wait", "30") == 0
    wait_for(lambda: working.at(capsys) == 4, "the step after the action")
    assert len(working.entries("block.map") + working.entries("rps.map")) == 2


def test_an_action_is_undone_and_the_run_stays_where_it_is(working: RunWorld, capsys: Capture) -> None:
    working.runbook("start", "quiet")
    working.runbook("answer", "1", "hard")
    working.runbook("act", "1", "--yes")
    capsys.readouterr()
    working.runbook("resume", "1")
    assert "\nin force    action 1, throttle non-prod of team:search" in capsys.readouterr().out

    found = working.moved(capsys, "undo", "1", "--step", "3", code=1)

    assert working.entries("rpm.map") == []
    assert found["run"]["steps"][2]["run"]["state"] == "undone"
    assert found["run"]["at"] == 4
    assert working.runbook("roll-back", "1", "--reason", "again") == 1
    assert "has nothing in force" in capsys.readouterr().err


def test_everything_in_force_is_rolled_back_with_a_reason(working: RunWorld, capsys: Capture) -> None:
    working.runbook("start", "quiet")
    working.runbook("answer", "1", "hard")
    working.runbook("act", "1", "--yes")
    assert working.entries("rpm.map") == [("key_dev", "60")]

    assert working.runbook("roll-back", "1", "--reason", "a false alarm") == 1, "the check has still failed"

    assert working.entries("rpm.map") == []
    assert working.run("actions", "show", "1") == 0
    assert "reversed" in capsys.readouterr().out


def test_a_drill_goes_the_same_way_and_changes_nothing(working: RunWorld, capsys: Capture) -> None:
    working.runbook("start", "quiet", "--drill")
    working.runbook("answer", "1", "hard")

    found = working.moved(capsys, "act", "1", "--yes", code=1)

    assert found["run"]["drill"]
    assert found["run"]["at"] == 4
    assert working.entries("rpm.map") == []


def test_a_run_is_taken_over_handed_on_and_ended(working: RunWorld, capsys: Capture) -> None:
    working.runbook("start", "quiet")
    working.as_("cy")
    capsys.readouterr()
    assert working.runbook("answer", "1", "not") == 1
    assert "`burndeck runbook take 1` takes it over" in capsys.readouterr().err
    assert working.runbook("resume", "1") == 0
    assert "You cannot move it: ada holds it" in capsys.readouterr().out

    assert working.moved(capsys, "take", "1")["run"]["holder"] == "cy"
    assert working.moved(capsys, "assign", "1", "ada")["run"]["holder"] == "ada"
    working.as_("ada")
    assert working.moved(capsys, "close", "1", "--reason", "a false alarm")["run"]["state"] == "abandoned"
    assert working.runbook("answer", "1", "not") == 1
    assert "`burndeck runbook reopen 1 --step N`" in capsys.readouterr().err
    assert working.moved(capsys, "reopen", "1", "--step", "2")["run"]["at"] == 2


def test_a_failed_step_is_tried_again_skipped_or_given_other_parameters(
    working: RunWorld, capsys: Capture
) -> None:
    assert working.runbook("start", "quiet", "--set", "scope=team:nobody") == 1, "nobody knows that team"
    assert working.runbook("set", "1", "scope=team:search") == 1, "it has still failed"
    assert working.runbook("retry", "1") == 0
    working.runbook("answer", "1", "hard")
    assert working.runbook("act", "1", "--yes") == 1
    assert working.runbook("retry", "1") == 1, "the key is unknown as before"
    capsys.readouterr()
    assert working.runbook("resume", "1") == 1, "a step that has failed is a finding"
    said = capsys.readouterr().out
    assert "burndeck runbook skip 1 --reason" in said
    assert "burndeck runbook reopen 1 --step 2  " in said, "another answer may lead on"

    found = working.moved(capsys, "skip", "1", "--reason", "a key of the lab")

    assert found["run"]["at"] == 5
    assert found["run"]["steps"][3]["run"]["reason"] == "a key of the lab"
    assert found["run"]["steps"][3]["run"]["attempt"] == 2


def test_somebody_without_an_identity_sees_everything_and_is_told_why_not(
    working: RunWorld, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    working.runbook("start", "quiet")
    monkeypatch.setenv(VARIABLE, str(working.folder / "nobody.key"))
    capsys.readouterr()

    assert working.runbook("resume", "1") == 0
    said = capsys.readouterr().out
    assert "Who is it?" in said
    assert "You cannot move it: nobody is known here" in said
    assert f"{VARIABLE} names another file" in said
    assert working.runbook("answer", "1", "not") == 2
    assert "there is no identity to sign with" in capsys.readouterr().err


def test_a_viewer_is_told_that_his_role_only_looks(working: RunWorld, capsys: Capture) -> None:
    working.runbook("start", "quiet")
    working.as_("eve")
    capsys.readouterr()

    working.runbook("resume", "1")
    assert "eve only looks" in capsys.readouterr().out
    assert working.runbook("answer", "1", "not") == 1
    assert "may not run step" in capsys.readouterr().err


def test_the_timeline_reads_as_text_as_a_table_and_as_json(working: RunWorld, capsys: Capture) -> None:
    working.runbook("start", "quiet")
    working.runbook("answer", "1", "not")
    working.runbook("answer", "1", "a | in `code` <b>")
    capsys.readouterr()

    assert working.runbook("timeline", "1") == 0
    assert "ada          step 2: done, not: not at all" in capsys.readouterr().out
    assert working.runbook("timeline", "1", "--md") == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert all(line.replace("\\|", "").count("|") == 5 for line in table)
    assert working.runbook("timeline", "1", "--json") == 0
    events = json.loads(capsys.readouterr().out)["events"]
    assert [event["kind"] for event in events][:2] == ["started", "reached"] or events[0]["kind"] == "started"
    assert events[-1]["kind"] == "ended"


def test_the_postmortem_is_written_once_and_not_over_another(
    working: RunWorld, capsys: Capture, tmp_path: Path
) -> None:
    working.runbook("start", "quiet")
    capsys.readouterr()

    assert working.runbook("export", "1", "-o", str(tmp_path / "pm"), "--json") == 0

    files = json.loads(capsys.readouterr().out)["files"]
    assert Path(files[0]).read_text().startswith("# ")
    Path(files[0]).write_text("edited")
    assert working.runbook("export", "1", "-o", str(tmp_path / "pm")) == 1
    assert working.runbook("export", "1", "-o", str(tmp_path / "pm"), "--force") == 0


def test_runs_are_listed_with_where_they_stand(working: RunWorld, capsys: Capture) -> None:
    assert working.runbook("runs") == 0
    assert "no runs" in capsys.readouterr().out
    working.runbook("start", "quiet", "--drill")
    capsys.readouterr()

    assert working.runbook("runs") == 0
    assert "quiet (drill)" in capsys.readouterr().out
    assert working.runbook("runs", "--all", "--json") == 0
    (line,) = json.loads(capsys.readouterr().out)["runs"]
    assert (line["step"], line["step_state"], line["holder"]) == (2, "ready", "ada")


def test_what_is_not_there_is_said_with_what_to_do(world: RunWorld, capsys: Capture) -> None:
    for words, said in (
        (("resume", "7"), "`burndeck runbook runs --all` lists them"),
        (("start", "quit"), "there is no runbook 'quit'"),
        (("act", "7"), "there is no run 7"),
    ):
        assert world.runbook(*words) == 2
        assert said in capsys.readouterr().err
    assert world.runbook("set", "7", "nothing") == 2
    assert "is not NAME=VALUE" in capsys.readouterr().err


def test_without_an_agent_the_wish_waits_and_says_so(world: RunWorld, capsys: Capture) -> None:
    assert world.run("runbook", "start", "quiet", "--wait", "0.2") == 1

    assert "no agent has taken it yet" in capsys.readouterr().err
