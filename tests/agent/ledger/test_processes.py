"""Several writers on one file, and writers that die."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import LedgerError
from agent.ledger import open_writer
from agent.ledger.connection import connect_writer
from tests.agent.ledger.build import DAY, PAYMENTS, batch, bucket, event
from tests.agent.ledger.look import rows, total
from tests.agent.ledger.plain import PlainLedger, assert_equal


def test_two_writers_share_names_and_known_requests(path: Path) -> None:
    plain = PlainLedger()
    with open_writer(path) as one, open_writer(path) as other:
        for number, writer in zip(range(12), itertools.cycle((one, other)), strict=False):
            team = replace(PAYMENTS, team=f"team-{number // 3}")
            events = [event(f"r-{number}", dimensions=team), event(f"r-{number - 1}", dimensions=team)]
            plain.write_events(events, correct=False)
            writer.write_events(batch(events))
            reading = {"completions": [bucket(DAY + 600 + number * 60, dimensions=team)]}
            span = DAY + 600 + number * 60, DAY + 660 + number * 60
            plain.write_usage_window("openai", *span, reading, covered=True)
            writer.write_usage_window("openai", *span, reading, read_at=1)

    assert_equal(path, plain)


def test_a_writer_that_waits_too_long_for_the_lock_says_so_and_goes_on_later(path: Path) -> None:
    with open_writer(path) as writer:
        writer.hurry()
        holder = connect_writer(path)
        holder.execute("BEGIN IMMEDIATE")

        with pytest.raises(LedgerError, match="write lock"):
            writer.save_cursor("a", "b", "c")

        holder.close()
        writer.save_cursor("a", "b", "c")
        assert writer.cursor("a", "b") == "c"


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from agent.ledger import open_writer
from tests.agent.ledger.build import DAY, batch, event
writer = open_writer(Path(sys.argv[1]))
for number in range(int(writer.cursor("test", "next") or 0), 10**6):
    rows = [event(f"r-{number * 40 + place}", at=DAY + number * 7 + place) for place in range(40)]
    rows += [event(f"r-{number * 40 - 1}")] if number else []
    writer.write_events(batch(rows), cursor=("test", "next", str(number + 1)))
    print(number + 1, flush=True)
"""


def test_a_writer_killed_at_any_instant_leaves_an_exact_ledger(path: Path) -> None:
    chance = random.Random(7)
    told = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        for _ in range(chance.randint(1, 9)):
            told = int(process.stdout.readline())
        process.kill()
        told = max([told, *(int(line) for line in process.stdout.read().split())])
        process.wait()
        process.stdout.close()

    with open_writer(path) as writer:
        done = int(writer.cursor("test", "next") or 0)
    plain = PlainLedger()
    for number in range(done):
        rows_written = [event(f"r-{number * 40 + place}", at=DAY + number * 7 + place) for place in range(40)]
        plain.write_events(rows_written, correct=False)
    assert done >= told > 0
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert_equal(path, plain)
    assert total(path, "requests") == rows(path, "SELECT sum(count) FROM hash_run")[0][0]
