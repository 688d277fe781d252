"""What is typed before a form is there goes into the form, and into nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.person import Role
from console import typed_ahead, wants
from console.live import Question
from console.screens.allocations import screen as allocations
from tests.agent.reports.world import NANO
from tests.console.acting_world import Desk, console_on, open_desk, throttle
from tests.console.harness import PATIENCE_S, Console, piloted, taken

TEAM = ("j", "j")


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[Desk]:
    with open_desk(template, tmp_path, Role.FINANCE) as made:
        yield made


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What is slow goes on when it is set; it is in the end, so that no thread stays."""
    made = threading.Event()
    yield made
    made.set()


@pytest.fixture
def slow_keyring(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A keyring that answers once the gate is open."""
    found = wants.who_is_here

    def waits(settings):
        gate.wait(30)
        return found(settings)

    monkeypatch.setattr(wants, "who_is_here", waits)
    return gate


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is slow must not give up on the form before the test lets it come."""
    monkeypatch.setattr(typed_ahead, "AT_MOST_S", 60.0)


def burst(running: Console, *keys: str) -> None:
    """Keys that come in one piece, before any of them is handled."""
    for key in keys:
        running.app.post_message(events.Key(key, key if len(key) == 1 else None))


def typed(running: Console) -> dict[str, str]:
    """What stands in the fields of the form."""
    return {str(field.id).partition("-")[2]: field.value for field in running.app.screen.query(Input)}


async def holds(running: Console, field: str, text: str) -> None:
    """A form may be seen a moment before it is given what was typed."""
    deadline = time.monotonic() + PATIENCE_S
    while typed(running)[field] != text:
        assert time.monotonic() < deadline, f"{field} holds {typed(running)[field]!r}"
        await running.settle()


async def at_search(running: Console) -> None:
    await running.until("pool 800k")
    await running.press(*TEAM)


@piloted
async def test_a_reason_typed_before_the_form_is_there_stands_in_it_and_its_enter_signs_nothing(
    desk, slow_keyring, patient
):
    async with console_on(desk, "5") as running:
        await at_search(running)
        await running.press("X", *"sib dq", "backspace", "enter")
        assert running.app.screen.has_class("on-allocations")
        assert "org-1-team-search" in running.text

        slow_keyring.set()
        await running.until("its hard cap of 60.0k credits holds nothing", "Enter goes on")
        await holds(running, "reason", "sib d")
        await running.press(*"one")
        assert typed(running)["reason"] == "sib done"
    assert desk.take() == []


@piloted
async def test_escape_leaves_a_form_that_waits_for_the_keyring_and_keys_work_again(
    desk, slow_keyring, patient
):
    async with console_on(desk, "5") as running:
        await at_search(running)
        await running.press("X", *"dis", "escape", "?")
        assert not running.app.screen.has_class("on-allocations")  # the help
        await running.press("escape")
        slow_keyring.set()
        await running.known()
        await running.settle()
        assert running.app.screen.has_class("on-allocations")


@piloted
async def test_whom_a_role_stops_has_typed_for_nothing(template, tmp_path, quick, ada, slow_keyring, patient):
    with open_desk(template, tmp_path, Role.VIEWER) as viewer:
        async with console_on(viewer, "5") as running:
            await at_search(running)
            await running.press("X", *"ai1")
            slow_keyring.set()
            await running.until("ada may not")
            assert running.app.screen.has_class("on-allocations")
            await running.press("6")
            await running.until("chain verified")


@piloted
async def test_a_keyring_that_never_answers_takes_no_keys_for_long(desk, slow_keyring, monkeypatch):
    monkeypatch.setattr(typed_ahead, "AT_MOST_S", 0.05)
    async with console_on(desk, "5") as running:
        await at_search(running)
        await running.press("X")
        while not running.app.screen.has_class("on-audit"):
            await running.press("6")
        await running.until("chain verified")
        slow_keyring.set()
        await running.known()
        await running.settle()
        assert running.app.screen.has_class("on-audit")  # what was given up does not come later


def behind(gate: threading.Event, question: Question) -> Question:
    """The same question, answered once the gate is open."""

    def ask(reader, settings, now):
        gate.wait(30)
        return question.ask(reader, settings, now)

    return replace(question, ask=ask)


@pytest.fixture
def slow_ledger(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What is to be decided is read once the gate is open."""
    asks = allocations.decide_question
    monkeypatch.setattr(
        allocations, "decide_question", lambda *which, **how: behind(gate, asks(*which, **how))
    )
    return gate


def waiting(desk: Desk, by: str = "bo") -> None:
    desk.asked(ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=500 * NANO), by)


@piloted
async def test_the_number_of_a_request_typed_while_it_is_read_confirms_it_and_opens_no_other_screen(
    desk, slow_ledger, patient
):
    waiting(desk)
    async with console_on(desk, "5") as running:
        await running.until("1 asked for")
        await at_search(running)
        await running.known()
        await running.press("A", "1", "enter")
        assert running.app.screen.has_class("on-allocations")
        slow_ledger.set()
        await running.until("Approve action 1", "The approval is bound to")
        await holds(running, "sure", "1")
        await running.press("enter")
        await running.until("Signed by ada")
    assert desk.take() == [""]


@piloted
async def test_an_answer_that_opens_no_form_gives_the_keys_back(desk, slow_ledger, patient):
    waiting(desk, by="ada")
    async with console_on(desk, "5") as running:
        await running.until("1 asked for")
        await at_search(running)
        await running.known()
        await running.press("A", "6")
        assert running.app.screen.has_class("on-allocations")
        slow_ledger.set()
        await running.until("asked for it")
        await running.press("6")
        await running.until("chain verified")


@piloted
async def test_each_key_finds_what_the_one_before_has_done(desk, slow_keyring, patient):
    async with console_on(desk, "5") as running:
        await at_search(running)
        await running.press("+", *"500", "tab", *"why")
        slow_keyring.set()
        await running.until("Top up")
        await holds(running, "reason", "why")
        assert typed(running)["credits"] == "500"


@piloted
async def test_what_is_pasted_is_kept_too(desk, slow_keyring, patient):
    async with console_on(desk, "5") as running:
        await at_search(running)
        await running.press("X")
        running.app.post_message(events.Paste("dissolved"))
        await running.settle()
        slow_keyring.set()
        await running.until("its hard cap of 60.0k credits holds nothing")
        await holds(running, "reason", "dissolved")


@piloted
async def test_a_letter_that_is_typed_twice_chooses_once_and_the_screen_below_stays(desk):
    waiting(desk)
    waiting(desk)
    async with console_on(desk, "5") as running:
        await running.until("2 asked for")
        await at_search(running)
        await running.known()
        await running.press("A")
        await running.until("which of them?")
        burst(running, "b", "b", "b")
        await running.until("Approve action 2", "The approval is bound to")
        await running.press("escape")
        assert running.app.screen.has_class("on-allocations")


@piloted
async def test_a_form_that_is_sent_twice_in_one_piece_is_signed_once(template, tmp_path, quick, ada):
    with open_desk(template, tmp_path, Role.OPERATOR) as operator:
        operator.in_force(throttle(non_prod=True))
        async with console_on(operator, "4") as running:
            await running.until("edge/key/k2")
            await running.known()
            await running.press("u")
            await running.until("back to no limit")
            burst(running, "enter", "enter", "enter")
            await running.until("Signed by ada")
            assert running.app.screen.has_class("on-actions")
            assert await taken(operator) == [""]
            assert operator.take() == []


@piloted
async def test_keys_go_to_the_palette_that_was_opened_meanwhile(desk, slow_ledger, patient):
    waiting(desk)
    async with console_on(desk, "5") as running:
        await running.until("1 asked for")
        await at_search(running)
        await running.known()
        await running.press("A", "ctrl+p", *"audit", "escape")
        assert running.app.screen.has_class("on-allocations")
        slow_ledger.set()
        await running.until("Approve action 1")
        assert set(typed(running).values()) == {""}


@piloted
async def test_the_number_that_confirms_the_undo_of_an_incident_waits_for_its_form(
    template, tmp_path, quick, ada, slow_keyring, patient
):
    with open_desk(template, tmp_path, Role.OPERATOR) as operator:
        operator.fires()
        operator.in_force(throttle(), incident=1, alert=1)
        async with console_on(operator, "4") as running:
            await running.until("incident 1")
            await running.press("U", "1")
            assert running.app.screen.has_class("on-actions")
            slow_keyring.set()
            await running.until("undoes throttle team:search")
            await holds(running, "sure", "1")


@piloted
async def test_a_row_that_is_looked_at_meanwhile_does_not_take_the_forms_turn(desk, slow_ledger, patient):
    waiting(desk)
    async with console_on(desk, "5") as running:
        await running.until("1 asked for")
        await at_search(running)
        await running.known()
        running.app.live.ask(behind(slow_ledger, Question("slow", lambda reader, settings, now: None)))
        await running.press("A")
        running.app.screen._ask_detail()
        slow_ledger.set()
        await running.until("Approve action 1")
