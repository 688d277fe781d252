"""The headless twins: exit codes, stable JSON, and text for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.ledger import open_writer
from console.cli import burndeck
from console.cli import run as main
from tests.agent.reports.world import NOW, SUPPORT, fill, use


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("twins") / "ledger.sqlite"
    fill(path, spike=[use(minute, 60, SUPPORT, 3.5, requests=90) for minute in range(NOW - 900, NOW, 60)])
    return path


@pytest.fixture(autouse=True)
def _no_config_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "burndeck.toml"
    config.write_text(
        '[organization]\nid = "org-1"\nname = "Example"\n'
        '[[allocations]]\nid = "org-1-team-support"\nscope = "team:support"\nmonthly_credits = "40000"\n'
    )
    monkeypatch.setenv("BURNDECK_CONFIG", str(config))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(burndeck, [str(argument) for argument in arguments])


def document(*arguments: str | Path) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_burn_says_what_burns_and_ends_with_a_finding(ledger: Path) -> None:
    result = run("burn", "--db", ledger)

    assert result.exit_code == 1
    assert "burn now      4.60 credits/min [met]" in result.stdout
    assert "+188 % against usual: above" in result.stdout
    assert "org-1-team-support reaches its hard cap in" in result.stdout


def test_burn_is_fine_while_the_burn_is_usual(ledger: Path) -> None:
    assert run("burn", "--db", ledger, "--at", "2026-11-18T11:00").exit_code == 0


def test_what_is_no_number_is_said_in_words(ledger: Path) -> None:
    result = run("release", "abc", "--db", ledger)

    assert result.exit_code == 2 and "'abc' is not a valid whole number" in result.stderr


def test_burn_as_json_has_stable_keys_and_exact_amounts(ledger: Path) -> None:
    found = document("burn", "--db", ledger)

    assert found["burn"] == {
        "value": "4.600000",
        "unit": "credits/min",
        "layer": "metered",
        "as_of": NOW,
        "mixed": False,
    }
    assert found["teams"][0]["name"] == "support"
    assert found["teams"][0]["kind"] == "team"
    assert {"usual", "runway", "forecast", "budgets", "month_to_date", "alerts", "status"} <= found.keys()


def test_triage_takes_the_key_that_rose_most_apart(ledger: Path) -> None:
    found = document("triage", "--db", ledger, "--window", "15m")

    report, detail = found["report"], found["detail"]
    assert report["tables"][0]["kind"] == "api_key"
    assert report["tables"][0]["rows"][0]["value"] == detail["value"] == "key_support"
    assert detail["cause"] == "more_requests"
    assert sum(float(driver["credits"]) for driver in detail["drivers"]) == float(detail["rise"]["value"])


def test_triage_looks_inside_and_takes_any_row_apart(ledger: Path) -> None:
    result = run(
        "triage",
        "--db",
        ledger,
        "--within",
        "team:support",
        "--by",
        "project",
        "--of",
        "project:proj_support",
    )

    assert result.exit_code == 0
    assert "within team:support" in result.stdout
    assert "proj_support" in result.stdout
    assert "requests" in result.stdout


@pytest.mark.parametrize("option", ["--of", "--within"])
def test_a_name_that_the_ledger_does_not_know_is_an_error_with_the_nearest_one(
    ledger: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["triage", "--db", str(ledger), option, "key:key_suport", "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert code == 2
    assert answer["error"] == "the ledger has no usage of key 'key_suport'"
    assert "Did you mean key_support" in answer["hint"]


def test_what_nobody_is_named_for_can_be_taken_apart(ledger: Path) -> None:
    found = document("triage", "--db", ledger, "--of", "team:")

    assert found["detail"]["value"] == ""


def test_a_report_is_a_table_for_people_and_objects_for_programs(ledger: Path) -> None:
    text = run("report", "credits-per-team", "--db", ledger)
    found = document("report", "credits-per-team", "--db", ledger)
    comma = run("report", "credits-per-team", "--db", ledger, "--csv")

    assert "credits_consumed_30d" in text.stdout
    assert found["rows"][0]["team"] == "search"
    assert comma.stdout.splitlines()[0] == ",".join(found["columns"])
    assert comma.stdout.splitlines()[1].split(",")[1] == found["rows"][0]["credits_consumed_30d"]


@pytest.mark.parametrize(
    "options",
    [
        ("--sql", "bigquery", "--csv"),
        ("--sql", "bigquery", "--at", "2026-11-18"),
        ("--table", "acme.billing.usage"),
    ],
)
def test_options_of_a_report_that_say_nothing_together_are_a_usage_error(
    ledger: Path, options: tuple[str, ...]
) -> None:
    result = run("report", "anomalies", "--db", ledger, *options)

    assert result.exit_code == 2
    assert result.stdout == ""


def test_report_without_a_name_lists_them() -> None:
    assert "anomalies-robust" in run("report").stdout


def test_alerts_and_doctor_answer_on_a_ledger_without_an_agent(ledger: Path) -> None:
    assert document("alerts", "--db", ledger) == {"alerts": []}
    found = document("doctor", "--db", ledger)
    assert {"part", "state", "detail", "hint"} == found["checks"][0].keys()


def test_doctor_reports_a_missing_ledger_as_a_finding(tmp_path: Path) -> None:
    result = run("doctor", "--db", tmp_path / "none.sqlite")

    assert result.exit_code == 1
    assert "there is no ledger" in result.stdout


def test_every_twin_says_what_to_do_on_an_empty_ledger(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    open_writer(path).close()

    assert "burndeck agent start" in run("burn", "--db", path).stdout
    assert "burndeck agent start" in run("triage", "--db", path).stdout
    assert document("triage", "--db", path)["detail"] is None


def test_a_time_or_a_row_that_cannot_be_read_is_a_usage_error(ledger: Path) -> None:
    assert run("burn", "--db", ledger, "--at", "yesterday").exit_code == 2
    assert run("triage", "--db", ledger, "--of", "planet:earth").exit_code == 2
    assert run("triage", "--db", ledger, "--window", "soon").exit_code == 2
