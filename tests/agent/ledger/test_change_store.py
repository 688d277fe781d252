"""The change feed in the ledger: each thing once, the newest wording, nothing lost that is past."""

from __future__ import annotations

from dataclasses import replace

from agent.domain.change import Change, ChangeKind
from agent.ledger.reader import LedgerReader
from agent.ledger.writer import LedgerWriter

AT = 1_790_000_000
DEPLOY = Change(
    AT,
    AT + 60,
    "calendar a.ics",
    ChangeKind.RELEASE,
    "search-api 2.4.1",
    "ada@example.com",
    "team",
    "search",
    "https://git.example.com/7",
    "deploy-7",
)
LATER = replace(DEPLOY, at=AT + 100, until=None, title="search-api 2.4.2", external_id="deploy-8")


def titles(reader: LedgerReader) -> list[str]:
    rows = reader.rows("changes_between", {"since": 0, "until": 2 * AT, "most": 10})
    return [row["title"] for row in rows]


def test_a_change_keeps_all_that_is_known_of_it(writer: LedgerWriter, reader: LedgerReader) -> None:
    writer.changes.add([DEPLOY])

    (row,) = reader.rows("changes_between", {"since": AT, "until": AT + 1, "most": 10})
    assert dict(row) == {
        "id": DEPLOY.id,
        "at": AT,
        "until": AT + 60,
        "source": "calendar a.ics",
        "kind": "release",
        "title": "search-api 2.4.1",
        "actor": "ada@example.com",
        "scope_kind": "team",
        "scope": "search",
        "url": "https://git.example.com/7",
    }


def test_the_same_thing_counts_once_and_takes_its_newest_wording(
    writer: LedgerWriter, reader: LedgerReader
) -> None:
    assert writer.changes.add([DEPLOY, LATER]) == 2
    version = reader.data_version()
    assert writer.changes.add([DEPLOY, LATER]) == 0
    assert reader.data_version() == version
    assert writer.changes.add([replace(DEPLOY, until=None)]) == 1
    assert writer.changes.add([replace(DEPLOY, title="rolled back", at=AT + 200, until=None)]) == 1

    assert titles(reader) == ["rolled back", "search-api 2.4.2"]


def test_what_a_source_no_longer_lists_goes_from_a_time_on_only(
    writer: LedgerWriter, reader: LedgerReader
) -> None:
    other = replace(LATER, source="webhook", title="of another")
    writer.changes.add([DEPLOY, LATER, other])

    writer.changes.replace(DEPLOY.source, [], since=AT + 1, keep=[LATER.id])
    assert titles(reader) == ["of another", "search-api 2.4.2", "search-api 2.4.1"]

    writer.changes.replace(DEPLOY.source, [], since=AT + 1)
    assert titles(reader) == ["of another", "search-api 2.4.1"]


def test_what_a_source_takes_back_goes_whenever_it_was(writer: LedgerWriter, reader: LedgerReader) -> None:
    writer.changes.add([DEPLOY])

    writer.changes.replace("webhook", [], since=AT + 1, cancelled=[DEPLOY.id])
    assert titles(reader) == ["search-api 2.4.1"]

    writer.changes.replace(DEPLOY.source, [], since=AT + 1, cancelled=[DEPLOY.id])
    assert titles(reader) == []


def test_of_a_source_that_is_read_no_longer_the_past_stays(
    writer: LedgerWriter, reader: LedgerReader
) -> None:
    kept = replace(LATER, source="calendar b.ics", title="of b")
    writer.changes.add([DEPLOY, LATER, kept, replace(LATER, source="webhook", title="posted")])

    writer.changes.keep_sources("calendar ", ["calendar b.ics"], since=AT + 1)

    assert titles(reader) == ["of b", "posted", "search-api 2.4.1"]
