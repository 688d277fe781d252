"""`alerts check`: findings for people and programs, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.commands.alerts_check import check
from tests.agent.alerts.linted import ALLOCATION, ROUTES, SOUND
from tests.agent.reports.world import fill


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "burndeck.toml"


def run(config: Path, text: str, *arguments: str, env: dict[str, str] | None = None) -> Result:
    config.write_text(text)
    db = config.parent / "ledger.sqlite"
    secret = {"BURNDECK_PAGER_ROUTING_KEY": "rk-1"} if env is None else env
    return CliRunner().invoke(check, ["--config", str(config), "--db", str(db), *arguments], env=secret)


def test_sound_rules_end_with_zero_also_without_a_ledger(config: Path) -> None:
    result = run(config, SOUND)

    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == "nothing to say against these rules"
    assert "without the ledger" in result.stderr


def test_an_error_ends_with_one_and_says_where_and_what_to_do(config: Path) -> None:
    fill(config.parent / "ledger.sqlite")

    result = run(config, ALLOCATION + ROUTES)

    assert result.exit_code == 1
    assert f"error    {config}:2: allocations[1].override_approvers: org-1-team-search" in result.stdout
    assert "-> Let them run `burndeck identity create`" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 error")
    assert result.stderr == ""


def test_warnings_alone_end_with_zero(config: Path) -> None:
    result = run(config, SOUND + '[[alerts.channels]]\nname = "spare"\nkind = "slack"\n', env={
        "BURNDECK_PAGER_ROUTING_KEY": "rk-1", "BURNDECK_SPARE_WEBHOOK_URL": "https://hooks.example.com/x",
    })  # fmt: skip

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "1 warning"


def test_a_secret_that_is_missing_is_an_error_and_one_that_is_there_is_never_shown(config: Path) -> None:
    missing = run(config, SOUND, env={})
    given = run(config, ALLOCATION + ROUTES)

    assert "burndeck login pager" in missing.stdout
    assert "rk-1" not in given.output


def test_findings_as_json_have_stable_keys(config: Path) -> None:
    (finding,) = json.loads(run(config, ALLOCATION + ROUTES, "--json").stdout)["findings"]

    assert finding.keys() == {"level", "file", "line", "key", "allocations", "problem", "fix"}
    assert finding["allocations"] == ["org-1-team-search"]
    assert (finding["level"], finding["line"]) == ("error", 2)


def test_the_secrets_of_a_demo_are_with_its_agent(config: Path) -> None:
    result = run(config, SOUND + "[clock]\nepoch = 1795003200\nstarted = 1795003200\nspeed = 60\n", env={})

    assert result.exit_code == 0 and "burndeck login pager" not in result.stdout
