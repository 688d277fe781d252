"""`kill -9` at any instant: the ledger stays whole, and totals equal those of an undisturbed run."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path

import pytest

from agent.clock import ScaledClock
from fixtures.provider import SimulatedProvider
from tests.e2e.agents import Workplace

KILLS = 20
HOUR = 3600
DAY = 86400
EPOCH = 1_790_003_000.0  # some minutes after a full hour
SPEED = 20.0
BUSY = 'every = "5s"'  # four reads a real second, so that hardly any instant is an idle one


def totals(ledger: Path, until: int) -> dict[str, list[tuple[object, ...]]]:
    """What the ledger holds of everything that was final at `until`, by name instead of by id."""
    sums = "SUM(requests), SUM(tokens_input), SUM(tokens_cached), SUM(tokens_output), SUM(credits_nano)"
    named = "COALESCE((SELECT value FROM dim WHERE dim.id = r.id AND dim.kind = r.kind), '')"
    queries = {
        table: f"SELECT kind, bucket, {named} AS name, {sums} FROM {table} r WHERE kind <> 20"
        f" AND bucket + {width} <= {until} GROUP BY kind, bucket, name ORDER BY kind, bucket, name"
        for table, width in (("roll_minute", 60), ("roll_hour", HOUR), ("roll_day", DAY))
    }
    queries["bucket"] = (
        f"SELECT start, width, COUNT(*), {sums} FROM bucket WHERE start + width <= {until} GROUP BY 1, 2"
    )
    queries["cost"] = (
        "SELECT day, COUNT(*), SUM(amount_nano), SUM(credits_nano) FROM cost"
        f" WHERE day + {DAY} <= {until} GROUP BY 1"
    )
    connection = sqlite3.connect(ledger)
    try:
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}
    finally:
        connection.close()


@pytest.mark.e2e
@pytest.mark.scenarios
def test_killed_twenty_times_the_ledger_equals_an_undisturbed_one(tmp_path: Path) -> None:
    chance = random.Random(20)
    clock = ScaledClock(EPOCH, time.time(), SPEED)
    with SimulatedProvider(seed=3, clock=clock, epoch=EPOCH) as provider:
        disturbed = Workplace(tmp_path, provider.base_url, clock, history="4d", detail="2h", more=BUSY)
        for _ in range(KILLS):
            agent = disturbed.spawn("agent", "run")
            time.sleep(chance.uniform(0.4, 1.2))  # the instant of the kill is what the test is about
            agent.kill()
            agent.communicate()
        last = disturbed.run("agent", "once", "--json")
        undisturbed = Workplace(
            tmp_path, provider.base_url, clock, "4d", "2h", BUSY, ledger="undisturbed.sqlite"
        )
        first = undisturbed.run("agent", "once", "--json")

    assert (last.returncode, first.returncode) == (0, 0), last.stderr + first.stderr
    connection = sqlite3.connect(disturbed.ledger_path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    final = int(EPOCH) // HOUR * HOUR - HOUR  # the provider revised nothing older while this went on
    expected = totals(undisturbed.ledger_path, final)
    found = totals(disturbed.ledger_path, final)
    assert all(expected.values())
    assert found == expected
