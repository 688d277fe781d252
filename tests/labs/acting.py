"""A burndeck.toml for a real gateway, an agent process on it, and people who act by commands."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.control.identity import VARIABLE, new_identity, write_identity
from tests.e2e.test_console_terminal import Tmux

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux to have a real terminal")
ROOT = Path(__file__).parents[2]
PEOPLE = {"ada": "operator", "fay": "finance", "eve": "engineering", "dan": "engineering"}
"""Who may act, and in which role."""


class Site:
    """An agent's folder. `config`: what burndeck.toml says of sources and gateways."""

    def __init__(self, folder: Path, config: str, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ledger = folder / "ledger.sqlite"
        self._environ = environ or {}
        self._agent: subprocess.Popen[bytes] | None = None
        people = [
            write_identity(new_identity(name), folder / name).config_block().replace("operator", role)
            for name, role in PEOPLE.items()
        ]
        head = '[organization]\nid = "org-1"\n\n[ledger]\npath = "ledger.sqlite"\n\n'
        (folder / "burndeck.toml").write_text("\n".join([head, config, *people]))

    def environment(self, person: str = "ada") -> dict[str, str]:
        """What a process of somebody sees."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        return {
            **kept,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": str(ROOT),
            VARIABLE: str(self.folder / person),
            **self._environ,
        }

    def command(self, *words: str) -> list[str]:
        """`burndeck WORDS`."""
        return [sys.executable, "-m", "console.cli", *words]

    def start(self) -> None:
        """Starts the agent and waits until it knows a key of its gateway."""
        with (self.folder / "agent.out").open("ab") as out:
            self._agent = subprocess.Popen(
                self.command("agent", "run"),
                cwd=self.folder,
                env=self.environment(),
                stdout=out,
                stderr=out,
            )
        until(lambda: self.ended or self.rows(_KNOWN), "keys of the gateway", why=self.said)
        assert not self.ended, self.said()

    @property
    def ended(self) -> bool:
        """Whether there is no agent that runs."""
        return self._agent is None or self._agent.poll() is not None

    def kill(self) -> None:
        """Ends the agent as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the agent as a person does."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._agent is not None:
            self._agent.send_signal(how)
            self._agent.wait(20)
            self._agent = None

    def burndeck(self, *words: str, person: str = "ada", code: int = 0) -> dict[str, Any]:
        """What a command of somebody prints with --json; it must end with this exit code."""
        done = subprocess.run(
            self.command(*words, *(("--wait", "30") if words[0] in _WAITS else ()), "--json"),
            cwd=self.folder,
            env=self.environment(person),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, (
            f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}{self.said()}"
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def spawn(self, *words: str, person: str = "ada") -> subprocess.Popen[bytes]:
        """Starts a command and leaves it to itself."""
        return subprocess.Popen(
            [*self.command(*words), "--json"],
            cwd=self.folder,
            env=self.environment(person),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def console(self) -> Tmux:
        """The console of the first person in a terminal of 120 columns."""
        variables = self.environment()
        names = (VARIABLE, "PYTHONPATH", "PYTHON_KEYRING_BACKEND")
        given = ["env", *(f"{name}={variables[name]}" for name in names)]
        command = self.command("--config", str(self.folder / "burndeck.toml"))
        return Tmux([*given, *command], 120, 40)

    def said(self) -> str:
        """The end of what the agent said."""
        return (self.folder / "agent.out").read_text()[-2000:]

    def release(self) -> None:
        """Undoes the newest action that holds, by `burndeck release`."""
        ((ident,),) = self.rows("SELECT max(id) FROM action WHERE state IN ('accepted', 'confirmed')")
        undone = self.burndeck("release", str(ident), "--reason", "over")
        assert undone["actions"][0]["action"]["state"] == "reversed"

    def action(self, ident: int) -> dict[str, Any]:
        """An action as `burndeck actions show` has it."""
        entry: dict[str, Any] = self.burndeck("actions", "show", str(ident))["entry"]
        return entry

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the ledger; none while there is no ledger."""
        try:
            connection = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)
        except sqlite3.OperationalError:
            return []
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    def state(self, ident: int) -> str:
        """The state of an action; empty until an agent has taken what was asked for."""
        found = self.rows("SELECT state FROM action WHERE id = ?", ident)
        return str(found[0][0]) if found else ""

    def until_state(self, ident: int, *states: str, within_s: float = 30.0) -> str:
        """Waits until an action is in one of these states."""
        until(lambda: self.state(ident) in states, f"action {ident} {states}", within_s, self.said)
        return self.state(ident)

    def burn(self) -> dict[tuple[str, str, str], int]:
        """Events that cost something by key, team and environment."""
        return {(key, team, where): count for key, team, where, count in self.rows(_BURN)}


def until(
    seen: Callable[[], Any],
    what: str,
    within_s: float = 30.0,
    why: Callable[[], str] = lambda: "",
) -> Any:
    """What `seen` gives once it gives anything."""
    end = time.monotonic() + within_s
    while not (found := seen()):
        assert time.monotonic() < end, f"{what}: not within {within_s} s\n{why()}"
        time.sleep(0.01)
    return found


def enter_again(terminal: Tmux, name: str, *limit: str) -> str:
    """Throttles a key from Triage by keys, up to the last Enter; returns what it would do.

    `limit`: the keys that write another one than the console proposes.
    """
    terminal.until("BURN NOW")
    terminal.press("2")
    terminal.until("Triage", name)
    terminal.press("/", *name, "Enter")
    terminal.until("1 of ")
    terminal.press("t")
    terminal.until(f"Throttle key {name}", "goes on to the confirmation")
    if limit:
        terminal.press("C-u")
        terminal.until("nothing is none such")
        terminal.press(*limit)
        terminal.until(f"limit      {''.join(limit).replace('Space', ' ')}", "goes on to the confirmation")
    terminal.press("Enter")
    return terminal.until("Enter again: throttle")


_WAITS = ("throttle", "block", "approve", "release")
_KNOWN = "SELECT 1 FROM gateway_key"
_BURN = """
SELECT key.value, team.value, environment.value, count(*) FROM event
JOIN context ON context.id = event.context JOIN dim AS key ON key.id = context.api_key
JOIN dim AS team ON team.id = context.team JOIN dim AS environment ON environment.id = context.environment
WHERE event.error IS NULL AND event.credits_nano > 0 GROUP BY 1, 2, 3
"""
