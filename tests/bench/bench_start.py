"""Start-up of the command against the library it stands on."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.result import Result

ROUNDS = 15


def wall(command: list[str]) -> float:
    """Seconds that a whole process takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def run() -> list[Result]:
    """`burndeck --version` over `python -c 'import click'`, interleaved, medians."""
    burndeck = str(Path(sys.executable).with_name("burndeck"))
    ours, base = [], []
    for _ in range(ROUNDS):
        base.append(wall([sys.executable, "-c", "import click"]))
        ours.append(wall([burndeck, "--version"]))
    a, b = statistics.median(ours), statistics.median(base)
    return [
        Result(
            "burndeck --version / import click",
            a / b,
            "x",
            2.0,
            note=f"{a * 1000:.0f} ms / {b * 1000:.0f} ms",
        )
    ]
