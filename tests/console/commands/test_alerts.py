"""`burndeck alerts` with options before another of its commands: they count, or they are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.money import NANO
from console.cli import burndeck
from tests.agent.alerts.office import HOUR, NOW, WALLET, Office

SIGNAL = Signal(
    fingerprint="burn_spike:search",
    rule=AlertRule.BURN_SPIKE,
    tier="warning",
    at=NOW - 600,
    scope_kind="team",
    scope="search",
    current_nano=30 * NANO,
    expected_nano=5 * NANO,
    threshold=Decimal("0.5"),
    team="search",
    summary="search burns",
)
SPIKE = Alert(SIGNAL, AlertState.FIRING, NOW - 600, fired_at=NOW - 540)


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


def test_the_facts_of_an_alert_stand_in_one_column(office: Office) -> None:
    signal = replace(SIGNAL, evidence={"share": "0.5", "runway at the last quarters burn": "3 d"})
    office.writer.alerts.save([replace(SPIKE, signal=signal)])

    lines = run(office, "show", "2").stdout.splitlines()

    assert f"{'share':<32}  50 %" in lines
    assert "runway at the last quarters burn  3 d" in lines
    assert not any(line.startswith("above ") for line in lines)


def test_an_alert_that_has_escalated_says_so_and_does_not_escalate_again(office: Office) -> None:
    asked = replace(SPIKE, told=2, told_at=NOW, asked_at=NOW)
    office.writer.alerts.save([asked])
    before = run(office, "show", "2").stdout
    saved = office.writer.alerts.alert(2)
    assert saved is not None
    office.writer.alerts.save([replace(saved, escalated_at=NOW + 60)])

    after, then = run(office, "show", "2").stdout, run(office, "show", "2", "--at", str(NOW + 30)).stdout

    assert "escalates   2026-11-" in before
    assert "escalated   2026-11-11 00:01:00Z" in after and "escalates" not in after
    assert "escalates   2026-11-" in then and "escalated" not in then


def test_where_no_route_leads_to_a_channel_it_says_that_nobody_was_told(office: Office) -> None:
    office.writer.alerts.save([replace(SPIKE, told=1, told_at=NOW)])

    assert "nobody outside was told: no route leads to a channel" in run(office, "show", "2").stdout
    assert "nobody outside" not in run(office, "show", "2", "--at", str(NOW - 1)).stdout
    assert "nobody outside" not in run(office, "show", "1").stdout


@pytest.mark.parametrize("words", [("--help",), ("show", "--help")])
def test_help_says_what_an_earlier_time_does_not_change(office: Office, words: tuple[str, ...]) -> None:
    assert "figures and text are the newest" in " ".join(run(office, *words).stdout.split())
