"""Starting the agent in the background and ending it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from agent.errors import BurndeckError, LedgerError
from agent.ledger import open_reader
from agent.process.lock import LedgerLock
from agent.settings import Settings

_START_S = 20.0  # real seconds until the first heartbeat is missed
_LOOK_S = 0.05


def running_pid(ledger: Path) -> int | None:
    """Process id of the agent that writes this ledger now; None: there is none."""
    return LedgerLock(ledger).holder()


def start(settings: Settings, command: list[str]) -> int:
    """Starts `command` detached, waits for its first heartbeat and gives its process id.

    Raises `LedgerError` when an agent already runs, `BurndeckError` with its last words when it ends at once.
    """
    pid = running_pid(settings.ledger_path)
    if pid is not None:
        raise LedgerError(
            f"an agent (pid {pid}) already writes {settings.ledger_path}", hint="See `burndeck agent status`."
        )
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            words = process.stderr.read().strip() if process.stderr else ""
            raise BurndeckError(
                f"the agent ended at once: {words or f'exit code {process.returncode}'}",
                hint="`burndeck agent run` shows what it says.",
            )
        if _beats(settings.ledger_path, process.pid):
            return process.pid
        time.sleep(_LOOK_S)
    process.terminate()
    raise BurndeckError(
        f"the agent gave no heartbeat within {_START_S:.0f} s and was ended",
        hint=f"The log may say why: {settings.log_path}",
    )


def stop(ledger: Path, wait_s: float = 10.0) -> int | None:
    """Ends the agent of this ledger and waits until it has let go; its process id, None when none ran.

    Raises `BurndeckError` when it does not end in time.
    """
    pid = running_pid(ledger)
    if pid is None:
        return None
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while running_pid(ledger) == pid:
        if time.monotonic() > deadline:
            raise BurndeckError(
                f"the agent (pid {pid}) has not ended within {wait_s:.0f} s",
                hint=f"`kill -9 {pid}` is safe: the ledger goes on from its last commit.",
            )
        time.sleep(_LOOK_S)
    return pid


def _beats(ledger: Path, pid: int) -> bool:
    if running_pid(ledger) != pid:
        return False
    try:
        with open_reader(ledger) as reader:
            state = reader.one("agent_state")
    except LedgerError:
        return False  # not there yet
    return state is not None and state["pid"] == pid and state["stopped_at"] is None
