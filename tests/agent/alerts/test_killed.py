"""`kill -9` between any two statements of an evaluation: nothing is lost, nothing is done twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent.domain.intent import IntentKind
from agent.domain.money import NANO
from tests.agent.alerts.office import DAY, HOUR, PAYMENTS, WALLET, Member, Office

Step = Callable[[Office], object]

_LAZY = ("agent.ledger.writer", "sqlite_utils", "numpy.ma")
"""What a first use would import, again in each of the hundred processes."""


def _silence(office: Office) -> object:
    matchers = {"allocation": WALLET.id, "tier": "critical"}
    if office.writer.incidents.open_silences():
        return None  # a person whose intent was carried out does not sign it again
    return office.want(
        IntentKind.SILENCE,
        "silence",
        matchers=matchers,
        seconds=2 * HOUR,
        limit_nano=50_000 * NANO,
        reason="test",
    )


def _take(office: Office) -> object:
    alert = next(one for one in office.writer.alerts.open_alerts() if one.signal.allocation_id == PAYMENTS.id)
    return office.want(IntentKind.ACKNOWLEDGE, f"alert:{alert.id}")


STEPS: tuple[tuple[int, Step], ...] = (
    (0, lambda office: office.burnt("710000")),
    (60, Office.judge),
    (600, _take),
    (660, Office.judge),
    (700, _silence),
    (720, lambda office: office.burnt("910000")),
    (780, Office.judge),
    (840, lambda office: office.burnt("930000", Member("wallet"))),
    (900, Office.judge),
    (3_000, Office.judge),
    (3 * HOUR, Office.judge),
    (3 * HOUR + 60, lambda office: office.burnt("1010000")),
    (3 * HOUR + 120, Office.judge),
    (4 * HOUR, lambda office: office.burnt("100000")),
    (DAY, Office.judge),
)
"""Seconds after the start, and what happens then. Each step may be done again after a crash within it."""


@pytest.mark.parametrize("offset", range(3))
def test_a_killed_evaluation_leaves_what_an_undisturbed_one_does(tmp_path: Path, offset: int) -> None:
    whole = tmp_path / "whole.sqlite"
    statements = _lived(whole, tmp_path / "whole.txt", 0)
    torn = tmp_path / "torn.sqlite"

    kills = 0
    for at in range(3 + offset, statements, 23):
        progress = tmp_path / "torn.txt"
        if _lived(torn, progress, at) is None:
            kills += 1
        else:
            break
    _lived(torn, progress, 0)

    assert kills >= 5
    assert _contents(torn) == _contents(whole)


def _lived(ledger: Path, progress: Path, kill_at: int) -> int | None:
    """Goes on with the steps in a process of its own, which is killed at a statement; how many it made."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *_LAZY])
    count = context.Value("i", 0)
    child = context.Process(target=_live, args=(ledger, progress, kill_at, count))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return None if child.exitcode else int(count.value)


def _live(ledger: Path, progress: Path, kill_at: int, count: object) -> None:
    connect = sqlite3.connect

    def trace(_statement: str) -> None:
        count.value += 1  # type: ignore[attr-defined]
        if count.value == kill_at:  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(*args: object, **kwargs: object) -> sqlite3.Connection:
        conn = connect(*args, **kwargs)  # type: ignore[call-overload]
        conn.set_trace_callback(trace)
        return conn  # type: ignore[no-any-return]

    done = int(progress.read_text()) if progress.exists() else 0
    sqlite3.connect = traced  # type: ignore[assignment]
    office = Office(ledger, PAYMENTS, WALLET)
    start = office.now
    for number, (after, step) in enumerate(STEPS[done:], start=done + 1):
        office.now = start + after
        step(office)
        progress.write_text(str(number))
    office.writer.close()


def _contents(ledger: Path) -> dict[str, list[tuple[object, ...]]]:
    tables = ("alert", "incident", "timeline", "silence", "outbox", "finding")
    with closing(sqlite3.connect(ledger)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = {table: conn.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables}
        found["audit"] = conn.execute("SELECT at, actor, kind, subject FROM audit ORDER BY seq").fetchall()
    return found
