"""Labels of a known request cannot be changed, and whoever tries stands in the audit log."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.control.audit import verify
from agent.ledger import open_reader
from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import DAY, PAYMENTS, batch, event
from tests.agent.ledger.look import findings, rows

SEARCH = replace(PAYMENTS, team="search")
OTHER_KEY = replace(SEARCH, api_key="key-2")


def records(writer: LedgerWriter) -> list[tuple]:
    return rows(writer.path, "SELECT at, actor, kind, subject, detail FROM audit ORDER BY seq")


def test_many_changed_labels_are_one_audit_record_a_key_with_their_count(writer: LedgerWriter) -> None:
    known = [event(f"r-{number}", at=DAY + number) for number in range(20)]
    writer.write_events(batch(known))

    changed = [
        replace(row, dimensions=SEARCH if place < 12 else OTHER_KEY) for place, row in enumerate(known)
    ]
    result = writer.write_events(batch(changed), correct=True)

    assert (result.refused, len(findings(writer.path))) == (20, 20)
    first, second = records(writer)
    assert first[:4] == (DAY + 11, "agent", "label_changed", "api_key:key-1")
    detail = json.loads(first[4])
    assert (detail["count"], detail["changes"]) == (12, ["team payments -> search"])
    assert detail["requests"] == ["r-0", "r-1", "r-2", "r-3", "r-4"]
    assert "cost evasion" in detail["why"]
    assert (second[3], json.loads(second[4])["count"]) == ("api_key:key-2", 8)
    with open_reader(writer.path) as reader:
        assert verify(reader).intact


def test_the_same_changed_rows_read_again_are_no_news_and_new_ones_are(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1"), event("r-2")]))
    again = event("r-1", dimensions=SEARCH)
    writer.write_events(batch([again]))
    writer.write_events(batch([again]))

    assert len(records(writer)) == 1

    writer.write_events(batch([again, event("r-2", dimensions=SEARCH)]))

    assert [json.loads(record[4])["requests"] for record in records(writer)] == [["r-1"], ["r-2"]]


def test_the_record_is_written_with_the_batch_or_not_at_all(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1")]))

    with pytest.raises(RuntimeError), writer.transaction():
        writer.write_events(batch([event("r-1", dimensions=SEARCH), event("r-9")]))
        raise RuntimeError

    assert (records(writer), findings(writer.path)) == ([], [])
    assert rows(writer.path, "SELECT count(*) FROM event") == [(1,)]


def test_a_batch_without_changed_labels_writes_no_record(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1"), event("r-1"), event("r-2")]), correct=True)

    assert records(writer) == []
