"""The ledger's own speed: ready batches of events against a plain `executemany` of the same rows."""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.rows import EventBatch
from agent.ledger.writer import LedgerWriter
from tests.bench.result import Result

BATCH = 50_000
LIVE_ROWS = 2_000  # events that a stream brings at once
MILLION = 20  # batches
KEYS, MODELS, START = 5_000, 12, 1_700_006_400

_TABLE = """CREATE TABLE event (
  request_id TEXT PRIMARY KEY, at INTEGER, api_key TEXT, model TEXT, operation TEXT, endpoint TEXT,
  team TEXT, cost_center TEXT, project TEXT, environment TEXT, tokens_input INTEGER, tokens_cached INTEGER,
  tokens_output INTEGER, credits_nano INTEGER, latency_ms INTEGER, error_code TEXT)"""
_INSERT = f"INSERT OR IGNORE INTO event VALUES ({', '.join('?' * 16)})"


def make_batch(number: int) -> EventBatch:
    """Batch `number` of a day's traffic: Zipf keys, 2 % errors, the time goes on from batch to batch."""
    rng = np.random.default_rng(number)
    dimensions = [
        Dimensions(
            "gateway",
            api_key=f"key-{key:04}",
            project=f"project-{key % 300}",
            environment=("prod", "staging", "dev")[key % 3],
            team=f"team-{key % 60}",
            cost_center=f"CC-{key % 60}",
        )
        for key in range(KEYS)
    ]
    raw = rng.bytes(16 * BATCH).hex()
    ids = [raw[at : at + 32] for at in range(0, len(raw), 32)]
    zeros = np.zeros(BATCH, np.int64)
    return EventBatch(
        at=np.sort(START + number * 4320 + rng.integers(0, 4320, BATCH)),  # a million events a day
        request_id=[f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}" for one in ids],
        dimensions=dimensions,
        context=(rng.zipf(1.3, BATCH) % KEYS).astype(np.int64),
        services=[
            Service(f"model-{each}", Operation.COMPLETION, "/v1/chat/completions") for each in range(MODELS)
        ],
        service=rng.integers(0, MODELS, BATCH),
        tokens_input=rng.integers(1, 20_000, BATCH),
        tokens_cached=zeros,
        tokens_output=rng.integers(1, 2_000, BATCH),
        quantity_micro=zeros,
        credits_nano=rng.integers(1, 10**9, BATCH),
        priced=np.ones(BATCH, np.bool_),
        latency_ms=rng.integers(50, 5_000, BATCH),
        error_code=["429" if draw < 0.02 else None for draw in rng.random(BATCH).tolist()],
    )


def write_plainly(batches: int) -> list[float]:
    """Seconds a batch of the baseline: the same rows, ready as tuples, one transaction a batch, FULL."""
    with tempfile.TemporaryDirectory() as folder:
        conn = sqlite3.connect(Path(folder) / "plain.sqlite", isolation_level=None)
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute(_TABLE)
        seconds = []
        for number in range(batches):
            rows = _tuples(make_batch(number))
            start = time.perf_counter()
            conn.execute("BEGIN")
            conn.executemany(_INSERT, rows)
            conn.execute("COMMIT")
            seconds.append(time.perf_counter() - start)
        conn.close()
        return seconds


def write_ledger(batches: int) -> list[float]:
    """Seconds a batch of the ledger: dedupe, events, all rollups, one transaction a batch, FULL."""
    with tempfile.TemporaryDirectory() as folder, LedgerWriter(Path(folder) / "ledger.sqlite") as writer:
        seconds = []
        for number in range(batches):
            batch = make_batch(number)
            start = time.perf_counter()
            writer.write_events(batch)
            seconds.append(time.perf_counter() - start)
        return seconds


def hold_lock(batches: int) -> list[float]:
    """Seconds a live transaction of `LIVE_ROWS` events takes, on a ledger that holds a million."""
    with tempfile.TemporaryDirectory() as folder, LedgerWriter(Path(folder) / "ledger.sqlite") as writer:
        for number in range(MILLION):
            writer.write_events(make_batch(number))
        seconds = []
        for number in range(MILLION, MILLION + batches):
            start = time.perf_counter()
            writer.write_events(make_batch(number), max_rows=LIVE_ROWS)
            seconds.append((time.perf_counter() - start) / (BATCH / LIVE_ROWS))
        return seconds


def run() -> list[Result]:
    """A million events against the baseline, then five million against the first, and memory."""
    plain, _ = _alone(write_plainly, MILLION)
    ours, memory = _alone(write_ledger, 5 * MILLION)
    live, _ = _alone(hold_lock, 2)
    first, last = sum(ours[:MILLION]), sum(ours[-MILLION:])
    rate = MILLION * BATCH / first
    return [
        Result(
            "ledger alone / plain executemany, 1 M events",
            sum(plain) / first,
            "x",
            4.0,
            at_least=True,
            note=f"{rate / 1000:.0f} k/s against {MILLION * BATCH / sum(plain) / 1000:.0f} k/s",
        ),
        Result("fifth million / first million, seconds", last / first, "x", 1.3),
        Result("memory after 5 M events", memory, "MB", 250),
        Result(
            "a live transaction", 1000 * sum(live) / len(live), "ms", 50, note=f"{LIVE_ROWS} events, mean"
        ),
    ]


def _tuples(batch: EventBatch) -> list[tuple[object, ...]]:
    who = [(d.api_key, d.team, d.cost_center, d.project, d.environment) for d in batch.dimensions]
    what = [(s.model, s.operation.value, s.endpoint) for s in batch.services]
    return [
        (ident, at, key, *service, team, center, project, environment, *counts, error)
        for ident, at, (key, team, center, project, environment), service, *counts, error in zip(
            batch.request_id,
            batch.at.tolist(),
            [who[place] for place in batch.context.tolist()],
            [what[place] for place in batch.service.tolist()],
            batch.tokens_input.tolist(),
            batch.tokens_cached.tolist(),
            batch.tokens_output.tolist(),
            batch.credits_nano.tolist(),
            batch.latency_ms.tolist(),
            batch.error_code,
            strict=True,
        )
    ]


def _alone(measure: Callable[[int], list[float]], batches: int) -> tuple[list[float], float]:
    """Run in a process of its own: its figures, and the most memory it used in MB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_memory, (measure, batches))


def _with_memory(measure: Callable[[int], list[float]], batches: int) -> tuple[list[float], float]:
    figures = measure(batches)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return figures, peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
