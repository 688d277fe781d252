"""`burndeck runbook list|show|check|new`, through the command line itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.cli import run
from tests.agent.runbooks.texts import FRONT, NOTE, line_with, runbook


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration of its own, in which commands are typed."""
    (tmp_path / "burndeck.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BURNDECK_CONFIG", raising=False)
    return tmp_path


def write(folder: Path, name: str, *blocks: str, front: str = FRONT) -> Path:
    file = folder / "runbooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(runbook(*blocks, front=front))
    return file


def test_the_list_says_whose_each_is_and_what_it_answers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "mine.md", NOTE)
    write(folder, "spike.md", NOTE, front='id = "cost-spike"\ntitle = "Ours"\ntrigger = ["cache"]')

    assert run(["runbook", "list"]) == 0

    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows["cost-spike"].split()[1:] == ["1", "yours,", "over", "shipped", "cache", "Ours"]
    assert "yours" in rows["search-latency"]
    assert "shipped" in rows["hard-cap-override"]
    assert "hard_cap" in rows["hard-cap-override"]


def test_the_list_as_json_names_files_that_are_broken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write(folder, "cost-spike.md", "kind = ")

    assert run(["runbook", "list", "--json"]) == 0

    printed = capsys.readouterr()
    found = json.loads(printed.out)
    spike = next(each for each in found["runbooks"] if each["id"] == "cost-spike")
    assert (spike["shipped"], spike["overridden"]) == (True, False)
    assert [each["file"] for each in found["problems"]] == [str(broken)]
    assert str(broken) in printed.err


def test_one_runbook_is_shown_with_where_its_steps_lead(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runbook", "show", "hard-cap-override"]) == 0

    shown = capsys.readouterr().out
    assert "Hard cap override  (hard-cap-override)" in shown
    assert "scope (scope, from alert.scope): " in shown
    assert "\n1. Incident: is it open?\n" in shown
    assert "   > check incident-open (incident {incident})\n" in shown
    assert "   >   critical: production is affected -> step 5, Top-up: does the pool cover it?\n" in shown
    assert "   > action top-up (scope {scope}, amount {amount})\n" in shown
    assert "   > for 1 h at most\n" in shown


def test_one_runbook_as_json_or_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runbook", "show", "cost-spike", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert run(["runbook", "show", "cost-spike", "--raw"]) == 0
    text = capsys.readouterr().out

    assert text.startswith('+++\nid = "cost-spike"\n')
    assert found["steps"][0]["kind"] == "query"
    assert found["steps"][0]["line"] == line_with(text, "## 1.")
    assert found["parameters"][0]["name"] == "scope"


def test_a_runbook_that_there_is_not_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runbook", "show", "cost-spik"]) == 2

    assert "there is no runbook 'cost-spik'; did you mean 'cost-spike'?" in capsys.readouterr().err


def test_a_sound_set_of_runbooks_ends_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runbook", "check"]) == 0

    assert capsys.readouterr().out == "nothing to say against these runbooks\n"


def test_findings_are_lines_that_an_editor_understands_and_end_with_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(folder, "mine.md", 'kind = "query"\nreport = "tpo"')
    line = line_with(file.read_text(), "tpo")
    message = "step 1: report 'tpo' is unknown; did you mean 'top'?"

    assert run(["runbook", "check", str(file)]) == 1
    assert capsys.readouterr().out == f"{file}:{line}: {message}\n"

    assert run(["runbook", "check", "search-latency", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "findings": [{"file": str(file), "line": line, "message": message}]
    }


def test_what_is_neither_file_nor_runbook_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runbook", "check", "nothing.md"]) == 2

    assert "nothing.md: no such file, and no runbook of that id" in capsys.readouterr().err


def test_a_new_runbook_is_read_at_once_and_never_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["runbook", "new", "search-latency", "--title", "Search is slow"]) == 0
    file = folder / "runbooks" / "search-latency.md"
    assert 'title = "Search is slow"' in file.read_text()
    assert run(["runbook", "check", "search-latency"]) == 0
    file.write_text("mine")

    assert run(["runbook", "new", "search-latency"]) == 2
    assert file.read_text() == "mine"
    assert "is there already" in capsys.readouterr().err


def test_a_new_runbook_goes_where_it_is_told_or_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["runbook", "new", "a-b", "-o", "other.md"]) == 0
    capsys.readouterr()
    assert run(["runbook", "new", "a-b", "-o", "-"]) == 0

    assert (folder / "other.md").read_text() == capsys.readouterr().out
    assert not (folder / "runbooks").exists()
