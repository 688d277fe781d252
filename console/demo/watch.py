"""The demo with a screen: starts the backend, opens the console on its ledger, ends both."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.errors import BurndeckError

if TYPE_CHECKING:
    from fixtures.scenario import Scenario

_READY_WITHIN_S = 30.0
_END_WITHIN_S = 10.0


def watch(scenario: Scenario, seed: int, speed: float, keep: Path | None) -> None:
    """Opens the console on a simulated organization; returns when the person leaves it."""
    click.echo(f"Simulating {scenario.title.lower()} at {speed:g}x ...", err=True)
    with tempfile.TemporaryFile("w+") as complaints:
        backend = subprocess.Popen(
            [sys.executable, "-P", "-m", "console.demo.backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            # Ctrl-C in the terminal is for the console; the backend ends when its standard input does.
            start_new_session=True,
        )
        try:
            _open_console(backend, scenario.name, seed, speed, keep)
        except EOFError:
            complaints.seek(0)
            last = (complaints.read().strip().splitlines() or ["it said nothing"])[-1]
            raise BurndeckError(f"the demo's provider and agent did not start: {last}") from None
        finally:
            _end(backend)


def _open_console(
    backend: subprocess.Popen[str], scenario: str, seed: int, speed: float, keep: Path | None
) -> None:
    assert backend.stdin is not None
    assert backend.stdout is not None
    order = {
        "scenario": scenario,
        "seed": seed,
        "speed": speed,
        "keep": str(keep.resolve()) if keep else None,
    }
    backend.stdin.write(json.dumps(order) + "\n")
    backend.stdin.flush()
    line = backend.stdout.readline()
    if not line:
        raise EOFError
    told = json.loads(line)
    _wait_for_ledger(backend, Path(told["ledger"]))
    from console.app import run_console

    run_console(Path(told["config"]), None)


def _wait_for_ledger(backend: subprocess.Popen[str], ledger: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not ledger.exists():
        if backend.poll() is not None or time.monotonic() > deadline:
            raise EOFError
        time.sleep(0.02)


def _end(backend: subprocess.Popen[str]) -> None:
    if backend.stdin:
        backend.stdin.close()
    try:
        backend.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        backend.kill()
        backend.wait()
