from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from agent.ledger.sql import statements
from agent.ledger.writer import LedgerWriter

GROWING = (
    *("event", "bucket", "cost", "roll_minute", "roll_hour", "roll_day", "layer_hour"),
    *("finding", "quarantine", "intent", "intent_seen", "audit"),
)
"""Tables that grow with traffic and must be reached by a key or an index."""


def scanned(path: Path, text: str) -> set[str]:
    """The growing tables that a statement would read from end to end."""
    named = dict.fromkeys(re.findall(r"[:@$](\w+)", text), 1)
    positional = [1] * re.sub(r"--.*", "", text).count("?")
    conn = sqlite3.connect(path)
    plan = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {text}", named or positional)]
    conn.close()
    in_order = not any("TEMP B-TREE" in step for step in plan)
    if in_order and re.search(r"\bFROM \w+ ORDER BY id DESC LIMIT :\w+;?\s*$", text):
        return set()  # from the right end of the primary key, and no further than the limit
    aliases = {
        alias: table for table, alias in re.findall(r"\b(\w+) (?:AS )?(\w+)\b", text) if table in GROWING
    }
    names = {step.split()[1] for step in plan if step.startswith("SCAN ")}
    return {aliases.get(name, name) for name in names} & set(GROWING)


@pytest.mark.parametrize("name", sorted(statements()))
def test_no_query_scans_a_table_that_grows_with_traffic(writer: LedgerWriter, name: str) -> None:
    assert not scanned(writer.path, statements()[name])


def test_a_scan_is_recognized_under_any_name_and_a_limit_only_in_the_order_of_the_key(
    writer: LedgerWriter,
) -> None:
    assert not scanned(writer.path, "SELECT at FROM finding ORDER BY id DESC LIMIT :most")
    assert scanned(writer.path, "SELECT at FROM finding ORDER BY at DESC LIMIT :most") == {"finding"}
    assert scanned(writer.path, "SELECT sum(credits_nano) FROM event") == {"event"}
    assert scanned(writer.path, "SELECT count(*) FROM dim d, bucket AS b WHERE b.context = d.id") == {
        "bucket"
    }
