"""The outbox: what is put once stays once, in order, and remembers what became of it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.routes import Destination
from agent.domain.notice import Notice, NoticeKind
from agent.ledger import open_writer
from agent.ledger.outbox import decode_notice, encode_notice
from agent.ledger.writer import LedgerWriter
from tests.agent.alerts.notices import a_notice
from tests.agent.ledger.look import rows

PAGER, ROOM = Destination("pager"), Destination("slack", "#payments-ops")


def waiting(writer: LedgerWriter) -> list[tuple[str, str, NoticeKind]]:
    rows = writer.outbox.waiting(100)
    notices = writer.outbox.notices([row.id for row in rows])
    return [(row.channel, row.target, notices[row.id].kind) for row in rows]


def test_a_message_is_there_once_for_every_destination_however_often_it_is_put(writer: LedgerWriter) -> None:
    assert writer.outbox.put(a_notice(), [PAGER, ROOM], 1000) == 2
    assert writer.outbox.put(a_notice(), [PAGER, ROOM], 1060) == 0

    assert sorted(waiting(writer)) == [
        ("pager", "", NoticeKind.FIRED),
        ("slack", "#payments-ops", NoticeKind.FIRED),
    ]


def test_a_message_that_was_sent_is_not_put_again(writer: LedgerWriter) -> None:
    writer.outbox.put(a_notice(), [PAGER], 1000)
    (row,) = writer.outbox.waiting(10)
    writer.outbox.sent(row.id, "", 1001)

    assert writer.outbox.put(a_notice(), [PAGER], 1002) == 0
    assert waiting(writer) == []


def test_what_is_undone_leaves_no_message(writer: LedgerWriter) -> None:
    with pytest.raises(RuntimeError), writer.transaction():
        writer.outbox.put(a_notice(), [PAGER], 1000)
        raise RuntimeError

    assert waiting(writer) == []


def test_a_message_survives_the_process(path: Path) -> None:
    notice = a_notice(suggestions=({"lever": "cache", "text": "cache it", "low": "1.5", "high": "3"},))
    with open_writer(path) as first:
        first.outbox.put(notice, [PAGER], 1000)

    with open_writer(path) as second:
        (row,) = second.outbox.waiting(10)
        assert second.outbox.notices([row.id]) == {row.id: notice}


def test_a_notice_of_a_newer_burndeck_is_read_as_far_as_it_is_known() -> None:
    text = encode_notice(a_notice()).replace('{"id"', '{"from_the_future":{"a":[1]},"id"', 1)

    assert decode_notice(text) == a_notice()


@pytest.mark.parametrize("later", [1000, 400], ids=["one second", "a clock that was set back"])
def test_messages_keep_the_order_in_which_they_were_put(writer: LedgerWriter, later: int) -> None:
    told = [NoticeKind.FIRED, *[NoticeKind.REPEATED] * 8, NoticeKind.RESOLVED]
    for number, kind in enumerate(told):  # ids are hashes, so one order would be luck
        at = later if number else 1000
        writer.outbox.put(a_notice(id=f"n{number}", kind=kind, at=at), [PAGER], at)

    assert [kind for _, _, kind in waiting(writer)] == told
    assert [row.created_at for row in writer.outbox.waiting(1)] == [1000]


@pytest.mark.parametrize("text", ["{", '{"id":"x"}', '{"kind":"from_the_future"}'])
def test_a_message_that_cannot_be_read_is_given_up_with_the_reason(writer: LedgerWriter, text: str) -> None:
    writer.outbox.put(a_notice(), [PAGER, ROOM], 1000)
    pager, room = sorted(writer.outbox.waiting(10), key=lambda row: row.channel)
    with sqlite3.connect(writer.path) as conn:
        conn.execute("UPDATE outbox SET notice = ? WHERE id = ?", (text, pager.id))

    assert writer.outbox.notices([pager.id, room.id]) == {room.id: a_notice()}
    assert [row.id for row in writer.outbox.waiting(10)] == [room.id]
    ((state, error),) = rows(writer.path, "SELECT state, error FROM outbox WHERE channel = 'pager'")
    assert state == "failed"
    assert "cannot read the message" in error


def test_what_piles_up_for_one_destination_hides_nothing_that_is_for_another(writer: LedgerWriter) -> None:
    for number in range(5):
        writer.outbox.put(a_notice(id=f"n{number}"), [PAGER], 1000 + number)
    writer.outbox.put(a_notice(), [ROOM], 2000)

    assert [(row.channel, row.created_at) for row in writer.outbox.waiting(2)] == [
        ("pager", 1000),
        ("pager", 1001),
        ("slack", 2000),
    ]


def test_an_attempt_that_failed_waits_and_one_given_up_does_not(writer: LedgerWriter) -> None:
    writer.outbox.put(a_notice(), [PAGER, ROOM], 1000)
    pager, room = sorted(writer.outbox.waiting(10), key=lambda row: row.channel)

    writer.outbox.again(pager.id, "500", 1010)
    writer.outbox.give_up(room.id, "410", gone=True)

    (left,) = writer.outbox.waiting(10)
    assert (left.id, left.attempts, left.next_at) == (pager.id, 1, 1010)


def test_a_later_message_of_the_episode_finds_what_the_receiver_called_it(writer: LedgerWriter) -> None:
    tickets = Destination("jira")
    writer.outbox.put(a_notice(), [tickets], 1000)
    (row,) = writer.outbox.waiting(10)
    writer.outbox.sent(row.id, "OPS-7", 1001)

    later: Notice = replace(a_notice(), id="later", kind=NoticeKind.RESOLVED)
    other: Notice = replace(later, dedup_key="another episode")

    assert writer.outbox.receipt(later, tickets) == "OPS-7"
    assert writer.outbox.receipt(later, PAGER) == ""
    assert writer.outbox.receipt(other, tickets) == ""


def test_whoever_was_told_of_an_alert_is_known_unless_the_message_never_reached_them(
    writer: LedgerWriter,
) -> None:
    writer.outbox.put(a_notice(), [PAGER, ROOM], 1000)
    writer.outbox.put(replace(a_notice(), id="again"), [PAGER], 1060)
    writer.outbox.put(replace(a_notice(), id="other", alert=None), [Destination("mail")], 1060)
    room = next(row for row in writer.outbox.waiting(10) if row.channel == "slack")

    assert writer.outbox.told(17) == [("pager", ""), ("slack", "#payments-ops")]

    writer.outbox.give_up(room.id, "400")
    assert writer.outbox.told(17) == [("pager", "")]
    assert writer.outbox.told(None) == []


def test_old_messages_are_forgotten_but_never_one_that_waits(writer: LedgerWriter) -> None:
    writer.outbox.put(a_notice(), [PAGER, ROOM], 1000)
    pager, _ = sorted(writer.outbox.waiting(10), key=lambda row: row.channel)
    writer.outbox.sent(pager.id, "", 1001)

    assert writer.outbox.purge(2000) == 1
    assert [channel for channel, _, _ in waiting(writer)] == ["slack"]
