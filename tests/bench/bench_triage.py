"""Triage of any 15-minute window on a ledger of millions of events, and the burn report beside it."""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agent.ledger import open_reader
from agent.ledger.kinds import Kind
from agent.reports.burn import burn
from agent.reports.triage import detail, triage
from agent.settings import Settings
from tests.bench.ledgers import END, fill_with_events
from tests.bench.result import Result

EVENTS = int(os.environ.get("BENCH_EVENTS", "5000000"))
DAYS = 30
WINDOWS = 200


def run() -> list[Result]:
    """Windows at random over the last three weeks, each read once."""
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        path = Path(folder) / "ledger.sqlite"
        fill_with_events(path, EVENTS, DAYS)
        return _measure(path)


def _measure(path: Path) -> list[Result]:
    settings, now = Settings(), float(END)
    draw = random.Random(1)
    instants = [END - draw.randrange(1, 21 * 1_440) * 60 for _ in range(WINDOWS)]
    note = f"{EVENTS:,} events over {DAYS} days, {WINDOWS} windows"
    with open_reader(path) as reader:
        triage(reader, settings, now)

        def take_apart(at: int) -> None:
            report = triage(reader, settings, now, at=at)
            detail(reader, settings, report, Kind.API_KEY, report.table(Kind.API_KEY).rows[0].value)

        windows = _times(lambda at: triage(reader, settings, now, at=at), instants)
        details = _times(take_apart, instants[: WINDOWS // 4])
        burns = _times(lambda at: burn(reader, settings, now, at=at), instants[: WINDOWS // 4])
    return [
        Result("triage of a 15 min window, p95", _p95(windows), "ms", 30, note=note),
        Result("triage and the detail of its first key, p95", _p95(details), "ms", 100, note=note),
        Result("burn report, p95", _p95(burns), "ms", 50, note=note),
    ]


def _times(work: Callable[[int], object], instants: list[int]) -> list[float]:
    found = []
    for at in instants:
        start = time.perf_counter()
        work(at)
        found.append((time.perf_counter() - start) * 1_000)
    return found


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
