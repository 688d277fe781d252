"""New burn is judged at once, old burn not again, and a busy ledger is given a rest."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control import IntentKind, submit
from agent.control.identity import Identity, new_identity
from agent.domain.alert import AlertState
from agent.domain.person import Person, Role
from agent.process.watch import Watch
from tests.agent.alerts.office import NOVEMBER, Office


class Desk:
    """An office with a watch whose patience a test holds in its hands."""

    def __init__(self, path: Path) -> None:
        self.ada: Identity = new_identity("ada")
        self.office = Office(path)
        person = Person("ada", self.ada.public_key, (Role.OPERATOR,))
        self.office.settings = replace(self.office.settings, people=(person,))
        self.at = 0.0
        self.told = 0
        self.watch = Watch(self.office.settings, self._hear, monotonic=lambda: self.at)

    def _hear(self) -> None:
        self.told += 1

    def look(self) -> bool:
        return self.watch.look(self.office.writer, self.office.now)

    def burnt(self, credits_: str) -> None:
        self.office.burnt(credits_, hour=NOVEMBER + 10 * 86_400 - 3_600)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def test_burn_that_has_changed_is_judged_at_once_and_only_once(desk: Desk) -> None:
    desk.burnt("710000")

    left = desk.look()
    first = desk.told
    desk.at = 60
    desk.look()

    assert (left, first, desk.told) == (False, 1, 1)
    assert desk.office.alert("warning").state is AlertState.FIRING


def test_burn_that_changes_all_the_time_waits_for_its_turn_but_a_budget_does_not(desk: Desk) -> None:
    desk.burnt("710000")
    desk.look()
    desk.burnt("910000")

    left = desk.look()
    at_once = desk.office.alert("critical").state
    desk.at = 60
    done = desk.look()

    assert (left, done) == (True, False)
    assert at_once is AlertState.FIRING
    assert desk.told == 3


def test_what_a_person_wants_does_not_wait_for_its_turn(desk: Desk) -> None:
    desk.burnt("710000")
    desk.look()
    alert = desk.office.alert("warning")

    submit(
        desk.office.settings,
        IntentKind.ACKNOWLEDGE,
        f"alert:{alert.id}",
        {"note": ""},
        desk.office.now,
        identity=desk.ada,
    )
    desk.look()

    assert desk.office.alert("warning").acknowledged_by == "ada"
    assert desk.told == 3  # of the judgement before, of the intent at once, and of the judgement after


def test_what_is_not_signed_by_somebody_known_changes_nothing(desk: Desk) -> None:
    desk.burnt("710000")
    desk.look()
    alert = desk.office.alert("warning")
    stranger = new_identity("ada")
    assert base64.b64encode(stranger.public_key) != base64.b64encode(desk.ada.public_key)
    known = replace(desk.office.settings.people[0], public_key=stranger.public_key)
    fooled = replace(desk.office.settings, people=(known,))

    submit(
        fooled, IntentKind.ACKNOWLEDGE, f"alert:{alert.id}", {"note": ""}, desk.office.now, identity=stranger
    )
    desk.look()

    assert desk.office.alert("warning").state is AlertState.FIRING
