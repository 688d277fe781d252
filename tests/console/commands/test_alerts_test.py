"""`alerts test`: both configurations side by side, the TOML to save, and errors that say where."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import burndeck
from console.cli import run as main
from tests.agent.alerts.replay.test_replay import END, burn

CONFIG = """
[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = "20000"
"""
LOWER = ("--set", "alerts.tiers.critical.at=0.8")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return burn(tmp_path_factory.mktemp("replay") / "ledger.sqlite", [(100.0, 50.0)] * 240)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "burndeck.toml"
    file.write_text(CONFIG)
    return file


def arguments(ledger: Path, config: Path, *more: str) -> list[str]:
    where = ["--db", str(ledger), "--config", str(config), "--since", "10d", "--until", str(END)]
    return ["alerts", "test", *more, *where]


def run(ledger: Path, config: Path, *more: str) -> Result:
    return CliRunner().invoke(burndeck, arguments(ledger, config, *more))


def test_both_configurations_stand_side_by_side(ledger: Path, config: Path) -> None:
    result = run(ledger, config, "budget", *LOWER)

    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["now", "changed"] in lines
    assert ["pages", "a", "week", "1.40", "1.40"] in lines
    (cap,) = (line for line in result.stdout.splitlines() if "hard cap  2026" in line)
    assert cap.endswith("2 d 12 h (20 h)  2 d 12 h (1 d 16 h)")
    assert "told of now, and no longer: nothing" in result.stdout


def test_what_is_printed_last_can_be_saved_and_holds(ledger: Path, config: Path) -> None:
    shown = run(ledger, config, "budget", *LOWER).stdout
    snippet = shown.partition("put this into burndeck.toml:\n\n")[2]

    config.write_text(CONFIG + snippet)
    after = json.loads(run(ledger, config, "budget", "--json").stdout)
    tried = json.loads(run(ledger, config, "budget", *LOWER, "--json").stdout)

    assert [tier["at"] for tier in tomllib.loads(snippet)["alerts"]["tiers"]] == [
        "0.50",
        "0.70",
        "0.8",
        "1.00",
    ]
    assert after["sides"]["changed"] is None
    assert [lead["now"] for lead in after["leads"]] == [lead["changed"] for lead in tried["leads"]]


def test_without_a_change_the_rule_is_played_as_it_is(ledger: Path, config: Path) -> None:
    result = run(ledger, config, "budget")

    assert "changed" not in result.stdout
    assert "put this into" not in result.stdout


def test_json_has_everything_with_stable_keys(ledger: Path, config: Path) -> None:
    found = json.loads(
        run(ledger, config, "runway", "--set", "alerts.rules.runway.enabled=false", "--json").stdout
    )

    assert found.keys() == {
        "rule", "since", "until", "sides", "leads", "largest_rises", "gone", "new", "notes", "save",
    }  # fmt: skip
    assert found["sides"]["changed"]["caps_without_a_page"] == [
        {
            "allocation_id": "org-1-team-search",
            "period": "2026-11",
            "level": "hard cap",
            "reached_at": END - 40 * 3_600,
        }
    ]
    assert found["sides"]["now"]["caps_without_a_page"] == []
    assert {episode["tier"] for episode in found["gone"]} == {"critical", "warning"}
    assert found["save"] == "[alerts.rules.runway]\nenabled = false"


def test_a_file_of_keys_is_tried_and_a_key_of_the_command_line_wins(
    ledger: Path, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "try.toml"
    file.write_text('[alerts.rules.runway]\nenabled = false\nwarning = "2d"\n')

    found = json.loads(
        run(
            ledger,
            config,
            "runway",
            "--with",
            str(file),
            "--set",
            "alerts.rules.runway.enabled=true",
            "--json",
        ).stdout
    )

    assert found["save"] == '[alerts.rules.runway]\nenabled = true\nwarning = "2d"'
    assert found["sides"]["changed"]["loudness"]["tickets"] >= 1


@pytest.mark.parametrize(
    ("more", "part"),
    [
        (("budgets",), "there is no rule 'budgets'"),
        (("silent_data",), "silent_data cannot be replayed"),
        (("budget", "--set", "alerts.tiers.critical.at=0.5"), "burndeck.toml: alerts.tiers: must rise"),
        (("budget", "--set", "alerts.spike.hold=soon"), "burndeck.toml: alerts.spike.hold"),
        (("budget", "--set", "agent.heartbeat=1s"), "--set agent.heartbeat=1s"),
        (("budget", "--with", "/nowhere/try.toml"), "/nowhere/try.toml: no such change file"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    ledger: Path, config: Path, more: tuple[str, ...], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(ledger, config, *more)) == 2

    assert part in capsys.readouterr().err


def test_progress_is_silent_where_nobody_watches(ledger: Path, config: Path) -> None:
    assert run(ledger, config, "budget").stderr == ""
