"""What somebody with a SQL prompt writes into the table of intents does nothing, and is audited."""

from __future__ import annotations

import base64
import json

import pytest

from agent.control.audit import verify
from agent.control.identity import new_identity
from agent.domain.canonical import canonical
from agent.ledger.intent_box import Place
from agent.ledger.reader import LedgerReader
from tests.agent.control.build import NOW, Desk, intent, tamper
from tests.agent.ledger.look import rows

COPY = "INSERT INTO intent (body, signature) SELECT body, signature FROM intent WHERE id = 1"


def test_an_intent_that_another_key_signed_is_refused(desk: Desk) -> None:
    desk.sign(new_identity("ada"))

    (handled,) = desk.take()

    assert "not that of ada" in handled.reason
    assert handled.intent is None
    assert desk.done() == []
    assert desk.audited() == [("unverified", "intent_refused", "intent:1")]


def test_an_intent_whose_text_was_changed_afterwards_is_refused(desk: Desk) -> None:
    desk.sign()
    tamper(desk.path, """UPDATE intent SET body = replace(body, '"17"', '"18"')""")

    (handled,) = desk.take()

    assert "not that of ada" in handled.reason
    assert desk.done() == []


def test_a_copy_of_an_intent_is_refused(desk: Desk) -> None:
    desk.sign()
    tamper(desk.path, COPY)
    desk.take()
    tamper(desk.path, COPY)
    desk.take()

    assert desk.done() == ["17"]
    assert [reason.partition(":")[0] for _, _, reason in desk.states()] == ["", "replayed", "replayed"]
    assert [kind for _, kind, _ in desk.audited()] == ["acknowledge", "intent_refused", "intent_refused"]


def test_an_intent_that_is_set_back_to_new_is_not_done_again(desk: Desk) -> None:
    desk.sign()
    desk.take()
    tamper(desk.path, "UPDATE intent SET state = 'new', handled_at = NULL")

    (handled,) = desk.take()

    assert "replayed" in handled.reason
    assert desk.done() == ["17"]


def test_intents_in_another_order_are_refused(desk: Desk) -> None:
    desk.sign(subject="first")
    desk.sign(subject="second")
    tamper(
        desk.path,
        "UPDATE intent SET id = -1 WHERE id = 1",
        "UPDATE intent SET id = 1 WHERE id = 2",
        "UPDATE intent SET id = 2 WHERE id = -1",
    )

    handled = desk.take()

    assert ["moved" in each.reason for each in handled] == [True, True]
    assert desk.done() == []


def test_an_intent_that_was_held_back_until_after_the_next_one_is_refused(desk: Desk) -> None:
    desk.sign(subject="silence")
    tamper(desk.path, "CREATE TABLE drawer AS SELECT * FROM intent", "DELETE FROM intent")
    desk.sign(subject="unsilence")
    desk.take()
    tamper(desk.path, "INSERT INTO intent SELECT * FROM drawer")

    (handled,) = desk.take()

    assert "out of order" in handled.reason
    assert desk.done() == ["unsilence"]


def test_a_proper_intent_behind_a_forged_one_with_a_huge_id_is_done(desk: Desk) -> None:
    tamper(desk.path, "INSERT INTO intent (id, body, signature) VALUES (1000000000000, '{}', '')")
    desk.take()

    desk.submit("17")
    desk.take()

    assert desk.done() == ["17"]


@pytest.mark.parametrize("cut", [0, 1, 40, 150])
def test_a_truncated_row_is_refused(desk: Desk, cut: int) -> None:
    desk.sign()
    desk.sign()
    tamper(
        desk.path,
        f"UPDATE intent SET body = substr(body, 1, {cut}) WHERE id = 1",
        f"UPDATE intent SET signature = substr(signature, 1, {cut // 2}) WHERE id = 2",
    )

    handled = desk.take()

    assert all(each.reason for each in handled)
    assert len(handled) == len(desk.audited()) == 2
    assert desk.done() == []


NONSENSE = [
    pytest.param("x'fffe00'", "''", id="no text"),
    pytest.param("5", "6", id="numbers"),
    pytest.param("printf('%.*c', 20000, '[')", "''", id="nested too deeply"),
    pytest.param("printf('%.*c', 2000, '[')", "''", id="nested deeply and short"),
    pytest.param("'null'", "''", id="no object"),
    pytest.param("'{\"v\":1}'", "''", id="fields are missing"),
    pytest.param("'{\"v\":NaN}'", "''", id="a float"),
    pytest.param("'[' || printf('%.*c', 9000, '1') || ']'", "''", id="a number without an end"),
    pytest.param("char(0)", "char(55296)", id="half a pair"),
    pytest.param("zeroblob(5000000)", "zeroblob(1000)", id="very long"),
]


@pytest.mark.parametrize(("body", "signature"), NONSENSE)
def test_nonsense_stops_nothing(desk: Desk, reader: LedgerReader, body: str, signature: str) -> None:
    tamper(desk.path, f"INSERT INTO intent (body, signature) VALUES ({body}, {signature})")
    desk.submit("17")

    nonsense, proper = desk.take()

    assert nonsense.reason.startswith("malformed")
    assert proper.done
    assert desk.done() == ["17"]
    assert verify(reader).intact


def changed(**changes: object) -> str:
    """The text of an intent with fields that no `Intent` can have; None leaves one out."""
    values = json.loads(intent(Place("0" * 32, 1)).text()) | changes
    return canonical({name: value for name, value in values.items() if value is not None})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(changed(made_at="soon"), id="a time that is text"),
        pytest.param(changed(made_at=True), id="a time that is a truth"),
        pytest.param(changed(payload=[1]), id="a list for a payload"),
        pytest.param(changed(kind="root"), id="an unknown kind"),
        pytest.param(changed(v=2), id="another version"),
        pytest.param(changed(nonce="0"), id="a short nonce"),
        pytest.param(changed(expires_at=NOW + 10**9), id="no end"),
        pytest.param(changed(expires_at=NOW - 1), id="an end before its begin"),
        pytest.param(changed(made_at=-(10**30)), id="before all time"),
        pytest.param(changed(subject=""), id="about nothing"),
        pytest.param(changed(subject=None), id="a field less"),
        pytest.param(changed(more="x"), id="a field more"),
        pytest.param(changed().replace(",", ", ", 1), id="a blank"),
        pytest.param(changed().replace('"v":1', '"v":1,"v":1'), id="a field twice"),
        pytest.param(changed().replace("17", "\\u0031\\u0037"), id="another spelling"),
        pytest.param(changed(payload={"a": "{}"}).replace('"{}"', "1.0"), id="a float"),
        pytest.param(changed(payload={"a": "{}"}).replace('"{}"', '"\\ud800"'), id="half a pair"),
    ],
)
def test_a_text_that_burndeck_would_not_write_is_no_intent_even_when_it_is_signed(
    desk: Desk, text: str
) -> None:
    signature = desk.ada.sign(text)
    base64.b64decode(signature, validate=True)
    with desk.writer.transaction() as conn:
        conn.execute("INSERT INTO intent (body, signature) VALUES (?, ?)", (text, signature))

    (handled,) = desk.take()

    assert handled.reason.startswith("malformed")
    assert desk.audited() == [("unverified", "intent_refused", "intent:1")]


def test_an_intent_of_another_ledger_with_the_same_people_is_refused(desk: Desk) -> None:
    desk.sign()
    text = intent(Place("e" * 32, 1)).text()
    with desk.writer.transaction() as conn:
        conn.execute("UPDATE intent SET body = ?, signature = ?", (text, desk.ada.sign(text)))

    (handled,) = desk.take()

    assert "another ledger" in handled.reason


def test_a_ledger_that_lost_its_name_does_nothing_that_was_signed(desk: Desk) -> None:
    desk.sign()
    tamper(desk.path, "DELETE FROM ledger_name")

    (handled,) = desk.take()

    assert "another ledger" in handled.reason
    assert rows(desk.path, "SELECT count(*) FROM source_cursor") == [(0,)]
