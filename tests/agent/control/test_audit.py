"""The audit log proves itself, and says where it was touched."""

from __future__ import annotations

import pytest

from agent.control.audit import Verdict, follow, listed, verify
from agent.domain.audit import EMPTY, ChainHead
from agent.ledger.reader import LedgerReader
from tests.agent.control.build import Desk, tamper

COPY = (
    "INSERT INTO audit SELECT {}, at, actor, kind, subject, detail, prev_hash, hash FROM audit WHERE seq = 6"
)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    for number in range(1, 7):
        desk.writer.control.audit(
            1_000 + number, "ada", "silence", f"alert:{number}", {"note": "é", "n": number}
        )
    return desk


def test_an_untouched_log_is_intact(filled: Desk, reader: LedgerReader) -> None:
    verdict = verify(reader)

    assert verdict.intact
    assert verdict.rows == 6
    assert verdict.head is not None
    assert verify(reader, noted=verdict.head).intact


def test_a_chain_is_followed_in_parts_each_from_where_the_last_one_ended(
    filled: Desk, reader: LedgerReader
) -> None:
    ends, at, verdict = [], EMPTY, None
    while verdict is None:
        progress = follow(reader, at, most=4)
        at, verdict = progress.at, progress.verdict
        ends.append(at.seq)

    assert ends == [4, 6] and verdict == verify(reader)
    assert follow(reader, at, most=4).verdict == verdict


def test_a_part_finds_what_does_not_follow_and_a_log_that_was_cut_is_followed_anew(
    filled: Desk, reader: LedgerReader
) -> None:
    at = follow(reader, most=3).at
    tamper(filled.writer.path, "UPDATE audit SET actor = 'eve' WHERE seq = 5")
    broken = follow(reader, at).verdict
    assert broken is not None and broken.broken_at == 5

    tamper(filled.writer.path, "DELETE FROM audit WHERE seq >= 3")
    cut = follow(reader, at).verdict
    assert cut is not None and (cut.rows, cut.broken_at) == (2, 3)


def test_an_empty_log_is_intact(reader: LedgerReader) -> None:
    assert verify(reader) == Verdict(0, ChainHead(0, "0" * 64))


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        pytest.param("UPDATE audit SET actor = 'eve' WHERE seq = 3", 3, id="another actor"),
        pytest.param("UPDATE audit SET at = at + 1 WHERE seq = 1", 1, id="another time"),
        pytest.param("UPDATE audit SET at = 1.5 WHERE seq = 4", 4, id="a time that is none"),
        pytest.param("UPDATE audit SET detail = replace(detail, '2', '3') WHERE seq = 2", 2, id="a detail"),
        pytest.param("UPDATE audit SET subject = x'ff' WHERE seq = 2", 2, id="no text"),
        pytest.param("UPDATE audit SET hash = 'x' WHERE seq = 6", 6, id="another hash"),
        pytest.param("DELETE FROM audit WHERE seq = 4", 4, id="a row removed"),
        pytest.param("DELETE FROM audit WHERE seq = 1", 1, id="the first row removed"),
        pytest.param("DELETE FROM audit WHERE seq >= 5", 5, id="cut off at the end"),
        pytest.param("DELETE FROM audit", 1, id="emptied"),
        pytest.param(COPY.format(7), 7, id="a copy at the end"),
        pytest.param(COPY.format(-3), -3, id="a copy before the first"),
        pytest.param("UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 ELSE seq END", -3,
                     id="moved to the front"),
        pytest.param("UPDATE audit_head SET seq = 5", 6, id="a head that was set back"),
        pytest.param("UPDATE audit_head SET hash = x'ff'", 7, id="a head of nothing"),
        pytest.param("DELETE FROM audit_head", 6, id="no head"),
    ],
)  # fmt: skip
def test_a_change_is_found_and_named(
    filled: Desk, reader: LedgerReader, statement: str, broken_at: int
) -> None:
    tamper(filled.path, statement)

    verdict = verify(reader)

    assert not verdict.intact
    assert verdict.broken_at == broken_at


def test_two_rows_that_changed_places_are_found(filled: Desk, reader: LedgerReader) -> None:
    tamper(
        filled.path,
        "UPDATE audit SET seq = 99 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 99",
    )

    assert verify(reader).broken_at == 2


def test_a_log_that_was_written_anew_betrays_itself_only_to_a_noted_head(
    filled: Desk, reader: LedgerReader
) -> None:
    noted = verify(reader).head
    tamper(filled.path, "DELETE FROM audit", "DELETE FROM audit_head")
    for number in range(1, 9):
        filled.writer.control.audit(1_000 + number, "ada", "nothing", "", {})

    assert verify(reader).intact
    assert verify(reader, noted=noted).broken_at == 6
    tamper(filled.path, "DELETE FROM audit", "DELETE FROM audit_head")
    filled.writer.control.audit(1_001, "ada", "nothing", "", {})
    assert verify(reader, noted=noted).broken_at == 2


def test_the_log_goes_on_after_somebody_touched_it_and_the_touch_stays_visible(
    filled: Desk, reader: LedgerReader
) -> None:
    tamper(filled.path, COPY.format(7))

    assert filled.writer.control.audit(2_000, "agent", "alert_fired", "18", {}) == 8
    assert verify(reader).broken_at == 7
    tamper(filled.path, "DELETE FROM audit_head")
    assert filled.writer.control.audit(2_001, "agent", "alert_fired", "19", {}) == 9
    assert verify(reader).broken_at == 7


def test_what_is_appended_in_a_transaction_that_fails_is_not_there(
    filled: Desk, reader: LedgerReader
) -> None:
    with pytest.raises(ZeroDivisionError), filled.writer.transaction():
        filled.writer.control.audit(2_000, "agent", "alert_fired", "18", {})
        raise ZeroDivisionError

    assert verify(reader).rows == 6
    filled.writer.control.audit(2_001, "agent", "alert_fired", "18", {})
    assert verify(reader).intact


def test_a_detail_without_one_text_is_refused(filled: Desk, reader: LedgerReader) -> None:
    with pytest.raises(ValueError, match="float"):
        filled.writer.control.audit(2_000, "agent", "alert_fired", "18", {"share": 0.5})

    assert verify(reader).rows == 6


def test_the_list_begins_with_the_newest_and_shows_what_is_not_readable_as_such(
    filled: Desk, reader: LedgerReader
) -> None:
    tamper(filled.path, "UPDATE audit SET subject = x'ff' WHERE seq = 5")

    found = listed(reader, 1_004, most=3)

    assert [record.seq for record in found] == [6, 5, 4]
    assert [record.subject for record in found] == ["alert:6", "\ufffd", "alert:4"]
