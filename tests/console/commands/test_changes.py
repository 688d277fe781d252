"""`burndeck changes`: the feed for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.domain.change import Change, ChangeKind
from agent.ledger import open_writer
from console.cli import burndeck

Run = Callable[..., Result]
NOW = 1_790_000_000
CONFIG = f"[clock]\nepoch = {NOW}.0\nstarted = 0.0\nspeed = 0.000000001\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    ledger, config = tmp_path / "ledger.sqlite", tmp_path / "burndeck.toml"
    config.write_text(CONFIG)
    deploy = Change(NOW - 60, None, "webhook", ChangeKind.RELEASE, "search-api 2.4.1", "ci", "team", "search")
    limit = Change(NOW - 90, None, "openai audit log", ChangeKind.LIMIT, "rate limit updated: rl-gpt-5")
    planned = Change(NOW + 90, None, "calendar r.ics", ChangeKind.RELEASE, "3.0.0", "", "team", "support")
    with open_writer(ledger) as writer:
        writer.changes.add([deploy, limit, planned])

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(
            burndeck, ["--config", str(config), "--db", str(ledger), "changes", *arguments]
        )

    return invoke


def test_each_change_is_a_line_with_its_time_scope_author_and_source(run: Run) -> None:
    first, second = run().stdout.splitlines()[2:]

    assert re.split(r"\s{2,}", first) == [
        *("2026-09-21 14:12:20Z", "release", "team:search", "ci", "webhook", "search-api 2.4.1"),
    ]
    assert "limit" in second and "openai audit log" in second


def test_json_has_the_instants_and_kinds(run: Run) -> None:
    (found, _) = json.loads(run("--json").stdout)["changes"]

    assert len(found.pop("id")) == 32
    assert found == {
        "at": NOW - 60,
        "until": None,
        "source": "webhook",
        "kind": "release",
        "title": "search-api 2.4.1",
        "actor": "ci",
        "scope_kind": "team",
        "scope": "search",
        "url": "",
    }


def test_what_is_planned_is_said_so_and_another_teams_changes_are_left_out(run: Run) -> None:
    assert "planned" in run("--ahead", "1h").stdout
    assert "3.0.0" not in run("--ahead", "1h", "--team", "search").stdout
    assert "search-api" not in run("--team", "support").stdout


def test_nothing_is_said_in_words(run: Run) -> None:
    assert "nothing was changed" in run("--since", "1s").stdout
