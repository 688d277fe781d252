from __future__ import annotations

import sqlite3

from agent.ledger.writer import LedgerWriter


def test_a_healthy_ledger_with_actions_of_runs_is_not_taken_for_a_broken_one(writer: LedgerWriter) -> None:
    writer.runs.link(1, 8, 1, 1)
    writer.runs.link(1, 8, 2, 4)

    with sqlite3.connect(writer.path) as conn:
        assert conn.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    assert writer.runs.actions(1) == [1, 4]
    assert writer.runs.actions(1, step=9) == []
