"""`burndeck allocations` and `burndeck cap explain` without a screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.domain.policy_text import parse
from agent.ledger import open_writer
from agent.ledger.allocation_changes import AllocationChange
from console.cli import burndeck
from console.cli import run as main
from tests.agent.reports.world import NANO, NOW, fill

CONFIG = f"""\
[organization]
id = "org-1"
[clock]
epoch = {NOW}
started = {NOW}
speed = 0.000001
[[allocations]]
id = "org-1"
scope = "organization"
monthly_credits = "100000"
reserve = "5000"
[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = "40000"
owner = "Head of Search"
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("allocations") / "ledger.sqlite"
    fill(path)
    with open_writer(path) as writer:
        change = AllocationChange(
            1, "org-1-team-search", {"top_up_nano": 1_000 * NANO}, NOW - 60, NOW + 10**9
        )
        writer.actions.add_allocation_change(change)
    return path


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "burndeck.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("BURNDECK_CONFIG", str(path))
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(burndeck, [str(argument) for argument in arguments])


def document(*arguments: str | Path) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_the_tree_shows_the_pool_use_and_owner(ledger: Path) -> None:
    result = run("allocations", "--db", ledger)

    assert result.exit_code == 0
    assert "64,000 of 105,000 credits available; 40,000 allocated, top-ups took 1,000" in result.stdout
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("  org-1-team-search"))
    for part in ("25,230 [met]", "41,000", "1,000", "Head of Search"):
        assert part in line


def test_the_tree_as_json_has_exact_amounts(ledger: Path) -> None:
    found = document("allocations", "--db", ledger)

    assert found["pool"]["available"]["value"] == "64000.000000000"
    assert [row["budget"]["allocation_id"] for row in found["rows"]] == ["org-1", "org-1-team-search"]
    assert [row["backstop"]["stands"] for row in found["rows"]] == [False, False]
    assert "behind each hard cap" in run("allocations", "--db", ledger).stdout


def test_a_reached_hard_cap_is_a_finding(ledger: Path, config: Path) -> None:
    config.write_text(CONFIG.replace("40000", "4000"))

    assert run("allocations", "--db", ledger).exit_code == 1
    result = run("cap", "explain", "key_search", "--db", ledger)
    assert result.exit_code == 1
    assert "org-1-team-search binds: its hard cap of 5,000 credits is reached" in result.stdout


def test_without_allocations_the_way_to_some_is_shown(ledger: Path, config: Path) -> None:
    config.write_text('[organization]\nid = "org-1"\n')

    assert "`burndeck init`" in run("allocations", "--db", ledger).stdout


def test_one_allocation_is_shown_as_a_policy(ledger: Path) -> None:
    result = run("allocations", "show", "org-1-team-search", "--db", ledger)

    assert result.stdout.startswith("Allocation Policy\n- Allocation ID: org-1-team-search\n")
    assert parse(result.stdout)["monthly_nano"] == 40_000 * NANO
    assert document("allocations", "show", "org-1", "--db", ledger)["fields"]["id"] == "org-1"


def test_an_unknown_allocation_names_those_that_are_known(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["allocations", "show", "org-9", "--db", str(ledger)]) == 2
    assert "Known: org-1, org-1-team-search" in capsys.readouterr().err


def test_the_levels_are_listed() -> None:
    assert "Team Lead / Engineering Manager" in run("allocations", "levels").stdout
    assert len(document("allocations", "levels")["levels"]) == 5


def test_a_key_is_explained(ledger: Path) -> None:
    result = run("cap", "explain", "key_search", "--db", ledger)

    assert result.exit_code == 0
    assert "org-1-team-search binds: 15,770 credits are left until its hard cap of 41,000" in result.stdout
    assert "project:proj_search" in result.stdout
    found = document("cap", "explain", "key_search", "--db", ledger)
    assert found["binding"] == "org-1-team-search"
    assert found["levels"][3]["left"]["layer"] == "metered"
    behind = "no gateway that has limits of its own serves its keys"
    assert f"  org-1, org-1-team-search: none: {behind}" in result.stdout
    assert [each["why"] for each in found["backstops"]] == [[behind], [behind]]


def test_an_unknown_key_says_where_to_look(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cap", "explain", "nothing", "--db", str(ledger)]) == 2
    assert "burndeck triage --by key" in capsys.readouterr().err
