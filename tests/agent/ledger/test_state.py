from __future__ import annotations

from agent.ledger.rows import (
    DirectoryKey,
    DirectoryPerson,
    DirectoryProject,
    QuarantineRow,
    RateRow,
    ReleaseRow,
    SourceStatus,
)
from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import batch, event
from tests.agent.ledger.look import findings, rows


def test_what_vanishes_from_the_directory_gets_a_tombstone_and_loses_it_when_it_returns(
    writer: LedgerWriter,
) -> None:
    keys = [DirectoryKey("key-1", "p-1", "one", "sk-...1"), DirectoryKey("key-2", "p-1", "two", "sk-...2")]
    people = [DirectoryPerson("u-1", "user"), DirectoryPerson("u-1", "service_account")]
    projects = [DirectoryProject("p-1", "Payments", "active")]
    writer.save_directory("openai", projects, keys, people, 100)
    writer.save_directory("other", [], [], [], 150)

    writer.save_directory("openai", None, keys[:1], people[:1], 200)
    tombstones = "SELECT id, removed_at FROM directory_key ORDER BY id"
    assert rows(writer.path, tombstones) == [("key-1", None), ("key-2", 200)]
    assert rows(writer.path, "SELECT kind FROM directory_person WHERE removed_at = 200") == [
        ("service_account",)
    ]
    assert rows(writer.path, "SELECT removed_at FROM directory_project") == [(None,)]

    writer.save_directory("openai", projects, keys, people, 300)
    assert rows(writer.path, tombstones) == [("key-1", None), ("key-2", None)]


def test_a_refusal_and_a_finding_are_kept_once(writer: LedgerWriter) -> None:
    for at in (1, 2):
        writer.quarantine([QuarantineRow("usage.csv", "line 3", "no timestamp", "x" * 900)], at)
        writer.findings([("conflict", "r-1", "two teams")], at)

    assert rows(writer.path, "SELECT location, length(raw), at FROM quarantine") == [("line 3", 500, 1)]
    assert findings(writer.path) == [("conflict", "r-1", "two teams")]


def test_a_failing_source_keeps_the_time_of_its_last_success(writer: LedgerWriter) -> None:
    writer.save_source_status(
        SourceStatus("openai", "openai", "openai", "ok", last_ok=10, last_try=10, covered_to=9)
    )

    writer.save_source_status(
        SourceStatus("openai", "openai", "openai", "waiting", "429", "", None, 20, None, 50)
    )

    health = "SELECT state, message, last_ok, last_try, covered_to, retry_at FROM source_status"
    assert rows(writer.path, health) == [("waiting", "429", 10, 20, 9, 50)]


def test_a_cursor_is_what_was_saved_last(writer: LedgerWriter) -> None:
    assert writer.cursor("openai", "usage") is None

    writer.save_cursor("openai", "usage", "1")
    writer.save_cursor("openai", "usage", "2")

    assert writer.cursor("openai", "usage") == "2"


def test_the_agent_beats_and_says_when_it_stopped(writer: LedgerWriter) -> None:
    writer.beat(7, "host", "0.1.0", 100, 110)
    writer.beat(7, "host", "0.1.0", 100, 120)
    assert rows(writer.path, "SELECT pid, beat_at, stopped_at FROM agent_state") == [(7, 120, None)]

    writer.stopped(130)
    assert rows(writer.path, "SELECT stopped_at FROM agent_state") == [(130,)]


def test_rates_are_kept_and_the_calendar_of_releases_is_replaced(writer: LedgerWriter) -> None:
    for nano in (5, 6):
        writer.save_rates([RateRow("gpt-a", "standard", "tokens_input", 0, nano)])
        writer.save_releases([ReleaseRow(f"rel-{nano}", 0, "Launch", "payments", nano)])

    assert rows(writer.path, "SELECT nano_per_million FROM rate") == [(6,)]
    assert rows(writer.path, "SELECT id FROM release") == [("rel-6",)]


def test_of_very_many_findings_the_first_are_kept_and_how_many_more_there_were(writer: LedgerWriter) -> None:
    writer.findings([("label_shape", f"team:{number}", "bad") for number in range(2_500)], 1)

    kept = findings(writer.path)
    assert len(kept) == 1_001
    assert kept[-1] == ("label_shape", "team:1000", "and 1,500 more findings of one batch")


def test_an_export_that_corrects_every_row_leaves_few_findings(writer: LedgerWriter) -> None:
    for tokens in (10, 11):
        rows_of_it = [event(f"r-{number}", tokens_input=tokens) for number in range(1_200)]
        result = writer.write_events(batch(rows_of_it), correct=True)

    assert result.corrected == 1_200
    assert len(findings(writer.path)) == 1_001
