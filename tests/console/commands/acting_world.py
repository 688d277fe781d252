"""A ledger with traffic, a gateway that answers, people with keys, and an agent that acts for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from agent.control import take
from agent.control.engine import Bench, Executor
from agent.control.gateways.base import open_link
from agent.control.identity import VARIABLE, new_identity, write_identity
from agent.control.occasion import nobody
from agent.control.requests import handlers
from agent.domain.alert import HARD_CAP, Alert, AlertRule, AlertState, Signal
from agent.domain.incident import Incident
from agent.domain.money import NANO
from agent.domain.usage import Dimensions
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import load_settings
from console.cli import run
from tests.agent.ledger.build import batch, event
from tests.agent.ledger.plain import Event
from tests.servers.haproxy_admin import AdminSocket

T = TypeVar("T")
KEYS = ("key_dev", "key_prod")
ROLES = {"ada": "operator", "bo": "finance", "cy": "engineering", "eve": "viewer"}
CALLS = 600
"""Calls of each key in the ten minutes before now: one a second."""


@dataclass
class World:
    """Team search with a key of dev and one of prod behind one HAProxy."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    admin: AdminSocket = field(init=False)

    def __post_init__(self) -> None:
        self.ledger, self.config = self.folder / "ledger.sqlite", self.folder / "burndeck.toml"
        maps: dict[str, list[tuple[str, str]]] = {}
        for name in ("rps.map", "rpm.map", "block.map"):
            (self.folder / name).touch()
            maps[str(self.folder / name)] = []
        maps[str(self.folder / "keys.map")] = [(key[-1] * 8, key) for key in KEYS]
        self.admin = AdminSocket(self.folder / "admin.sock", maps)
        self.config.write_text(_CONFIG.format(folder=self.folder) + self._people())
        self.now = int(time.time())
        with open_writer(self.ledger) as writer:
            writer.write_events(batch([_call(key, at) for key in KEYS for at in self._seconds()]))
            settings = load_settings(self.config)
            inventory = asyncio.run(open_link(settings, settings.gateways[0]).inventory())
            writer.actions.save_inventory("haproxy", inventory, self.now)
        self.as_("ada")

    def _seconds(self) -> range:
        return range(self.now - CALLS, self.now)

    def _people(self) -> str:
        blocks = []
        for name, role in ROLES.items():
            identity = write_identity(new_identity(name), self.folder / f"{name}.key")
            blocks.append(identity.config_block().replace("operator", role))
        return "\n".join(blocks)

    def burns_unserved(self, key: str) -> None:
        """A key of the team burns that the gateway does not know."""
        with open_writer(self.ledger) as writer:
            writer.write_events(batch([_call(key, at) for at in self._seconds()]))

    def as_(self, name: str) -> None:
        """From now on it is this person at the machine."""
        self.monkeypatch.setenv(VARIABLE, str(self.folder / f"{name}.key"))

    def run(self, *words: str) -> int:
        """The exit code of a command."""
        return run([*words, "--config", str(self.config), "--db", str(self.ledger)])

    def entries(self, name: str) -> list[tuple[str, str]]:
        """What the gateway holds in one of its maps."""
        return self.admin.maps[str(self.folder / name)]

    @contextmanager
    def agent(self) -> Iterator[None]:
        """Carries out what people sign, at the gateway, as the process does."""
        over = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._work(over)))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    async def _work(self, over: threading.Event) -> None:
        settings = load_settings(self.config).with_ledger(self.ledger)
        with open_writer(self.ledger) as writer:
            executor = Executor(Bench(settings, _Desk(writer), settings.clock(), nobody))
            task = asyncio.create_task(executor.run())
            while not over.is_set():
                if take(writer, settings, time.time(), handlers(settings, nobody)):
                    executor.kick()
                await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def at_its_cap(now: int, incident: Incident) -> Alert:
    """The alert of a team that has burnt all that it has."""
    signal = Signal(
        fingerprint="budget",
        rule=AlertRule.BUDGET,
        tier=HARD_CAP,
        at=now,
        scope_kind="team",
        scope="search",
        current_nano=NANO,
        expected_nano=NANO,
        threshold=Decimal(1),
    )
    return Alert(signal, AlertState.FIRING, now, fired_at=now, incident=incident.id)


class _Desk:
    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        return task(self._writer)


def _call(key: str, at: int) -> Event:
    who = Dimensions("openai", api_key=key, environment=key.removeprefix("key_"), team="search")
    return event(f"{key}-{at}", at, dimensions=who, credits_nano=NANO // 10)


_CONFIG = """
[[gateways]]
kind = "haproxy"
socket = "{folder}/admin.sock"
maps = "{folder}"

[[allocations]]
id = "org-1"
scope = "organization"
monthly_credits = 100000
reserve = 5000
emergency_buffer = 1000

[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = 10000
emergency_buffer = 100

"""
