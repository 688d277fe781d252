from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.errors import LedgerError
from agent.ledger import open_reader, open_writer
from agent.ledger.reader import LedgerReader
from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import batch, event


def test_a_missing_ledger_is_named_with_a_way_to_make_one_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger at") as raised:
        open_reader(tmp_path / "none.sqlite")

    assert "burndeck ingest" in raised.value.hint
    assert not (tmp_path / "none.sqlite").exists()


def test_a_ledger_of_a_newer_burndeck_is_refused(path: Path) -> None:
    open_writer(path).close()
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA user_version = 999")

    for opening in (open_reader, open_writer):
        with pytest.raises(LedgerError, match="newer burndeck") as raised:
            opening(path)
        assert "upgrade" in raised.value.hint


def test_a_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    text, database = tmp_path / "notes.txt", tmp_path / "other.sqlite"
    text.write_text("not a database at all, but long enough to be looked at as one\n" * 20)
    with sqlite3.connect(database) as conn:
        conn.execute("CREATE TABLE theirs (id)")
    before = text.read_bytes(), database.read_bytes()

    for file in (text, database):
        for opening in (open_reader, open_writer):
            with pytest.raises(LedgerError, match="no burndeck ledger"):
                opening(file)

    assert (text.read_bytes(), database.read_bytes()) == before


def test_data_version_changes_with_every_commit_of_a_writer(
    writer: LedgerWriter, reader: LedgerReader
) -> None:
    before = reader.data_version()
    assert reader.data_version() == before

    writer.save_cursor("source", "name", "1")

    assert reader.data_version() != before


def test_a_list_parameter_is_bound_for_json_each(writer: LedgerWriter, reader: LedgerReader) -> None:
    writer.write_events(batch([event("r-1"), event("r-2"), event("r-3")]))

    assert [row["request_id"] for row in reader.rows("events_by_id", [[1, 3]])] == ["r-1", "r-3"]


def test_a_snapshot_sees_one_state(writer: LedgerWriter, reader: LedgerReader) -> None:
    with reader.snapshot():
        before = reader.one("newest_event")
        writer.write_events(batch([event("r-1")]))
        assert reader.one("newest_event") == before

    after = reader.one("newest_event")
    assert after is not None and after[0] == 1


def test_a_reader_cannot_write(reader: LedgerReader) -> None:
    with pytest.raises(LedgerError, match="read-only"):
        reader.rows("put_cursor", ("a", "b", "c"))


def test_threads_share_a_reader(writer: LedgerWriter, reader: LedgerReader) -> None:
    writer.write_events(batch([event(f"r-{number}") for number in range(50)]))
    counts: list[int] = []

    def read() -> None:
        counts.extend(len(reader.rows("events_by_id", [list(range(1, 51))])) for _ in range(50))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts == [50] * 200


def test_reading_loads_neither_numpy_nor_sqlite_utils(path: Path) -> None:
    open_writer(path).close()
    program = (
        "import sys; from pathlib import Path; from agent.ledger import open_reader;"
        f"open_reader(Path({str(path)!r})).rows('newest_event');"
        "print({'numpy', 'sqlite_utils', 'httpx'} & set(sys.modules))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout

    assert printed == "set()\n"
