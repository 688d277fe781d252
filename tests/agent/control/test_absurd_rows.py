"""Rows with absurd numbers, written by hand, stop neither intents nor the log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.ledger import open_writer

END = 2**63 - 1


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO audit VALUES ({END}, 1, 'x', 'x', 'x', '{{}}', 'x', 'x')",
        f"INSERT INTO intent (id, body, signature) VALUES ({END}, 'x', 'x')",
    ],
)
def test_no_number_is_so_high_that_there_is_no_next_one(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        with closing(sqlite3.connect(path)) as stranger, pytest.raises(sqlite3.IntegrityError):
            stranger.execute(statement)

        assert writer.control.audit(1, "agent", "alert.fired", "alert:1", {}) == 1
