"""The agent's loops inside one process, on a clock that runs fast."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.clock import ScaledClock
from agent.daemon import run_agent
from agent.ledger import open_reader, open_writer
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.proving import kept_finding
from agent.process.lock import LedgerLock
from agent.settings import Settings
from agent.settings_schema import Source
from fixtures.provider import SimulatedProvider
from tests.agent.control.build import tamper

EPOCH = 1_790_003_000.0


@pytest.fixture
def clock() -> ScaledClock:
    return ScaledClock(EPOCH, time.time(), 60.0)


@pytest.fixture
def settings(clock: ScaledClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with SimulatedProvider(seed=4, clock=clock, epoch=EPOCH) as provider:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", provider.admin_key)
        source = Source(base_url=provider.base_url, history=3600, detail=60)
        broken = Source(name="broken", base_url="http://127.0.0.1:9/v1")
        yield Settings(sources=(broken, source), ledger_path=tmp_path / "ledger.sqlite", scaled_clock=clock)


def run_until(settings: Settings, condition: Callable[[sqlite3.Connection], bool]) -> float:
    """Runs the agent in a thread until the ledger shows something; real seconds that stopping took."""
    stop = threading.Event()
    thread = threading.Thread(target=run_agent, args=(settings,), kwargs={"stop": stop})
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not _holds(settings.ledger_path, condition):
            assert time.monotonic() < deadline, "the ledger never showed it"
            time.sleep(0.02)
    finally:
        asked = time.monotonic()
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    return time.monotonic() - asked


def _holds(ledger: Path, condition: Callable[[sqlite3.Connection], bool]) -> bool:
    if not ledger.exists():
        return False
    connection = sqlite3.connect(ledger)
    try:
        return condition(connection)
    except sqlite3.OperationalError:
        return False  # the schema is not there yet
    finally:
        connection.close()


def both_were_read(connection: sqlite3.Connection) -> bool:
    sources = {source for (source,) in connection.execute("SELECT source FROM source_status")}
    return covered_past_the_start(connection) and sources == {"broken", "openai"}


def covered_past_the_start(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT covered_to FROM source_status WHERE source = 'openai'").fetchone()
    return bool(row and row[0] and row[0] > EPOCH)


def test_usage_is_followed_and_one_broken_source_does_not_hinder_another(settings: Settings) -> None:
    took = run_until(settings, both_were_read)

    connection = sqlite3.connect(settings.ledger_path)
    states = dict(connection.execute("SELECT source, state FROM source_status"))
    (stopped_at,) = connection.execute("SELECT stopped_at FROM agent_state").fetchone()
    connection.close()
    assert states == {"openai": "ok", "broken": "failed"}
    assert stopped_at is not None
    assert took < 2


def test_an_agent_finds_by_itself_what_somebody_wrote_into_its_ledger(settings: Settings) -> None:
    with open_writer(settings.ledger_path) as writer:
        writer.actions.add_allocation_change(AllocationChange(9, "team:x", {"top_up_nano": 7}, int(EPOCH)))
    tamper(settings.ledger_path, "UPDATE allocation_change SET allocation = 'team:y'")

    run_until(settings, lambda connection: bool(connection.execute(_TOLD).fetchall()))

    with open_reader(settings.ledger_path) as reader:
        assert kept_finding(reader).rows == ("allocation_change row 1 of action 9 (team:y) was changed",)


_TOLD = "SELECT 1 FROM audit WHERE kind = 'ledger.forged'"


def test_a_stop_does_not_wait_for_another_process_that_holds_the_write_lock(settings: Settings) -> None:
    holders: list[sqlite3.Connection] = []

    def holds_the_lock(connection: sqlite3.Connection) -> bool:
        if not covered_past_the_start(connection):
            return False
        holder = sqlite3.connect(settings.ledger_path, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        holders.append(holder)
        return True

    took = run_until(settings, holds_the_lock)

    (stopped_at,) = holders[0].execute("SELECT stopped_at FROM agent_state").fetchone()
    holders[0].close()
    assert took < 2
    assert stopped_at is None
    assert LedgerLock(settings.ledger_path).holder() is None


def test_an_evaluation_that_fails_does_not_stop_collecting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def fails(*_: object) -> None:
        tried.set()
        raise RuntimeError("a defect")

    monkeypatch.setattr("agent.process.watch.evaluate", fails)

    run_until(settings, lambda connection: tried.is_set() and covered_past_the_start(connection))
