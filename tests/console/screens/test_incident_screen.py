"""The Incident screen: from an alert or an action and back, all about it, and its undo, by keys alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import Approval, Verdict
from agent.domain.alert import AlertState
from agent.domain.incident import Incident, TimelineEntry
from agent.domain.person import Role
from agent.ledger import open_reader
from agent.reports.incident_view import IncidentView, incident_view
from console.screens.incident.detail import draw_detail
from tests.agent.reports.world import NANO, NOW
from tests.console.acting_world import AT, Desk, block, console_on, open_desk, spike, throttle
from tests.console.harness import Console, piloted
from tests.console.harness import taken as answered

TITLE = "Retry storm of search"


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[Desk]:
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        made.fires()
        cost = Incident(TITLE, "team:search", "critical", "retry_storm", NOW - 540, None, 165 * NANO, 1)
        made.writer.incidents.update_incident(cost)
        rename(made)
        yield made


def rename(desk: Desk) -> None:
    """An incident is called by the sentence of its first alert; here by one that no alert says."""
    with desk.writer.transaction() as conn:
        conn.execute("UPDATE incident SET title = ?", (TITLE,))


def taken(desk: Desk) -> None:
    alert = replace(spike(1), state=AlertState.ACKNOWLEDGED, acknowledged_at=NOW - 400, id=1)
    desk.writer.alerts.save([replace(alert, acknowledged_by="ada")])
    desk.writer.incidents.add_timeline([TimelineEntry(1, NOW - 400, "acknowledged", "ada", "mine", 1)])


def acted(desk: Desk) -> None:
    made = desk.in_force(throttle(non_prod=True), incident=1, alert=1)
    word = Approval(made.id or 0, made.digest, "bo", "engineering", Verdict.APPROVED, NOW - 300, "go")
    desk.writer.actions.add_approval(word)


async def opened(running: Console) -> None:
    await running.until("open for 10 min  incident 1", TITLE)


@piloted
async def test_from_an_alert_to_its_incident_and_back(desk):
    async with console_on(desk, "a") as running:
        await running.until("active 1", "retry storm")
        await running.press("i")
        await opened(running)
        await running.until("+165.0 credits above met 1m", "held by nobody", "BURN BY MINUTE")
        await running.press("escape")
        await running.until("active 1")
        assert running.app.screen.topic == "alerts"


@piloted
async def test_from_an_action_to_its_incident_and_back(desk):
    acted(desk)
    async with console_on(desk, "x") as running:
        await running.until("in force 1", "edge/key/k2")
        await running.press("i")
        await opened(running)
        await running.press("escape")
        await running.until("in force 1")
        assert running.app.screen.topic == "actions"


@piloted
async def test_what_belongs_to_no_incident_says_so(desk):
    desk.in_force(block())
    desk.writer.alerts.save([replace(spike(None), id=1)])
    async with console_on(desk, "a") as running:
        await running.until("active 1", "retry storm")
        await running.press("i")
        await running.until("Alert 1 belongs to no incident.")
        await running.press("x")
        await running.until("in force 1", "edge/key/k3")
        await running.press("i")
        await running.until("Action 1 belongs to no incident.")


@piloted
async def test_elsewhere_the_key_lists_incidents_and_enter_opens_one(desk):
    desk.writer.incidents.add_incident(
        Incident("Old storm", "team:support", "warning", "", NOW - 9_000, NOW - 8_000)
    )
    async with console_on(desk, "i", size=(120, 40)) as running:
        await running.until("open 1", "closed 1", TITLE, "nobody")
        assert running.names("rows") == ["1"]
        await running.press("tab")
        await running.until("Incidents, closed 1", "Old storm")
        assert running.names("rows") == ["2"]
        await running.press("enter")
        await running.until("lasted 16 min  incident 2")
        await running.press("escape")
        await running.until("Incidents, closed 1")
        await running.press("escape")
        await running.until("BURN NOW")


@piloted
async def test_enter_on_the_incident_shows_the_list_that_it_is_in(desk):
    desk.writer.incidents.add_incident(Incident("Cap reached", "team:support", "hard_cap", "", NOW - 60))
    async with console_on(desk, "a") as running:
        await running.until("active 1", "retry storm")
        await running.press("i")
        await opened(running)
        await running.press("enter")
        await running.until("Incidents, open 2")
        assert running.app.screen.table.selected.key == "1"


@piloted
async def test_all_of_it_is_there_and_scrolls_to_the_newest_line_of_its_timeline(desk):
    taken(desk)
    acted(desk)
    lines = [TimelineEntry(1, NOW - 60 + each, "note", "bo", f"line {each}", None) for each in range(30)]
    desk.writer.incidents.add_timeline(lines)
    async with console_on(desk, "i") as running:
        await running.until(TITLE)
        await running.press("enter")
        await running.until("held by ada", "production nobody has said")
        await running.press("G")
        await running.until("note by bo: line 29", "burndeck release --incident 1")


@piloted
async def test_it_follows_what_happens(desk):
    async with console_on(desk, "i", size=(120, 40)) as running:
        await running.until(TITLE)
        await running.press("enter")
        await opened(running)
        await running.until("held by nobody")
        taken(desk)
        await running.until("held by ada", "ada (operator) holds it: acknowledged")
        acted(desk)
        await running.until("throttle non-prod of team:search to 60 rpm", "ends in 48:5")


@piloted
async def test_the_past_shows_it_as_it_stood_and_changes_nothing(desk):
    taken(desk)
    acted(desk)
    async with console_on(desk, "w", "i", size=(120, 40)) as running:
        await running.until(TITLE)
        await running.press("enter")
        await running.until("held by ada")
        running.app.screen.look(replace(running.app.view, at=NOW - 480))
        await running.until("held by nobody", "newest")
        await running.press("u")
        await running.until("This is the past")
        await running.press(".")
        await running.until("held by ada")


@pytest.mark.parametrize("key", ["u", "U"])
@piloted
async def test_undo_of_all_is_asked_for_once_its_number_is_typed(desk, key):
    acted(desk)
    async with console_on(desk, "i", size=(120, 40)) as running:
        await running.until(TITLE)
        await running.press("enter")
        await running.until("ends in 48:5")
        await running.press(key)
        await running.until("Undo all of incident 1", "undoes throttle non-prod")
        await running.press("1", "tab", *"over", "enter")
        await running.until("Signed by ada")
        assert desk.take() == [""]
        await running.until("reversing")
    with open_reader(desk.settings.ledger_path) as reader:
        known = reader.rows("actions_of_incident", {"incident": 1})
    assert [row["state"] for row in known] == ["reversing"]
    assert json.loads(known[0]["spec"])["kind"] == "throttle"


@piloted
async def test_where_nothing_holds_there_is_nothing_to_undo(desk):
    async with console_on(desk, "i") as running:
        await running.until(TITLE)
        await running.press("enter")
        await opened(running)
        await running.press("u")
        await running.until("Nothing that was done in incident 1 holds or waits")
        (why,) = await answered(desk)

    assert desk.refusals() == [("release", "incident:1", why)]


@piloted
async def test_its_postmortem_is_written_where_the_console_was_started(desk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with console_on(desk, "i", size=(160, 40)) as running:
        await running.until(TITLE)
        await running.press("enter")
        await opened(running)
        await running.press("e")
        await running.until("The postmortem is in incident-1/postmortem.md")
        (tmp_path / "incident-1" / "postmortem.md").write_text("ours")
        await running.press("e")
        await running.until("incident-1-2/postmortem.md")
    assert (tmp_path / "incident-1" / "postmortem.md").read_text() == "ours"


@piloted
async def test_a_row_is_copied_by_its_number_and_name(desk):
    async with console_on(desk, "i") as running:
        await running.until(TITLE)
        await running.press("y")
        assert running.copied == [f"incident 1: {TITLE}"]


def seen(desk: Desk) -> IncidentView:
    with open_reader(desk.settings.ledger_path) as reader:
        found = incident_view(reader, desk.settings, 1, AT)
    assert found is not None
    return found


@pytest.mark.parametrize("width", [48, 60, 78, 120, 200])
def test_no_line_is_wider_than_its_place(desk: Desk, width: int) -> None:
    taken(desk)
    acted(desk)
    desk.asked(block(), incident=1, alert=1)
    desk.writer.actions.save_duty(1, "postmortem", due_at=AT - 60)

    for height in (11, 20, 40):
        lines = draw_detail(seen(desk), AT, width, height)
        texts = ["".join(span.text for span in line) for line in lines]
        assert max(map(len, texts)) <= width, max(texts, key=len)


def test_what_it_owes_and_who_answered_is_said(desk: Desk) -> None:
    desk.writer.actions.save_duty(1, "postmortem", due_at=AT - 60)
    desk.writer.actions.save_duty(1, "criticality", answer="critical", person="bo", at=NOW)

    text = " ".join("".join(span.text for span in line) for line in draw_detail(seen(desk), AT, 120, 40))

    assert "postmortem overdue" in text and "production affected, says bo" in text
