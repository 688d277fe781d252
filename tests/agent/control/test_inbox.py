"""What becomes of intents that people really made."""

from __future__ import annotations

import json
import sqlite3

import pytest

from agent.control import Intent, IntentHandler, IntentKind, IntentState, Refused, outcome, take
from agent.control.audit import verify
from agent.control.identity import new_identity
from agent.domain.allocation import Scope
from agent.domain.person import Role
from agent.ledger.reader import LedgerReader
from agent.ledger.writer import LedgerWriter
from tests.agent.control.build import AROUND, NOW, SEARCH, Desk, person, remember
from tests.agent.ledger.look import rows


def test_an_intent_is_done_once_and_audited(desk: Desk, reader: LedgerReader) -> None:
    receipt = desk.submit("17")
    before = outcome(reader, receipt.id)

    (handled,) = desk.take(NOW + 5)

    assert desk.take(NOW + 6) == []
    assert handled.done
    assert desk.done() == ["17"]
    assert before is not None
    assert before.state is IntentState.NEW
    after = outcome(reader, receipt.id)
    assert after is not None
    assert (after.state, after.reason, after.handled_at) == (IntentState.DONE, "", NOW + 5)
    assert desk.audited() == [("ada", "acknowledge", "17")]
    ((detail,),) = rows(desk.path, "SELECT detail FROM audit")
    assert json.loads(detail)["payload"] == {"note": "mine"}
    assert verify(reader).intact


def test_intents_that_take_long_leave_the_writer_to_others_in_between(desk: Desk) -> None:
    for place in range(5):
        desk.submit(str(place))
    at = 0.0

    def slowly(writer: LedgerWriter, what: Intent, now: int) -> None:
        nonlocal at
        at += 0.3
        remember(writer, what, now)

    handler = IntentHandler(lambda _writer, _intent: AROUND, slowly)
    handlers = {IntentKind.ACKNOWLEDGE: handler}
    looks = [len(take(desk.writer, desk.settings, NOW, handlers, monotonic=lambda: at)) for _ in range(4)]

    assert looks == [2, 2, 1, 0]
    assert desk.done() == [str(place) for place in range(5)]


def test_intents_are_done_in_the_order_in_which_they_were_made(desk: Desk) -> None:
    for subject in ("1", "2", "3"):
        desk.submit(subject)

    desk.take(most=2)
    desk.take(most=2)

    assert desk.done() == ["1", "2", "3"]


def test_a_refusal_of_the_handler_undoes_what_it_wrote_and_keeps_the_reason(
    desk: Desk, reader: LedgerReader
) -> None:
    def apply(writer: LedgerWriter, intent: Intent, now: int) -> None:
        remember(writer, intent, now)
        if intent.subject == "gone":
            raise Refused("there is no such alert")

    gone = desk.submit("gone")
    desk.submit("17")

    desk.take(apply=apply)

    assert desk.done() == ["17"]
    found = outcome(reader, gone.id)
    assert found is not None
    assert (found.state, found.reason) == (IntentState.REFUSED, "there is no such alert")
    assert desk.audited() == [("ada", "intent_refused", "gone"), ("ada", "acknowledge", "17")]


def test_a_handler_that_fails_stops_neither_the_loop_nor_the_next_intent(desk: Desk) -> None:
    def apply(writer: LedgerWriter, intent: Intent, now: int) -> None:
        remember(writer, intent, now)
        if intent.subject == "broken":
            raise ZeroDivisionError

    desk.submit("broken")
    desk.submit("17")

    broken, _ = desk.take(apply=apply)

    assert "ZeroDivisionError" in broken.reason
    assert desk.done() == ["17"]


def test_an_intent_waits_on_when_the_ledger_itself_fails(desk: Desk) -> None:
    def apply(writer: LedgerWriter, intent: Intent, now: int) -> None:
        with writer.transaction() as conn:
            conn.execute("ROLLBACK")  # what SQLite does where the disk fails
        raise sqlite3.OperationalError("disk I/O error")

    desk.submit("17")

    with pytest.raises(sqlite3.OperationalError):
        desk.take(apply=apply)

    assert [state for _, state, _ in desk.states()] == ["new"]
    desk.take()
    assert desk.done() == ["17"]


@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        pytest.param({}, NOW + 600, "expired", id="too late"),
        pytest.param({"made_at": NOW + 500}, NOW, "future", id="too early"),
        pytest.param({"kind": IntentKind.UNSILENCE}, NOW, "cannot unsilence", id="nobody handles it"),
        pytest.param({"ledger": "f" * 32}, NOW, "another ledger", id="another ledger"),
        pytest.param({"person": "eve"}, NOW, "no person 'eve'", id="nobody known"),
    ],
)
def test_what_is_signed_is_still_refused_where_it_does_not_fit(
    desk: Desk, changes: dict[str, object], now: int, reason: str
) -> None:
    desk.sign(**changes)

    (handled,) = desk.take(now)

    assert reason in handled.reason
    assert desk.done() == []
    assert [kind for _, kind, _ in desk.audited()] == ["intent_refused"]


def test_a_viewer_may_nothing_and_an_operator_what_lies_in_the_own_scopes(desk: Desk) -> None:
    bob, eve = new_identity("bob"), new_identity("eve")
    desk.people = (
        person(desk.ada, Role.VIEWER),
        person(bob, Role.OPERATOR, scopes=(SEARCH,)),
        person(eve, Role.OPERATOR, scopes=(Scope.parse("team:support"),)),
    )
    desk.sign()
    desk.sign(bob, person="bob", subject="18")
    desk.sign(eve, person="eve")

    viewer, _, other = desk.take()

    assert "may not acknowledge" in viewer.reason
    assert "team:support only" in other.reason
    assert desk.done() == ["18"]


def test_a_refused_intent_is_not_done_when_it_comes_again_after_a_promotion(desk: Desk) -> None:
    desk.people = (person(desk.ada, Role.VIEWER),)
    desk.sign()
    desk.take()
    with desk.writer.transaction() as conn:
        conn.execute("UPDATE intent SET state = 'new'")
    desk.people = (person(desk.ada, Role.ADMIN),)

    (handled,) = desk.take()

    assert "replayed" in handled.reason
    assert desk.done() == []
