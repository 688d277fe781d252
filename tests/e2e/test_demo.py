"""The demo as a user starts it: real processes, the real provider, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


@pytest.mark.parametrize("seed", ["1", "6"])
def test_a_retry_storm_is_found_with_its_key_its_team_and_its_cause(tmp_path: Path, seed: str) -> None:
    answer = play(tmp_path, "--scenario", "retry-storm", "--seed", seed)

    truth, found = answer["truth"], answer["found"]
    assert truth["cause"] == "retry_storm"
    assert {name: found[name] for name in truth} == truth
    assert 0 < found["detected_after_s"] <= 600
    assert written_below(tmp_path) == []


def test_two_runs_of_one_seed_agree(tmp_path: Path) -> None:
    words = ("--scenario", "cache-collapse", "--seed", "3")

    assert play(tmp_path, *words) == play(tmp_path, *words)


def test_the_ledger_is_kept_where_it_is_asked_for_and_served_by_the_commands(tmp_path: Path) -> None:
    ledger = tmp_path / "kept.sqlite"

    play(tmp_path, "--scenario", "re-embedding", "--keep", str(ledger))

    command = [sys.executable, "-m", "console.cli", "triage", "--json", "--db", str(ledger)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["tables"]


def test_an_unknown_scenario_is_answered_with_those_there_are(tmp_path: Path) -> None:
    done = demo("--scenario", "retry-strom", home=tmp_path)

    assert done.returncode == 2
    assert "retry-storm" in done.stderr
