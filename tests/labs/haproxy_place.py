"""A HAProxy with an agent that reads and rules it, and two keys that burn there."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from tests.labs.acting import Site, until
from tests.labs.haproxy import HAProxyLab

DEV, PROD = "key_batch", "key_search"
OWNERS = """\
[keys.key_batch]
team = "batch"
environment = "dev"

[keys.key_search]
team = "search"
environment = "prod"
"""
CONFIG = """\
[[allocations]]
id = "org-1-team-batch"
scope = "team:batch"
monthly_credits = "750"

[registry]
files = ["owners.toml"]

[[sources]]
kind = "haproxy"
log = "{log}"
listen = "127.0.0.1:{log_port}"
every = "1s"

[[gateways]]
kind = "haproxy"
socket = "{socket}"
maps = "{maps}"
log = "{log}"
every = "{every}"
"""


class Place:
    """A HAProxy with an agent that reads and rules it."""

    def __init__(self, folder: Path, every: str) -> None:
        (folder / "haproxy").mkdir()
        self.lab = HAProxyLab(folder / "haproxy")
        config = CONFIG.format(
            log=self.lab.log,
            log_port=self.lab.log_port,
            socket=self.lab.gateway.socket,
            maps=self.lab.maps,
            every=every,
        )
        self.site = Site(folder / "site", config)
        (self.site.folder / "owners.toml").write_text(OWNERS)
        self.lab.start()

    def held(self) -> dict[str, list[str]]:
        """What the running HAProxy holds, entry by entry, in each map."""
        found = {}
        for name in ("rps.map", "rpm.map", "block.map"):
            shown = self.lab.tell(f"show map {self.lab.maps / name}")
            found[name] = sorted(" ".join(line.split()[1:]) for line in shown.splitlines() if line)
        return found

    def files(self) -> dict[str, list[str]]:
        """What a reload would make it hold."""
        names = ("rps.map", "rpm.map", "block.map")
        return {name: sorted((self.lab.maps / name).read_text().splitlines()) for name in names}

    def throttle(self, *words: str, key: str = DEV, code: int = 0) -> dict[str, Any]:
        """What `burndeck throttle` says once the action is accepted or has failed."""
        why = ("--reason", "storm", "--yes")
        return self.site.burndeck("throttle", f"api_key:{key}", *words, *why, code=code)

    def set_by_hand(self, key: str, rps: int) -> None:
        """What somebody else does at HAProxy."""
        (self.lab.maps / "rps.map").write_text(f"{key} {rps}\n")
        self.lab.tell(f"add map {self.lab.maps / 'rps.map'} {key} {rps}")

    def called_before(self, minutes: int) -> None:
        """Puts calls of the minutes before this one into the log: screens show whole minutes."""
        line = {"model": "gpt-4o", "method": "POST", "path": "/v1/chat/completions", "status": 200, "ms": 5}
        tokens = {"prompt_tokens": "30", "cached_tokens": "10", "completion_tokens": "100"}
        minute = int(time.time()) // 60 * 60
        rows = [
            {"ts": minute - second, "key": key, "decision": "ok", "limit": "-", **line, **tokens}
            for second in range(minutes * 60, 0, -1)
            for key in (DEV, DEV, DEV, PROD)
        ]
        with self.lab.log.open("a") as log:
            log.write("".join(f"{json.dumps(row)}\n" for row in rows))

    def burning(self) -> None:
        """Waits until the ledger knows calls of both keys."""
        until(lambda: len(self.site.burn()) == 2, "burn of two keys", why=self.site.said)

    def known(self, key: str) -> int | None:
        """The limit of a key as the agent has read it last."""
        rows = self.site.rows("SELECT fields FROM gateway_target WHERE target = ?", key)
        return json.loads(rows[0][0])["rps"] if rows else None

    def killed_during(self, words: list[str], begun: str, after_s: float) -> str:
        """Kills the agent so long after what a command asks for has begun, and starts it again.

        `begun` is the query whose answer changes then, or nothing for what HAProxy holds. Returns the state
        that the newest action was in.
        """
        connection = sqlite3.connect(f"file:{self.site.ledger}?mode=ro", uri=True)

        def look() -> object:
            return connection.execute(begun).fetchone() if begun else self.held()

        command = self.site.spawn(*words)
        try:
            before, end = look(), time.monotonic() + 20
            while look() == before:
                assert time.monotonic() < end, self.site.said()
            time.sleep(after_s)
            self.site.kill()
            newest = connection.execute("SELECT state FROM action ORDER BY id DESC LIMIT 1").fetchone()
            self.site.start()
        finally:
            connection.close()
            command.wait(30)
        return str(newest[0]) if newest else "not there yet"

    def close(self) -> None:
        self.site.kill()
        self.lab.close()
