"""What is refused before it is asked stands in the audit log, and can never be carried out."""

from __future__ import annotations

import json

import pytest

from agent.control import IntentKind
from agent.control.queued import queued
from agent.control.refusing import AGAIN_S, MOST, note
from agent.control.standing import NotAllowedError
from agent.domain.person import Role
from agent.ledger.reader import LedgerReader
from tests.agent.control.build import NOW, Desk, person
from tests.agent.ledger.look import rows


def details(desk: Desk) -> list[dict[str, object]]:
    return [json.loads(row[0]) for row in rows(desk.path, "SELECT detail FROM audit ORDER BY seq")]


def noted(desk: Desk, reason: str = "the pool is short", now: int = NOW, subject: str = "17") -> int | None:
    return note(desk.settings, IntentKind.TOP_UP, subject, {"amount": 5}, reason, now, desk.ada)


def test_a_viewer_who_is_told_at_once_stands_in_the_log_with_the_same_words(desk: Desk) -> None:
    desk.people = (person(desk.ada, Role.VIEWER),)
    with pytest.raises(NotAllowedError) as told:
        desk.submit("17")

    desk.take()

    assert desk.audited() == [("ada", "intent_refused", "17")]
    (detail,) = details(desk)
    assert detail["reason"] == told.value.message
    assert (detail["kind"], detail["refused_by"]) == ("acknowledge", "the machine of ada")


def test_what_was_refused_is_not_carried_out_though_the_role_is_granted_before_an_agent_comes(
    desk: Desk,
) -> None:
    desk.people = (person(desk.ada, Role.VIEWER),)
    with pytest.raises(NotAllowedError):
        desk.submit()
    desk.people = (person(desk.ada, Role.ADMIN),)

    (handled,) = desk.take()

    assert "may not acknowledge" in handled.reason
    assert desk.done() == []


def test_the_same_refusal_is_noted_once_a_minute(desk: Desk) -> None:
    assert [noted(desk), noted(desk), noted(desk, now=NOW + AGAIN_S - 1)] == [1, None, None]
    assert noted(desk, "another reason") == 2
    assert noted(desk, now=NOW + AGAIN_S) == 3


def test_nobody_floods_the_log_with_refusals_that_differ(desk: Desk) -> None:
    for number in range(MOST + 5):
        noted(desk, subject=str(number))

    assert len(desk.states()) == MOST


def test_a_note_is_nothing_that_waits_to_be_done(desk: Desk) -> None:
    noted(desk)

    with LedgerReader(desk.path) as reader:
        assert queued(reader, desk.settings, NOW) == []


def test_a_person_of_no_role_is_on_record_too(desk: Desk) -> None:
    desk.people = (person(desk.ada, Role.VIEWER),)
    noted(desk, "x\n\x1b[31mforged")

    desk.take()

    assert details(desk)[0]["reason"] == "x  [31mforged"


def test_whoever_is_not_known_leaves_no_note(desk: Desk) -> None:
    desk.people = (person(type(desk)(desk.writer).ada),)

    assert noted(desk) is None
    assert desk.states() == []
