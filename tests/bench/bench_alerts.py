"""Evaluating every alert rule, each minute, with 200 keys and 30 days of history."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from agent.alerts import BurnMemory, evaluate
from agent.settings import Settings
from tests.agent.alerts.build import NOON, Town, Use
from tests.bench.result import Result

KEYS = 200
MODELS = ("gpt-5", "gpt-5-mini", "gpt-4o", "o3", "gpt-4.1")
MINUTES = 60


def run() -> list[Result]:
    """One hour of minutes, after the first evaluation has read the history."""
    uses = [Use(f"key_{n}", f"team_{n % 12}", 60.0 + n, model=MODELS[n % len(MODELS)]) for n in range(KEYS)]
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        town = Town(Path(folder) / "ledger.sqlite", uses=uses)
        settings, memory = Settings(), BurnMemory()
        first = _milliseconds(town, settings, memory, NOON)
        times = []
        for minute in range(1, MINUTES + 1):
            town.advance(NOON + minute * 60)
            times.append(_milliseconds(town, settings, memory, NOON + minute * 60))
        town.close()
    note = f"{KEYS} keys, 30 days, {MINUTES} evaluations; the first, which reads all, {first:.0f} ms"
    return [
        Result("evaluation of all alert rules, p95", sorted(times)[int(0.95 * MINUTES)], "ms", 100, note=note)
    ]


def _milliseconds(town: Town, settings: Settings, memory: BurnMemory, now: int) -> float:
    """Processor time of one evaluation: other work that shares the machine does not count."""
    start = time.process_time()
    evaluate(town.writer, settings, now, memory)
    return (time.process_time() - start) * 1_000
