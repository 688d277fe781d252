from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from console.cli import burndeck

ROW = {
    "timestamp": "2026-03-01T12:00:00Z",
    "request_id": "a",
    "api_key_id": "key-1",
    "model_name": "gpt-5",
    "operation_type": "completion",
    "units_consumed": {"input": 1000, "output": 100, "cached": 0},
    "usage_labels": {"team": "search"},
}


def ndjson(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(ROW | row) + "\n" for row in rows)


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(burndeck, ["ingest", *map(str, arguments)], input=stdin)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_json_says_what_the_run_accepted(tmp_path: Path, ledger: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(ndjson({}, {"request_id": "b"}, {"request_id": "b"}))

    first, second = run(file, "--db", ledger, "--json"), run(file, "--db", ledger, "--json")

    said = json.loads(first.stdout)
    assert first.exit_code == 0
    assert (said["accepted"], said["duplicates"], said["rejected"]) == (2, 1, 0)
    assert (said["tokens_input"], said["tokens_output"], said["credits"]) == (2000, 200, "0.45")
    again = json.loads(second.stdout)
    assert (again["accepted"], again["duplicates"], again["credits"]) == (0, 3, "0")


def test_a_rejected_row_makes_the_exit_code_one_and_is_explained(tmp_path: Path, ledger: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(ndjson({}, {"request_id": "b", "timestamp": "soon"}))

    result = run(file, "--db", ledger)

    assert result.exit_code == 1
    assert "1 accepted" in result.stdout
    assert "rejected 1: timestamp: 'soon'" in result.stderr


def test_an_unpriced_model_is_named_with_a_way_to_price_it(tmp_path: Path, ledger: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(ndjson({"model_name": "mystery-1"}))

    result = run(file, "--db", ledger)

    assert result.exit_code == 0
    assert "mystery-1" in result.stdout
    assert "prices.toml" in result.stdout


def test_prices_registry_and_account_come_from_the_configuration(tmp_path: Path, ledger: Path) -> None:
    (tmp_path / "prices.toml").write_text(
        '[[models]]\nname = "mystery-1"\ntokens_input = "1"\ntokens_output = "1"'
    )
    config = tmp_path / "burndeck.toml"
    config.write_text('[rates]\nfile = "prices.toml"\n[ledger]\npath = "ledger.sqlite"\n')

    result = run("-", "--config", config, "--json", stdin=ndjson({"model_name": "mystery-1"}))

    assert json.loads(result.stdout)["credits"] == "0.11"
    assert ledger.exists()


def test_a_file_that_is_not_there_is_a_usage_error(ledger: Path) -> None:
    assert run("nowhere.ndjson", "--db", ledger).exit_code == 2


def test_the_command_ends_with_a_sentence_and_not_with_a_traceback(tmp_path: Path, ledger: Path) -> None:
    (tmp_path / "array.json").write_text("[{}]")
    command = [
        sys.executable,
        "-m",
        "console.cli",
        "ingest",
        str(tmp_path / "array.json"),
        "--db",
        str(ledger),
        "--json",
    ]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "jq" in json.loads(done.stdout)["hint"]
    assert "Traceback" not in done.stderr


def test_refused_rows_of_standard_input_are_kept_under_the_time_it_was_read(ledger: Path) -> None:
    run("-", "--db", ledger, stdin='{"first": 1}\n')

    with closing(sqlite3.connect(ledger)) as connection:
        ((location, at),) = connection.execute("SELECT location, at FROM quarantine").fetchall()
    assert location == f"-@{at}:1"


def test_a_row_from_the_future_is_set_aside(tmp_path: Path, ledger: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(ndjson({}, {"request_id": "b", "timestamp": "2099-01-01T00:00:00Z"}))

    said = json.loads(run(file, "--db", ledger, "--json").stdout)

    assert (said["accepted"], said["rejected"]) == (1, 1)
