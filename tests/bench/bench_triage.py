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
        _result("triage of a 15 min window, p95", windows, 30, note),
        _result("triage and detail of its first key, p95", details, 100, note),
        _result("burn report, p95", burns, 50, note),
    ]


def _times(work: Callable[[int], object], instants: list[int]) -> list[tuple[float, float]]:
    """Milliseconds on the wall and of the processor: they part where other work shares the machine."""
    found = []
    for at in instants:
        wall, cpu = time.perf_counter(), time.process_time()
        work(at)
        found.append(((time.perf_counter() - wall) * 1_000, (time.process_time() - cpu) * 1_000))
    return found


def _result(name: str, times: list[tuple[float, float]], goal: float, note: str) -> Result:
    wall, cpu = ([pair[place] for pair in times] for place in (0, 1))
    return Result(name, _p95(wall), "ms", goal, note=f"{_p95(cpu):.1f} ms of processor; {note}")


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
