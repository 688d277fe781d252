"""`burndeck incident list` and `show`: incidents as a whole, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import ActionKind, ActionSpec, Approval, Verdict
from agent.domain.alert import AlertState
from agent.domain.allocation import Scope
from agent.domain.incident import Incident, TimelineEntry
from agent.domain.person import Role
from console.cli import run
from tests.agent.reports.world import NANO, NOW
from tests.console.acting_world import Desk, open_desk, spike, throttle


@pytest.fixture
def desk(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    (tmp_path / "burndeck.toml").write_text("")
    monkeypatch.setenv("BURNDECK_CONFIG", str(tmp_path / "burndeck.toml"))
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        made.fires()
        cost = Incident("storm", "team:search", "critical", "retry_storm", NOW - 540, None, 165 * NANO, 1)
        made.writer.incidents.update_incident(cost)
        yield made


def said(desk: Desk, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert run(["incident", *words, "--db", str(desk.settings.ledger_path)]) == code
    return capsys.readouterr().out


def taken(desk: Desk) -> None:
    alert = replace(spike(1), state=AlertState.ACKNOWLEDGED, acknowledged_at=NOW - 400, id=1)
    desk.writer.alerts.save([replace(alert, acknowledged_by="ada")])
    desk.writer.incidents.add_timeline([TimelineEntry(1, NOW - 400, "acknowledged", "ada", "mine", 1)])


def test_the_list_says_who_holds_each_and_what_it_costs(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.writer.incidents.add_incident(Incident("other", "team:x", "warning", "", NOW - 60))
    taken(desk)

    _, _, other, storm = said(desk, capsys, "list").splitlines()

    assert other.split()[:3] == ["2", "open", "warning"] and "nobody" in other
    assert "165.0 credits [met]" in storm and " ada " in storm


def test_one_incident_says_everything_about_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    taken(desk)
    made = desk.in_force(throttle(non_prod=True), incident=1, alert=1)
    word = Approval(made.id or 0, made.digest, "bo", "engineering", Verdict.APPROVED, NOW - 300, "go")
    desk.writer.actions.add_approval(word)
    desk.writer.actions.save_duty(1, "postmortem", due_at=NOW + 86_400)

    text = said(desk, capsys, "show", "1")

    for line in (
        "incident 1: critical, open",
        "above       165.0 credits [met] above what is expected",
        "held by     ada",
        "production  nobody has said whether it is affected",
        "postmortem  owed, due 2026-11-19",
        "burn of     team:search [metered], expected 1.00 credits/min",
        "peak 6.40 at ",
        "alert 1     critical  acknowledged  retry storm: search-prod",
        "action 1    confirmed  throttle non-prod of team:search to 60 rpm for 1 h, by bo",
        "approved by bo for engineering, 2026-11-18 12:25:00Z: go",
        "ada holds it: acknowledged",
        "acknowledged   ada       mine",
        "burndeck release --incident 1",
        "burndeck runbook start provider-outage-retry-storm --alert 1",
    ):
        assert line in text, line


def test_what_waits_says_whom_it_waits_for(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    spec = ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=500 * NANO)
    desk.asked(spec, incident=1, alert=1)

    assert "0 of 2, waits for " in said(desk, capsys, "show", "1")


def test_json_holds_the_same(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(said(desk, capsys, "list", "--json"))
    one = json.loads(said(desk, capsys, "show", "1", "--json"))

    assert listed["incidents"][0]["entry"]["id"] == one["entry"]["id"] == 1
    assert one["above"] == {
        "value": "165.000000000",
        "unit": "credits",
        "layer": "metered",
        "as_of": NOW,
        "mixed": False,
    }
    assert one["series"]["points"][-1]["expected"] == "1.000000"


def test_an_earlier_instant_shows_it_as_it_stood(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    taken(desk)

    then = said(desk, capsys, "show", "1", "--at", str(NOW - 480))

    assert "held by     nobody" in then and ", as of now" in then and "burndeck" not in then


def test_one_that_is_not_there_is_an_error(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(said(desk, capsys, "show", "7", "--json", code=1)) == {
        "error": "there is no incident 7",
        "hint": "`burndeck incident list` lists them.",
    }
