"""The demo with a screen: starts the backend, opens the console on its ledger, ends both."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.errors import BurndeckError
from console.demo.pager import FILE as PAGES

if TYPE_CHECKING:
    from fixtures.scenario import Scenario

_READY_WITHIN_S = 30.0
_END_WITHIN_S = 10.0
_KEPT_WITHIN_S = 60.0  # with --keep the backend copies the ledger before it ends


def watch(scenario: Scenario, seed: int, speed: float, keep: Path | None, chosen: Path | None = None) -> None:
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
        folder: Path | None = None
        try:
            config, ledger = _start(backend, scenario.name, seed, speed, keep, chosen)
            folder = config.parent
            click.echo(second_terminal(config.parent), err=True)
            click.echo(where_it_is_told(config.parent), err=True)
            _wait_for_ledger(backend, ledger)
            _open_console(config)
        except (EOFError, BrokenPipeError):
            complaints.seek(0)
            last = (complaints.read().strip().splitlines() or ["it said nothing"])[-1]
            raise BurndeckError(f"the demo's provider and agent did not start: {last}") from None
        finally:
            end(backend, folder, _KEPT_WITHIN_S if keep else _END_WITHIN_S)


def second_terminal(folder: Path) -> str:
    """How the demo's other people use its ledger while it runs."""
    from agent.control.identity import VARIABLE

    return (
        "In another terminal, as finance (or engineering, or identity, which is you):\n"
        f"  {VARIABLE}={folder / 'finance'} burndeck --config {folder / 'burndeck.toml'} approve"
    )


def where_it_is_told(folder: Path) -> str:
    """Where to read what the agent tells the demo's people."""
    return (
        "What on-call, finance and engineering are told, by signed webhooks that a pager receives:\n"
        f"  tail -f {folder / PAGES}"
    )


def _start(
    backend: subprocess.Popen[str],
    scenario: str,
    seed: int,
    speed: float,
    keep: Path | None,
    chosen: Path | None,
) -> tuple[Path, Path]:
    """Tells the backend what to play; returns its configuration and its ledger."""
    assert backend.stdin is not None
    assert backend.stdout is not None
    order = {
        "scenario": scenario,
        "seed": seed,
        "speed": speed,
        "keep": str(keep.resolve()) if keep else None,
        "folder": str(chosen.resolve()) if chosen else None,
    }
    backend.stdin.write(json.dumps(order) + "\n")
    backend.stdin.flush()
    line = backend.stdout.readline()
    if not line:
        raise EOFError
    told = json.loads(line)
    return Path(told["config"]), Path(told["ledger"])


def _open_console(config: Path) -> None:
    from agent.control.identity import VARIABLE
    from console.app import run_console

    os.environ[VARIABLE] = str(config.parent / "identity")  # the demo's person, never the real one

    run_console(config, None)


def _wait_for_ledger(backend: subprocess.Popen[str], ledger: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not ledger.exists():
        if backend.poll() is not None or time.monotonic() > deadline:
            raise EOFError
        time.sleep(0.02)


def end(backend: subprocess.Popen[str], folder: Path | None, within_s: float) -> None:
    """Ends the backend, by force if it takes longer; its temporary folder is gone afterwards in any case."""
    if backend.stdin:
        with contextlib.suppress(BrokenPipeError):  # what could not be written before it died
            backend.stdin.close()
    try:
        backend.wait(within_s)
    except subprocess.TimeoutExpired:
        backend.kill()
        backend.wait()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
