"""A ledger, settings that point at a server, and one pass over it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.daemon import OnceReport, collect_once
from agent.ledger import open_writer
from agent.provider_http import RetryPolicy
from agent.settings import Settings
from agent.settings_schema import Source

QUICK = RetryPolicy(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, obeyed_wait_s=0.5, timeout_s=5.0)
HOUR = 3600


@dataclass(slots=True)
class Reading:
    """An agent's view of one server, pass by pass, with its ledger."""

    settings: Settings

    def once(self, now: float) -> OnceReport:
        """One pass over the source."""
        with open_writer(self.settings.ledger_path) as writer:
            return collect_once(self.settings, writer, now, QUICK)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the ledger file says, by plain SQL."""
        connection = sqlite3.connect(self.settings.ledger_path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


class Readings:
    """Makes readings of servers on ledgers of their own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._count = 0

    def of(self, base_url: str, key: str, **source: Any) -> Reading:
        """A reading with one source; a short history unless told otherwise."""
        self._monkeypatch.setenv("OPENAI_ADMIN_KEY", key)
        self._count += 1
        options: dict[str, Any] = {"history": 6 * HOUR, "detail": HOUR} | source
        ledger = self._folder / f"ledger-{self._count}.sqlite"
        return Reading(Settings(sources=(Source(base_url=base_url, **options),), ledger_path=ledger))


@pytest.fixture
def readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Readings:
    """Readings in a folder of this test's own, with the key where the agent looks for it."""
    return Readings(tmp_path, monkeypatch)
