"""What an incident is compared with: the forecast of a day, the month before, or the month's credits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.incident import Incident
from agent.ledger import open_reader, open_writer
from agent.runbooks.postmortem.model import Cost
from agent.runbooks.postmortem.write import of_incident
from agent.settings_schema import Organization
from tests.agent.reports.world import NANO, NOW, SETTINGS, fill

DAY = 86_400
MIDNIGHT = NOW // DAY * DAY
NOVEMBER = MIDNIGHT - 17 * DAY


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Search burns a credit a minute."""
    path = tmp_path_factory.mktemp("stretch") / "ledger.sqlite"
    fill(path, days=60)
    with open_writer(path) as writer:
        writer.incidents.add_incident(Incident("too much", "team:search", "warning", "", NOW - 600))
    return path


def alert(rule: AlertRule, expected: int, above: int, tier: str = "warning") -> Alert:
    signal = Signal(
        fingerprint=f"{rule}:{tier}",
        rule=rule,
        tier=tier,
        at=NOW,
        scope_kind="team",
        scope="search",
        current_nano=(expected + above) * NANO,
        expected_nano=expected * NANO,
        threshold=Decimal(1),
        allocation_id="org-1-team-search",
        team="search",
        evidence={"unit": "credits"},
    )
    return Alert(
        signal, AlertState.FIRING, NOW - 600, fired_at=NOW - 540, above_nano=above * NANO, incident=1, id=None
    )


def cost(path: Path, *alerts: Alert, time_zone: str = "UTC") -> Cost:
    with open_writer(path) as writer:
        writer.alerts.save(alerts)
    settings = replace(SETTINGS, organization=Organization(time_zone=time_zone))
    with open_reader(path) as reader:
        found = of_incident(reader, settings, 1, NOW + 60).cost
    assert found is not None
    return found


@pytest.fixture
def path(ledger: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "ledger.sqlite"
    copy.write_bytes(ledger.read_bytes())
    return copy


@pytest.mark.parametrize(("time_zone", "start"), [("UTC", MIDNIGHT), ("Europe/Berlin", MIDNIGHT - 3_600)])
def test_a_days_forecast_is_compared_with_that_local_day(path: Path, time_zone: str, start: int) -> None:
    found = cost(path, alert(AlertRule.DAY_FORECAST, 700, 50), time_zone=time_zone)

    assert (found.start, found.end) == (start, NOW)
    assert found.burnt.value == (NOW - start) // 60
    assert found.expected.value == 700
    assert "the forecast of org-1-team-search for the whole of 2026-11-18" in found.note


def test_a_month_is_compared_with_the_same_share_of_the_month_before(path: Path) -> None:
    found = cost(path, alert(AlertRule.LAST_MONTH, 20_000, 5_000))

    assert (found.start, found.end) == (NOVEMBER, NOW)
    assert found.expected.value == 20_000
    assert "in the same share of the month before" in found.note


def test_of_several_the_one_with_the_most_above_counts_with_its_own_time(path: Path) -> None:
    found = cost(path, alert(AlertRule.BUDGET, 24_000, 1_250), alert(AlertRule.DAY_FORECAST, 700, 50))

    assert (found.start, found.expected.value) == (NOVEMBER, 24_000)
    assert "the month's credits of org-1-team-search" in found.note


def test_layers_that_are_apart_say_nothing_of_what_was_expected(path: Path) -> None:
    found = cost(path, alert(AlertRule.DRIFT, 500, 50))

    assert found.expected.value is None and "no alert of it is about" in found.note
