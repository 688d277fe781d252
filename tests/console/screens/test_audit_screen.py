"""The Audit screen: who did what, and a proof that goes on in parts."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.domain.audit import EMPTY, AuditRecord
from agent.domain.person import Role
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
