"""An admin socket with a folder of maps, as a HAProxy has them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.control.gateways.base import Link, open_link
from agent.domain.gateway import Fields, Target, TargetKind, TargetState
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.servers.haproxy_admin import AdminSocket

KEY = Target("haproxy", TargetKind.KEY, "key_a")
NAMES = ("rps.map", "rpm.map", "block.map")


class World:
    """Two keys, held to nothing, and a link for each thing that is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in NAMES:
            (folder / name).touch()
        maps: dict[str, list[tuple[str, str]]] = {str(folder / name): [] for name in NAMES}
        maps[str(folder / "keys.map")] = [("ab12", "key_a"), ("cd34", "key_b"), ("ef56", "key_b")]
        self.admin = AdminSocket(folder / "admin.sock", maps)
        self.gateway = Gateway(kind="haproxy", socket=str(self.admin.path), maps=str(folder))

    def entries(self, name: str) -> list[tuple[str, str]]:
        return self.admin.maps[str(self.folder / name)]

    def read(self, target: Target = KEY) -> TargetState:
        return asyncio.run(self.link().read(target))

    def write(self, fields: Fields, target: Target = KEY) -> None:
        asyncio.run(self.link().write(target, fields, action=1, seq=0))

    def link(self) -> Link:
        """The agent's connection to it."""
        return open_link(Settings(), self.gateway)
