"""`burndeck alerts` with options before another of its commands: they count, or they are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.domain.alert import AlertState
from console.cli import burndeck
from tests.agent.alerts.office import HOUR, NOW, WALLET, Office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    (tmp_path / "burndeck.toml").write_text("")
    monkeypatch.setenv("BURNDECK_CONFIG", str(tmp_path / "burndeck.toml"))
    made = Office(tmp_path / "ledger.sqlite", WALLET)
    made.burnt("910000")
    made.judge()
    made.burnt("1")
    made.judge(HOUR)
    yield made
    made.writer.close()


def run(office: Office, *words: str) -> Result:
    return CliRunner().invoke(burndeck, ["--db", str(office.path), "alerts", *words])


@pytest.mark.parametrize("words", [("--json", "show", "1"), ("show", "1", "--json")])
def test_json_may_stand_before_the_command_too(office: Office, words: tuple[str, ...]) -> None:
    assert json.loads(run(office, *words).stdout)["entry"]["id"] == 1


@pytest.mark.parametrize("words", [("--json", "incidents"), ("--json", "check"), ("--json", "route", "test")])
def test_json_counts_for_every_command_below(office: Office, words: tuple[str, ...]) -> None:
    assert json.loads(run(office, *words).stdout)


def test_text_stays_text(office: Office) -> None:
    assert run(office, "show", "1").stdout.startswith("alert 1: critical")


@pytest.mark.parametrize(
    "words",
    [
        ("--at", str(NOW), "show", "1"),
        ("show", "1", "--at", str(NOW)),
        ("--at", "0", "show", "1", "--at", str(NOW)),
    ],
)
def test_the_time_of_an_alert_may_stand_before_show_and_the_nearer_one_wins(
    office: Office, words: tuple[str, ...]
) -> None:
    before, now = run(office, *words), run(office, "show", "1")

    assert before.stdout.startswith(f"alert 1: critical, {AlertState.FIRING.value}")
    assert now.stdout.startswith(f"alert 1: critical, {AlertState.RESOLVED.value}")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--since", "30d", "incidents"), "--since"),
        (("--at", str(NOW), "incidents"), "--at"),
        (("--open", "show", "1"), "--open"),
    ],
)
def test_what_the_command_would_not_hear_of_is_a_usage_error(
    office: Office, words: tuple[str, ...], option: str
) -> None:
    result = run(office, *words)

    assert result.exit_code == 2
    assert f"{option} before {words[-1] if words[-1] != '1' else 'show'}" in result.stderr
