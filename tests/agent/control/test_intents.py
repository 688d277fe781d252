"""Making intents: who may, and what a person is told who may not."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from agent.control import IntentKind, outcome, standing, submit
from agent.control.identity import VARIABLE, NoIdentityError, new_identity, write_identity
from agent.control.roles import ALLOWED, may
from agent.control.standing import NotAllowedError
from agent.domain.allocation import Scope
from agent.domain.person import Person, Role
from agent.errors import BurndeckError, LedgerError
from agent.ledger.reader import LedgerReader
from agent.settings import Settings
from tests.agent.control.build import AROUND, NOW, Desk, person
from tests.agent.ledger.look import rows

ON_CALL = (
    IntentKind.ACKNOWLEDGE,
    IntentKind.SILENCE,
    IntentKind.UNSILENCE,
    IntentKind.PLANNED_ACTIVITY,
)


@pytest.mark.parametrize("kind", ON_CALL)
def test_everybody_but_a_viewer_may_do_what_an_engineer_on_call_does(kind: IntentKind) -> None:
    allowed = {role for role in Role if may(Person("ada", bytes(32), (role,)), kind)}

    assert allowed == set(Role) - {Role.VIEWER}
    assert not may(Person("ada", bytes(32), ()), kind)


def test_every_kind_of_intent_stands_in_the_table_of_roles() -> None:
    assert set(ALLOWED) == set(IntentKind)


def test_the_identity_in_force_signs(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_identity(desk.ada, tmp_path / "key")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "key"))

    submit(desk.settings, IntentKind.SILENCE, "team:search", {"ends_at": NOW + 3600}, NOW)

    assert desk.take()[0].done


def test_a_person_goes_by_the_name_in_the_configuration(desk: Desk) -> None:
    desk.people = (Person("ada@example.com", desk.ada.public_key, (Role.LEAD,)),)

    assert desk.submit().person == "ada@example.com"
    assert desk.take()[0].done


def test_without_an_identity_a_person_is_told_how_to_make_one(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))

    with pytest.raises(NoIdentityError) as caught:
        submit(desk.settings, IntentKind.ACKNOWLEDGE, "17", {}, NOW)

    assert "burndeck identity create" in caught.value.hint
    assert desk.states() == []


def test_an_unknown_person_is_given_the_table_to_add(desk: Desk) -> None:
    desk.people = (person(new_identity("bob")),)

    with pytest.raises(NotAllowedError) as caught:
        desk.submit()

    assert desk.ada.config_block() in caught.value.hint
    assert desk.states() == []


def test_a_person_without_the_role_or_the_scope_is_told_at_once(desk: Desk) -> None:
    desk.people = (person(desk.ada, Role.VIEWER),)
    with pytest.raises(NotAllowedError, match="it takes admin, engineering, finance, lead or operator"):
        desk.submit()

    desk.people = (person(desk.ada, Role.ADMIN, scopes=(Scope.parse("team:support"),)),)
    with pytest.raises(NotAllowedError, match="team:support only"):
        submit(desk.settings, IntentKind.SILENCE, "17", {}, NOW, around=AROUND, identity=desk.ada)
    desk.take()
    assert [state for _, state, _ in desk.states()] == ["refused", "refused"]
    assert desk.done() == []


def test_somebody_of_the_organization_reaches_everything() -> None:
    everywhere = Person("ada", bytes(32), (Role.LEAD,), (Scope.parse("organization"),))

    assert everywhere.reaches(AROUND)
    assert everywhere.reaches(())


@pytest.mark.parametrize("payload", [{"share": 0.5}, {"who": {1, 2}}, {1: "x"}, {"x": float("nan")}])
def test_a_payload_without_one_text_is_refused_before_anything_is_written(
    desk: Desk, payload: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="text"):
        submit(desk.settings, IntentKind.SILENCE, "17", payload, NOW, identity=desk.ada)

    assert desk.states() == []


def test_a_reason_that_is_far_too_long_is_refused_with_a_way_out(desk: Desk) -> None:
    with pytest.raises(BurndeckError, match="too long"):
        submit(desk.settings, IntentKind.SILENCE, "17", {"reason": "x" * 20_000}, NOW, identity=desk.ada)


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path, desk: Desk) -> None:
    missing = tmp_path / "other.sqlite"

    with pytest.raises(LedgerError, match="no ledger at"):
        submit(
            Settings(ledger_path=missing, people=desk.settings.people),
            IntentKind.SILENCE,
            "17",
            {},
            NOW,
            identity=desk.ada,
        )

    assert not missing.exists()


def test_an_older_ledger_is_left_alone(desk: Desk) -> None:
    with sqlite3.connect(desk.path) as conn:
        conn.execute("PRAGMA user_version = 1")
    conn.close()

    with pytest.raises(LedgerError, match="older than this burndeck"):
        desk.submit()


def test_an_intent_waits_for_the_write_under_way(desk: Desk) -> None:
    person_waits = threading.Thread(target=desk.submit)

    with desk.writer.transaction() as conn:
        person_waits.start()
        conn.execute("INSERT INTO source_cursor VALUES ('s', 'n', 'v')")
        assert rows(desk.path, "SELECT count(*) FROM intent") == [(0,)]
    person_waits.join(10)

    assert [state for _, state, _ in desk.states()] == ["new"]


def test_many_people_at_once_each_get_a_place_of_their_own(desk: Desk) -> None:
    at_once = [threading.Thread(target=desk.submit, args=(str(number),)) for number in range(8)]
    for thread in at_once:
        thread.start()
    for thread in at_once:
        thread.join(20)

    assert all(handled.done for handled in desk.take())
    assert sorted(desk.done()) == sorted(str(number) for number in range(8))


def test_nobody_knows_the_outcome_of_an_intent_that_was_never_made(reader: LedgerReader) -> None:
    assert outcome(reader, 5) is None


def test_standing_says_who_is_at_this_machine_and_what_is_worth_trying(desk: Desk, tmp_path: Path) -> None:
    write_identity(desk.ada, tmp_path / "key")
    environ = {VARIABLE: str(tmp_path / "key")}

    assert standing(desk.settings, environ=environ).may(IntentKind.SILENCE)
    unknown = standing(Settings(), environ=environ)
    assert unknown.identity is not None
    assert unknown.identity.name == "ada"
    assert unknown.person is None
    assert not unknown.may(IntentKind.SILENCE)
