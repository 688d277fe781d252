"""Real agent processes on a ledger of their own, reading a simulated provider."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.clock import ScaledClock
from fixtures.provider import DEFAULT_ADMIN_KEY

CONFIG = """\
[organization]
id = "org-1234"

[ledger]
path = "{ledger}"

[[sources]]
kind = "openai"
base_url = "{base_url}"
history = "{history}"
detail = "{detail}"
{more}

[clock]
epoch = {clock.epoch}
started = {clock.started}
speed = {clock.speed}
"""


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder with a burndeck.toml, from which agents are started."""

    folder: Path
    base_url: str
    clock: ScaledClock
    history: str = "1d"
    detail: str = "2h"
    more: str = ""
    ledger: str = "ledger.sqlite"

    @property
    def ledger_path(self) -> Path:
        """The ledger of this workplace."""
        return self.folder / self.ledger

    def command(self, *words: str) -> list[str]:
        """`burndeck WORDS` on this workplace's configuration."""
        config = self.folder / f"{self.ledger}.toml"
        config.write_text(
            CONFIG.format(
                ledger=self.ledger,
                base_url=self.base_url,
                history=self.history,
                detail=self.detail,
                more=self.more,
                clock=self.clock,
            )
        )
        return [sys.executable, "-m", "console.cli", *words, "--config", str(config)]

    def run(self, *words: str, key: str = DEFAULT_ADMIN_KEY) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            self.command(*words),
            env=environment(key),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        """Starts a command and leaves it running."""
        return subprocess.Popen(
            self.command(*words),
            env=environment(DEFAULT_ADMIN_KEY),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def environment(key: str) -> dict[str, str]:
    """The environment of an agent; without a keyring, so that a test never asks a person's."""
    return os.environ | {"OPENAI_ADMIN_KEY": key, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Waits until something holds; fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.02)
