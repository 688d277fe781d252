"""A simulated provider with links of ours to it, and what its traffic says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest

from agent.control.gateways.base import Hit, Link, dialect_of, open_link
from agent.domain.action import ActionSpec
from agent.domain.gateway import Fields, GatewayKey, Inventory, Target, TargetState
from agent.settings import Settings
from agent.settings_gateways import Gateway
from agent.settings_schema import Source
from tests.fixtures.provider.talk import Talk

T = TypeVar("T")
BUSY = "gpt-5-mini"


@dataclass
class World:
    """One provider, and a gateway of burndeck before it."""

    talk: Talk
    settings: Settings
    monkeypatch: pytest.MonkeyPatch
    gateway: Gateway = field(default_factory=lambda: Gateway(kind="openai"))

    def use_key(self, key: str) -> None:
        """From now on links open with this admin key."""
        self.monkeypatch.setenv("OPENAI_ADMIN_KEY", key)

    def ask(self, question: Callable[[Link], Awaitable[T]]) -> T:
        """What a link of its own answers."""

        async def run() -> T:
            link = open_link(self.settings, self.gateway)
            try:
                return await question(link)
            finally:
                await link.close()

        return asyncio.run(run())

    def read(self, target: Target) -> TargetState:
        return self.ask(lambda link: link.read(target))

    def write(self, target: Target, fields: Fields) -> None:
        self.ask(lambda link: link.write(target, fields, action=1, seq=0))

    def inventory(self) -> Inventory:
        return self.ask(lambda link: link.inventory())

    def fault(self, *rules: dict[str, Any]) -> None:
        """What the provider does to requests from now on; nothing where there are no rules."""
        root = str(self.talk.http.base_url).rstrip("/").removesuffix("/v1")
        httpx.put(f"{root}/_faults", json=list(rules), verify=False).raise_for_status()

    def apply(self, spec: ActionSpec, hit: Hit) -> dict[Target, tuple[Fields, Fields]]:
        """Does what the engine does; target -> (what was there before of the fields set, what is wanted)."""
        dialect, done = dialect_of("openai"), {}
        for target in dialect.targets(self.gateway, spec, hit):
            state = self.read(target)
            wanted = dialect.wanted(spec, state)
            done[target] = ({name: state.fields[name] for name in wanted}, wanted)
            self.write(target, wanted)
        return done

    def requests(
        self, project: str, start: int, end: int, kind: str = "completions", **more: Any
    ) -> list[int]:
        """Requests of a project, minute by minute."""
        asked = {"start_time": start, "end_time": end, "bucket_width": "1m", "limit": 1440} | more
        buckets = self.talk.buckets(f"/organization/usage/{kind}", project_ids=[project], **asked)
        return [
            sum(row.get("num_model_requests") or row.get("num_requests") or 0 for row in bucket["results"])
            for bucket in buckets
        ]


def world(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world around a provider, with its full admin key."""
    source = Source(base_url=str(talk.http.base_url).rstrip("/"))
    made = World(talk, Settings(sources=(source,)), monkeypatch)
    made.use_key(talk.admin_key)
    return made


def busy_project(talk: Talk) -> str:
    """The project with the most requests to one model."""
    cells = [cell for cell in talk.organization.cells if cell.call.model == BUSY]
    return max(cells, key=lambda cell: cell.per_minute).key.project.id


def hit_of(inventory: Inventory, scope: Any, meant: Callable[[GatewayKey], bool]) -> Hit:
    """The keys that are meant, all the others, and what is known."""
    return Hit(
        scope,
        [key for key in inventory.keys if meant(key)],
        [key for key in inventory.keys if not meant(key)],
        {state.target: state for state in inventory.states},
    )
