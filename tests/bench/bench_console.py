"""The console: its first full frame, from a commit to the changed cell, and what it costs while idle."""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from tests.bench.result import Result
from tests.bench.terminal import Terminal

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter

ROUNDS = 9
COMMITS = 12
IDLE_S = 10.0
DAYS, TEAMS, KEYS = 35, 12, 200
FULL_FRAME = (b"BURN NOW", b"LAST HOUR", b"team-0", b"agent", b"quit")
MINIMAL_FRAME = (b"cell-30-0",)


@dataclass(frozen=True, slots=True)
class Stage:
    """A ledger that the console opens."""

    path: Path
    now: int  # whole minute

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "console.cli", "--db", str(self.path)]


def run() -> list[Result]:
    """All figures, on a ledger of 200 keys with five weeks of history."""
    with _stage() as stage:
        return [*first_frame(stage), *_latency(stage), *_idle(stage)]


@contextlib.contextmanager
def _stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        stage = Stage(Path(folder) / "ledger.sqlite", int(time.time()) // 60 * 60)
        hour = stage.now // 3600 * 3600
        with open_writer(stage.path) as writer:
            for back in range(DAYS * 24, 0, -1):
                start = hour - back * 3600
                rows = [_bucket(key, start, 3600, 120) for key in range(KEYS)]
                writer.write_usage_window(
                    "openai", start, start + 3600, {"completions": rows}, read_at=start + 3700
                )
            _write_minutes(writer, hour, stage.now)
            writer.beat(1, "bench", "0", stage.now, stage.now)
        yield stage


def _bucket(key: int, start: int, width: int, requests: int) -> BucketRow:
    dimensions = Dimensions(
        account="openai",
        api_key=f"key-{key}",
        project=f"project-{key % 40}",
        environment=("prod", "staging", "dev")[key % 3],
        team=f"team-{key % TEAMS}",
    )
    service = Service(f"model-{key % 10}", Operation.COMPLETION, "/v1/chat/completions")
    return BucketRow(
        start, width, dimensions, service, requests, requests * 900, 0, requests * 300, 0, requests * 10**8
    )


def _write_minutes(writer: LedgerWriter, start: int, end: int, requests: int = 2) -> None:
    for minute in range(start, end, 60):
        rows = [_bucket(key, minute, 60, requests) for key in range(KEYS)]
        writer.write_usage_window("openai", minute, minute + 60, {"completions": rows}, read_at=end)


def first_frame(stage: Stage, ledger: str = "") -> list[Result]:
    """From the start of the process to the last part of the frame, against a minimal Textual app."""
    minimal = [sys.executable, "-m", "tests.bench.minimal_app"]
    ours, base = [], []
    for _ in range(ROUNDS):
        base.append(_until_frame(minimal, MINIMAL_FRAME))
        ours.append(_until_frame(stage.command, FULL_FRAME))
    a, b = statistics.median(ours), statistics.median(base)
    note = f"{a * 1000:.0f} ms / {b * 1000:.0f} ms, medians of {ROUNDS}, interleaved" + (
        f"; {ledger}" if ledger else ""
    )
    return [Result("first full frame / minimal Textual app", a / b, "x", 1.5, note=note)]


def _until_frame(command: list[str], frame: tuple[bytes, ...]) -> float:
    with Terminal(command) as terminal:
        terminal.wait_for(*frame)
        return time.perf_counter() - terminal.started


def _latency(stage: Stage) -> list[Result]:
    """Writes the newest minute again with other amounts, in one commit, until the burn is painted anew."""
    seconds = []
    with Terminal(stage.command) as terminal, open_writer(stage.path) as writer:
        terminal.wait_for(*FULL_FRAME)
        terminal.settle(1.5)
        for turn in range(COMMITS):
            seen = len(terminal.output)
            _write_minutes(writer, stage.now - 60, stage.now, requests=10 + turn * 10)
            start = time.perf_counter()
            terminal.wait_for(b" credits/min", since=seen, within=5)
            seconds.append(time.perf_counter() - start)
            terminal.settle(1.2)
    note = f"median of {COMMITS}; worst {max(seconds) * 1000:.0f} ms"
    return [Result("commit to changed cell", statistics.median(seconds) * 1000, "ms", 400, note=note)]


def _idle(stage: Stage) -> list[Result]:
    with Terminal(stage.command) as terminal:
        terminal.wait_for(*FULL_FRAME)
        terminal.settle(4.0)
        before, printed = terminal.cpu_seconds(), len(terminal.output)
        terminal.settle(IDLE_S)
        used = (terminal.cpu_seconds() - before) / IDLE_S * 100
        note = f"over {IDLE_S:g} s, {(len(terminal.output) - printed) / IDLE_S:.0f} bytes/s"
    return [Result("console idle", used, "%", 3.0, note=note)]
