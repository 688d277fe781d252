"""The Audit screen: who did what, and a proof that goes on in parts."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.domain.audit import EMPTY, AuditRecord
from agent.domain.person import Role
from agent.ledger.proving import FINDING, Finding
from console.screens.audit import asking
from console.screens.audit.words import said
from tests.console.acting_world import AT, console_on, open_desk
from tests.console.harness import piloted


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        asked = {"kind": "throttle", "text": "throttle team:search"}
        made.writer.control.audit(AT - 120, "bo", "action.requested", "action:1", asked)
        for number in range(9):
            made.writer.control.audit(AT - 60, "bo", "note", f"alert:{number}", {"note": f"number {number}"})
        made.writer.control.audit(AT - 50, "agent", "action.kept", "action:1", {"sha256": "0"})
        yield made


@piloted
async def test_records_stand_newest_first_under_a_chain_that_is_followed_as_it_grows(desk):
    async with console_on(desk, "6") as running:
        await running.until("✓ chain verified, 11 rows", "Records 10 of 11", "the rest are seals")
        assert running.names("rows") == [str(number) for number in range(10, 0, -1)]

        desk.writer.control.audit(AT, "bo", "note", "alert:1", {"note": "later"})
        await running.until("✓ chain verified, 12 rows", "later")


@piloted
async def test_a_long_chain_is_followed_in_parts_and_v_finds_what_was_changed_since(desk, monkeypatch):
    monkeypatch.setattr(asking, "STEP", 3)
    async with console_on(desk, "6") as running:
        await running.until("✓ chain verified, 11 rows")
        with sqlite3.connect(desk.writer.path) as conn:
            conn.execute("UPDATE audit SET actor = 'eve' WHERE seq = 5")
        await running.press("v")

        await running.until("▲ BROKEN at row 5: the row was changed; 4 rows before it hold")


@piloted
async def test_the_cursor_goes_to_the_first_broken_row_however_old_it_is_with_what_to_do(desk):
    desk.writer.control.audit(AT - 300, "agent", "action.kept", "action:2", {"proof": "0"})
    desk.writer.control.audit(AT - 40 * 86_400, "bo", "note", "alert:1", {"note": "long ago"})
    with sqlite3.connect(desk.writer.path) as conn:
        conn.execute("UPDATE audit SET actor = 'eve' WHERE seq = 12")
    async with console_on(desk, "6") as running:
        await running.until("▲ BROKEN at row 12: the row was changed", "▲ 12", "Compare with a backup", "eve")

        assert running.app.screen.table.selected.key == "12"
        await running.press("down")
        assert running.app.screen.table.selected.key == "10"  # whoever goes on is not taken back
        desk.writer.control.audit(AT, "bo", "note", "alert:1", {"note": "later"})
        await running.until("later")
        assert running.app.screen.table.selected.key != "12"


@piloted
async def test_where_the_row_is_gone_the_next_one_is_marked(desk):
    with sqlite3.connect(desk.writer.path) as conn:
        conn.execute("DELETE FROM audit WHERE seq = 4")
    async with console_on(desk, "6") as running:
        await running.until("▲ BROKEN at row 4", "▲ 5")
        desk.writer.save_cursor(*FINDING, Finding(rows=("approval row 3",), count=1).text())
        await running.until("3 rows before it hold; 1 forged row")


@piloted
async def test_what_the_agent_has_found_stands_in_the_header_and_over_the_records(desk):
    async with console_on(desk, "6") as running:
        await running.until("✓ chain verified")
        found = Finding(rows=("approval row 3 of action 2 was changed",), count=2)
        desk.writer.save_cursor(*FINDING, found.text())

        await running.until(
            "▲ ledger forged", "NOT AS THE AGENT WROTE IT: approval row 3 of action 2 was changed and 1 more"
        )
        desk.writer.save_cursor(*FINDING, Finding().text())
        await running.until("✓ chain verified")
        assert "forged" not in running.text


@piloted
async def test_enter_shows_a_record_in_full_and_the_filter_finds_it(desk):
    async with console_on(desk, "6") as running:
        await running.until("Records 10")
        await running.press("/", *"action", "enter")
        assert running.names("rows") == ["1"]

        await running.press("enter")
        await running.until("action.requested  action:1  row 1", '"kind": "throttle"', "before")
        await running.press("escape", "escape")
        await running.until("Records 10", "number 0")


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ('{"reason":"no role","kind":"block"}', "no role"),
        ('{"payload":{"note":"mine"},"state":"done"}', "mine"),
        ('{"tier":"critical","kind":"x"}', "tier critical"),
        ("not json", "not json"),
        ("[1]", "[1]"),
    ],
)
def test_what_a_record_says_first_is_what_people_ask_for(detail, words):
    record = AuditRecord(1, AT, "ada", "note", "alert:1", detail, EMPTY.hash, EMPTY.hash)

    assert said(record) == words
