"""`burndeck ingest` as a whole against the plainest way to get the same rows into SQLite."""

from __future__ import annotations

import multiprocessing
import random
import resource
import sqlite3
import sys
import tempfile
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from agent.ledger import open_writer
from agent.settings import Settings
from agent.telemetry.intake import ingest
from tests.bench.result import Result

EVENTS = 1_000_000
TURNS = 2
BATCH = 50_000
KEYS, PROJECTS, TEAMS = 5_000, 300, 60
MODELS = ("gpt-5", "gpt-5-mini", "gpt-4.1", "gpt-4o-mini-2024-07-18")
DAY = 1_772_323_200

Row = tuple[str, str, str, str, str, int, int, str, str, str, str, int]


def run() -> list[Result]:
    """Rows a second of both, in turns, on the same million events; and the memory of the pipeline."""
    baseline = seconds = memory = 0.0
    with (
        tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        pool.submit(int).result()  # started before the rows are there, whose memory would count as its own
        rows = list(make_rows(EVENTS))
        file = Path(folder) / "events.ndjson"
        write_ndjson(file, rows)
        for turn in range(TURNS):
            baseline += insert_plainly(Path(folder) / f"plain-{turn}.sqlite", rows)
            taken, used = pool.submit(take_in, Path(folder) / f"ledger-{turn}.sqlite", file).result()
            seconds, memory = seconds + taken, max(memory, used)
    count = TURNS * EVENTS
    note = f"{count / seconds:,.0f} / {count / baseline:,.0f} rows/s"
    return [
        Result("ingest pipeline / plain executemany", baseline / seconds, "x", 3.0, at_least=True, note=note),
        Result("memory of the pipeline, all its processes", memory, "MB", 250),
    ]


def make_rows(count: int) -> list[Row]:
    """Events of one day in the order of time, with few busy and many quiet keys."""
    rng = random.Random(1)
    rows: list[Row] = []
    for number in range(count):
        micros = int(number * 86_400_000_000 / count)
        second, fraction = divmod(micros, 1_000_000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(DAY + second)) + f".{fraction:06}Z"
        key = min(int(rng.paretovariate(1.1) * 3), KEYS - 1)
        ident = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        tokens = (rng.randrange(5_000), rng.randrange(900))
        labels = (f"team-{key % TEAMS}", f"CC-{key % TEAMS}", f"project-{key % PROJECTS}", "prod")
        rows.append(
            (stamp, ident, f"key-{key}", rng.choice(MODELS), "chat", *tokens, *labels, rng.randrange(3_000))
        )
    return rows


def write_ndjson(file: Path, rows: list[Row]) -> None:
    """The rows in the guide's form."""
    form = (
        '{"timestamp":"%s","request_id":"%s","api_key_id":"%s","model_name":"%s","operation_type":"%s",'
        '"units_consumed":{"input":%d,"output":%d,"cached":0},"usage_labels":{"team":"%s","cost_center":"%s",'
        '"project":"%s","environment":"%s"},"response_latency_ms":%d,"error_code":null}\n'
    )
    with file.open("w") as stream:
        stream.writelines(form % row for row in rows)


def insert_plainly(file: Path, rows: list[Row]) -> float:
    """Seconds of a plain `executemany` into a table with a text key, as durable as the ledger."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE event (at TEXT, request_id TEXT PRIMARY KEY, api_key TEXT, model TEXT, operation TEXT,"
        " tokens_input INT, tokens_output INT, team TEXT, cost_center TEXT, project TEXT, environment TEXT,"
        " latency_ms INT)"
    )
    began = time.perf_counter()
    for first in range(0, len(rows), BATCH):
        with connection:
            connection.executemany(
                "INSERT OR IGNORE INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", rows[first : first + BATCH]
            )
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def take_in(ledger: Path, file: Path) -> tuple[float, float]:
    """Seconds of the whole pipeline, decoding to commit, and the most memory so far in MB."""
    began = time.perf_counter()
    with open_writer(ledger) as writer:
        summary = ingest([str(file)], Settings(ledger_path=ledger), writer)
    assert summary.written.accepted == EVENTS, summary
    seconds = time.perf_counter() - began
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return seconds, sum(peaks) / (1024 * 1024 if sys.platform == "darwin" else 1024)
