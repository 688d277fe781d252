"""The streaming detector: a minute's step of 20,000 series, and rows of a single one."""

from __future__ import annotations

import time

import numpy as np

from agent.analytics.stream import StreamPanel, judge_series
from tests.bench.result import Result

SERIES = 20_000
STEPS = 60
ROWS = 10_000
START = 1_772_409_600


def run() -> list[Result]:
    """Processor time: other work that shares the machine does not count."""
    rng = np.random.default_rng(1)
    panel, times = StreamPanel(SERIES), []
    for step in range(STEPS):
        values = rng.gamma(2.0, 5.0, SERIES)
        began = time.process_time()
        panel.step(START + 60 * step, values)
        times.append((time.process_time() - began) * 1_000)
    at, values = START + 60 * np.arange(ROWS), rng.gamma(2.0, 5.0, ROWS)
    began = time.process_time()
    judge_series(at, values)
    alone = (time.process_time() - began) / ROWS * 1e6
    worst = sorted(times)[int(0.95 * STEPS)]
    note = f"{worst / SERIES * 1_000:.1f} us a point"
    return [
        Result(f"one step of {SERIES:,} series, p95", worst, "ms", 200, note=note),
        Result(f"state of {SERIES:,} series", panel.nbytes / 1e6, "MB", 100),
        Result("a row of a single series", alone, "us", 100, note=f"{ROWS:,} rows"),
    ]
