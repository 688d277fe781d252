"""The console's first full frame on a ledger of 5,000,000 events; only when asked for: `ARGS=large`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from agent.ledger import open_writer
from tests.bench.bench_console import DAYS, KEYS, Stage, first_frame
from tests.bench.ledgers import fill_with_events
from tests.bench.result import Result

EVENTS = 5_000_000


def run() -> list[Result]:
    """The figure; making the ledger takes minutes, which is why it is asked for by name."""
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        stage = Stage(Path(folder) / "ledger.sqlite", int(time.time()) // 60 * 60)
        fill_with_events(stage.path, EVENTS, DAYS, end=stage.now, keys=KEYS)
        with open_writer(stage.path) as writer:
            writer.beat(1, "bench", "0", stage.now, stage.now)
        return first_frame(stage, f"{EVENTS / 1e6:g} million events")
