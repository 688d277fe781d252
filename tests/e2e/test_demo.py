"""The demo as a user starts it: real processes, the real provider, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SCENARIOS = {
    "cache-collapse",
    "context-bloat",
    "dearer-model",
    "leaked-key",
    "quiet-day",
    "re-embedding",
    "retry-storm",
    "runaway-batch",
    "slow-creep",
}


def demo(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """`burndeck demo WORDS` with an empty HOME and a temporary folder of its own."""
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "console.cli", "demo", *words],
        capture_output=True,
        text=True,
        timeout=115,
        env={
            **os.environ,
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "OPENAI_ADMIN_KEY": "sk-admin-real-one",
        },
    )


def play(home: Path, *words: str) -> dict[str, Any]:
    done = demo("--headless", "--json", *words, home=home)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def written_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_list_names_every_scenario(tmp_path: Path) -> None:
    done = demo("--list", "--json", home=tmp_path)

    assert {scenario["name"] for scenario in json.loads(done.stdout)["scenarios"]} == SCENARIOS


@pytest.mark.scenarios
def test_a_retry_storm_is_found_and_its_ledger_serves_the_commands(tmp_path: Path) -> None:
    ledger = tmp_path / "kept.sqlite"

    answer = play(tmp_path, "--scenario", "retry-storm", "--keep", str(ledger))

    truth, found = answer["truth"], answer["found"]
    assert truth["cause"] == "retry_storm"
    assert {name: found[name] for name in truth} == truth
    assert 0 < found["detected_after_s"] <= 600
    config = ledger.with_name("kept.sqlite.toml")
    assert sorted(written_below(tmp_path)) == [ledger, config]
    command = [sys.executable, "-m", "console.cli", "triage", "--json", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    keys = json.loads(done.stdout)["report"]["tables"][0]["rows"]
    assert keys[0]["value"] == truth["api_key_id"]


@pytest.mark.scenarios
def test_two_runs_of_one_seed_agree(tmp_path: Path) -> None:
    words = ("--scenario", "leaked-key", "--seed", "3")

    first = play(tmp_path, *words)

    assert first["found"]["cause"] == "leaked_key"
    assert play(tmp_path, *words) == first


def test_an_unknown_scenario_is_answered_with_those_there_are(tmp_path: Path) -> None:
    done = demo("--scenario", "retry-strom", home=tmp_path)

    assert done.returncode == 2
    assert "retry-storm" in done.stderr


@pytest.mark.parametrize("end", ["its input is closed", "it is told to terminate"])
def test_the_demos_other_half_ends_and_leaves_nothing(tmp_path: Path, end: str) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    backend = subprocess.Popen(
        [sys.executable, "-P", "-m", "console.demo.backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert backend.stdin is not None
    assert backend.stdout is not None
    order = {"scenario": "retry-storm", "seed": 1, "speed": 60, "keep": None}
    backend.stdin.write(json.dumps(order) + "\n")
    backend.stdin.flush()
    told = json.loads(backend.stdout.readline())
    assert Path(told["config"]).is_file()

    if end == "its input is closed":
        backend.stdin.close()
    else:
        backend.terminate()

    assert backend.wait(30) == 0
    assert written_below(tmp_path) == []


def list_as_finance(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "console.cli", "--config", str(folder / "burndeck.toml"), "approve"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(folder), "BURNDECK_IDENTITY_FILE": str(folder / "finance")},
    )


def joined(tmp_path: Path) -> tuple[subprocess.Popen[str], Path, subprocess.CompletedProcess[str]]:
    """A demo in a folder that was chosen, and what another terminal saw once its ledger was there."""
    folder = tmp_path / "deck"
    backend = subprocess.Popen(
        [sys.executable, "-P", "-m", "console.demo.backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    assert backend.stdin is not None
    assert backend.stdout is not None
    order = {"scenario": "retry-storm", "seed": 1, "speed": 60, "keep": None, "folder": str(folder)}
    backend.stdin.write(json.dumps(order) + "\n")
    backend.stdin.flush()
    backend.stdout.readline()
    deadline = time.monotonic() + 30
    seen = list_as_finance(folder)
    while seen.returncode and time.monotonic() < deadline:
        seen = list_as_finance(folder)
    return backend, folder, seen


def ended(backend: subprocess.Popen[str]) -> int:
    """How a demo ends whose console is gone."""
    assert backend.stdin is not None
    backend.stdin.close()
    return backend.wait(30)


def test_another_terminal_joins_a_demo_in_a_folder_that_was_chosen(tmp_path: Path) -> None:
    backend, folder, seen = joined(tmp_path)
    mode = folder.stat().st_mode

    assert (seen.returncode, seen.stdout) == (0, "nothing waits for approval\n"), seen.stderr
    assert mode & 0o777 == 0o700
    assert ended(backend) == 0
    assert written_below(tmp_path) == []


@pytest.mark.scenarios
def test_whom_a_top_up_is_asked_of_reads_it_on_the_pager(tmp_path: Path) -> None:
    backend, folder, _ = joined(tmp_path)
    asked = ["top-up", "team:payments", "--credits", "100", "--reason", "campaign", "--yes", "--wait", "40"]
    subprocess.run(
        [sys.executable, "-m", "console.cli", "--config", str(folder / "burndeck.toml"), *asked],
        check=True,
        timeout=60,
        env={**os.environ, "HOME": str(folder), "BURNDECK_IDENTITY_FILE": str(folder / "identity")},
    )
    pages, deadline = folder / "pager.log", time.monotonic() + 60
    while "to finance  ACTION" not in pages.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    text = pages.read_text()

    assert ended(backend) == 0
    for desk in ("finance", "on-call"):
        assert f"to {desk}  ACTION\n    action 1: top team:payments up by 100 credits" in text
    assert "REFUSED" not in text
    assert written_below(tmp_path) == []


def test_a_demo_takes_no_folder_that_is_there_already(tmp_path: Path) -> None:
    done = demo("--folder", str(tmp_path), home=tmp_path)

    assert done.returncode == 2
    assert "exists already" in done.stderr


def test_make_run_shows_the_demo_where_nothing_is_configured(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "BURNDECK_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "console.launch", "--list"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**environment, "HOME": str(tmp_path)},
    )

    assert done.returncode == 0
    assert "retry-storm" in done.stdout
    assert "simulated organization" in done.stderr
