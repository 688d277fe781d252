"""Evaluating every alert rule, each minute: 200 keys with a month of history, and 20,000 keys x models."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from agent.alerts import BurnMemory, evaluate
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.kinds import Kind
from agent.ledger.rows import BucketRow
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from tests.agent.alerts.build import DAY, HOUR, NOON, Town, Use, rhythm
from tests.bench.result import Result

KEYS = 200
MODELS = ("gpt-5", "gpt-5-mini", "gpt-4o", "o3", "gpt-4.1")
MINUTES = 60

MANY_KEYS = 4_000
DAYS = 30
LATEST = 10
"""Minutes that a provider goes on counting: each evaluation finds them changed."""

STEPS = 8
_CREDIT = 10**9
_SERVICES = [Service(model, Operation.COMPLETION, "/v1/chat/completions") for model in MODELS]
_OWNERS = [
    Dimensions("openai", f"key_{key}", team=f"team_{key % 60}", environment="prod", billing_group="product")
    for key in range(MANY_KEYS)
]


def run() -> list[Result]:
    """One hour of minutes with few keys; some minutes with many."""
    return [_few(), *_many()]


def _few() -> Result:
    uses = [Use(f"key_{n}", f"team_{n % 12}", 60.0 + n, model=MODELS[n % len(MODELS)]) for n in range(KEYS)]
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        town = Town(Path(folder) / "ledger.sqlite", uses=uses)
        settings, memory = Settings(), BurnMemory()
        first = _milliseconds(town.writer, settings, memory, NOON)
        times = []
        for minute in range(1, MINUTES + 1):
            town.advance(NOON + minute * 60)
            times.append(_milliseconds(town.writer, settings, memory, NOON + minute * 60))
        town.close()
    note = f"{KEYS} keys, 30 days, {MINUTES} evaluations; the first, which reads all, {first:.0f} ms"
    value = sorted(times)[int(0.95 * MINUTES)]
    return Result("evaluation of all alert rules, p95", value, "ms", 100, note=note)


def _many() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        path = Path(folder) / "ledger.sqlite"
        # Each in a process of its own, so that filling the ledger does not count as memory of the agent.
        for task in (fill, measure):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                done = pool.submit(task, path).result()
    first, times, before_mb, peak_mb = done
    pairs = MANY_KEYS * len(MODELS)
    note = f"{pairs:,} keys x models, {DAYS} days, {LATEST} minutes revised each time; cold {first:.0f} ms"
    return [
        Result("evaluation of many series, worst", max(times), "ms", 2_000, note=note),
        Result("memory of a process that does it", peak_mb, "MB", 300, note=f"{before_mb:.0f} before it"),
    ]


def fill(path: Path) -> None:
    """A ledger of many keys: a month of hours as rollups, an hour of minutes as the provider's buckets."""
    with open_writer(path) as writer:
        end = NOON + MINUTES * 60
        for hour in (NOON - day * DAY + HOUR for day in (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)):
            write_minutes(writer, hour, 1, HOUR)
        write_minutes(writer, end - MINUTES * 60, MINUTES)
    _add_hours(path, (NOON - DAYS * DAY) // HOUR * HOUR, NOON)


def measure(path: Path) -> tuple[float, list[float], float, float]:
    """Milliseconds of the first evaluation and of later ones, and megabytes before them and at most."""
    with open_writer(path) as writer:
        settings, memory = Settings(), BurnMemory()
        now = NOON + MINUTES * 60
        before = _megabytes()
        first = _milliseconds(writer, settings, memory, now)
        times = []
        for step in range(1, STEPS + 1):
            start = now + (step - LATEST) * 60
            # In the second half one key runs away, so that its past and its cause are looked up as well.
            write_minutes(writer, start, LATEST, more=step, runaway=step > STEPS // 2)
            times.append(_milliseconds(writer, settings, memory, now + step * 60))
    return first, times, before, _megabytes()


def write_minutes(
    writer: LedgerWriter, start: int, count: int, width: int = 60, more: int = 0, *, runaway: bool = False
) -> None:
    """What every key does with every model; `more` requests of some tell a revision from what was read."""
    for at in range(start, start + count * width, width):
        rows = []
        for key in range(MANY_KEYS):
            requests = round((2 + key % 7) * rhythm(at) * width / 60) + (more if key % 100 == 1 else 0)
            if runaway and not key and at == start + (count - 1) * width:
                requests *= 1_000
            rows += [
                BucketRow(
                    at, width, _OWNERS[key], service, requests, 900 * requests, 0, 90 * requests, 0,
                    requests * (1 + place) * _CREDIT // 10,
                )
                for place, service in enumerate(_SERVICES)
            ]  # fmt: skip
        writer.write_usage_window("openai", at, at + width, {"completions": rows}, read_at=at + width)


def _add_hours(path: Path, start: int, end: int) -> None:
    """Rollups of hours alone, straight into the file: a month of buckets would take minutes to write."""
    conn = sqlite3.connect(path)
    known = conn.execute(
        "SELECT kind, id, requests, credits_nano FROM roll_hour WHERE bucket = ? AND kind IN (0, 1, 2, 8)",
        (NOON,),
    ).fetchall()
    assert {Kind(row[0]) for row in known} == {Kind.TOTAL, Kind.TEAM, Kind.MODEL, Kind.API_KEY}
    conn.executemany(
        "INSERT OR IGNORE INTO roll_hour VALUES (?, ?, ?, ?, 0, ?, 0, ?, 0, ?, 0, ?, ?, 0, 0)",
        (
            (kind, hour, ident, calls, calls * 900, calls * 90, spent, calls, spent)
            for hour in range(start, end, HOUR)
            for kind, ident, requests, nano in known
            for calls, spent in [(round(requests * rhythm(hour)), round(nano * rhythm(hour)))]
        ),
    )
    conn.commit()
    conn.close()


def _megabytes() -> float:
    """The most that this process has had; unlike ru_maxrss, what its parent had does not count."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) / 1024


def _milliseconds(writer: LedgerWriter, settings: Settings, memory: BurnMemory, now: int) -> float:
    """Processor time of one evaluation: other work that shares the machine does not count."""
    start = time.process_time()
    evaluate(writer, settings, now, memory)
    return (time.process_time() - start) * 1_000
