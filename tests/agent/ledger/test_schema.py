from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import LedgerError
from agent.ledger import open_reader, open_writer
from tests.agent.ledger.look import rows

pytestmark = pytest.mark.usefixtures("real_migrations")


def test_migrations_are_recorded_the_way_sqlite_utils_does(path: Path) -> None:
    open_writer(path).close()

    applied = rows(path, "SELECT migration_set, name FROM _sqlite_migrations")

    assert ("burndeck", "0001_ledger") in applied
    assert rows(path, "PRAGMA user_version") == [(len(applied),)]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_ledger_that_is_up_to_date_opens_without_sqlite_utils(path: Path) -> None:
    open_writer(path).close()
    program = (
        "import sys; from pathlib import Path; from agent.ledger import open_writer;"
        f"open_writer(Path({str(path)!r})).close(); print('sqlite_utils' in sys.modules)"
    )

    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout

    assert printed == "False\n"


def test_an_older_ledger_is_brought_up_to_date_by_a_writer_only(path: Path) -> None:
    open_writer(path).close()
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA user_version = 0")

    with pytest.raises(LedgerError, match="older than this burndeck"):
        open_reader(path)
    open_writer(path).close()

    open_reader(path).close()


def test_two_processes_that_make_a_ledger_at_once_both_get_it(path: Path) -> None:
    program = (
        "from pathlib import Path; from agent.ledger import open_writer;"
        f"writer = open_writer(Path({str(path)!r})); writer.save_cursor('s', 'n', 'v'); writer.close()"
    )

    started = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]

    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert rows(path, "SELECT value FROM source_cursor") == [("v",)]
