"""A real LiteLLM proxy on loopback, its admin, and callers with virtual keys.

It is started from the folder that BURNDECK_LITELLM names, which `.ci/litellm` makes: `venv` with the proxy in
it, and `env` with the variables that it needs, the address of a PostgreSQL of its own among them.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import secrets
import socket
import subprocess
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.control.gateways.base import Link, open_link
from agent.domain.gateway import Target, TargetKind
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.servers.upstream import Upstream

READY = os.environ.get("BURNDECK_LITELLM", "")

needs_litellm = pytest.mark.skipif(
    not READY,
    reason="no LiteLLM proxy: BURNDECK_LITELLM names no folder; .ci/litellm makes one and runs this",
)

_CONFIG = """\
model_list:
  - model_name: gpt-4o
    litellm_params: {{model: openai/gpt-4o, api_base: "http://{upstream}/v1", api_key: sk-upstream}}
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "http://{upstream}/v1", api_key: sk-upstream}}
litellm_settings: {{telemetry: false}}
general_settings:
  master_key: {master_key}
  database_url: os.environ/DATABASE_URL
  disable_prisma_schema_update: true
  proxy_batch_write_at: 1
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A virtual key of the proxy."""

    secret: str
    token: str
    alias: str


@dataclass(slots=True)
class Calls:
    """What a caller got who goes on until told to stop: (time.monotonic(), status)."""

    answers: list[tuple[float, int]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def first(self, status: int, since: float, within_s: float = 20.0) -> float:
        """When the first answer of a status came since then; waits for it."""
        with self.news:
            found = self.news.wait_for(lambda: self._at(status, since), within_s)
            assert found, f"no {status} within {within_s} s: {sorted({each for _, each in self.answers})}"
            return self._at(status, since)[0]

    def _at(self, status: int, since: float) -> list[float]:
        return [at for at, each in self.answers if each == status and at >= since]


class LiteLLMLab:
    """One proxy for all tests; each makes keys and teams of its own."""

    def __init__(self, folder: Path) -> None:
        self.upstream = Upstream().start()
        self.master_key = f"sk-{secrets.token_hex(16)}"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.gateway = Gateway(kind="litellm", base_url=self.url)
        self._log = folder / "proxy.log"
        self._runner = asyncio.Runner()
        self._link: Link | None = None
        config = folder / "config.yaml"
        config.write_text(_CONFIG.format(upstream=self.upstream.address, master_key=self.master_key))
        ready = Path(READY)
        lines = (ready / "env").read_text().splitlines()
        environment = {**os.environ, **dict(line.split("=", 1) for line in lines if "=" in line)}
        environment["PATH"] = f"{ready / 'venv/bin'}:{environment['PATH']}"
        command = [str(ready / "venv/bin/litellm"), "--config", str(config), "--host", "127.0.0.1"]
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                env=environment,
                cwd=folder,
                stdout=out,
                stderr=out,
            )

    def wait_ready(self, within_s: float = 110.0) -> None:
        """Waits until the proxy and its database answer."""
        end = time.monotonic() + within_s
        while time.monotonic() < end and self._process.poll() is None:
            try:
                status, answer = self._ask("GET", "/health/readiness", None, "")
                if status == 200 and answer.get("db") == "connected":
                    return
            except (OSError, ValueError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        raise AssertionError(f"the proxy does not start: {self._log.read_text()[-2000:]}")

    def close(self) -> None:
        """Ends the proxy and what is behind it."""
        if self._link is not None:
            self.run(self._link.close())
        self._runner.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self.upstream.close()

    def run(self, coroutine: Any) -> Any:
        """Runs a coroutine of the link to its end, always on the same loop."""
        return self._runner.run(coroutine)

    @property
    def link(self) -> Link:
        """The agent's connection to the proxy."""
        if self._link is None:
            self._link = open_link(Settings(), self.gateway)
        return self._link

    def admin(self, path: str, **body: Any) -> Any:
        """What another admin does: POST with the master key."""
        status, answer = self._ask("POST", path, body, self.master_key)
        assert status == 200, (status, answer)
        return answer

    def look(self, path: str, **params: Any) -> Any:
        """What another admin sees: GET with the master key."""
        query = urllib.parse.urlencode(params)
        status, answer = self._ask("GET", f"{path}?{query}", None, self.master_key)
        assert status == 200, (status, answer)
        return answer

    def new_team(self, **more: Any) -> str:
        """A team; its id."""
        name = f"team-{uuid.uuid4().hex[:8]}"
        self.admin("/team/new", team_id=name, team_alias=f"alias-{name}", **more)
        return name

    def new_key(self, **more: Any) -> Key:
        """A virtual key."""
        alias = f"key-{uuid.uuid4().hex[:8]}"
        made = self.admin("/key/generate", key_alias=alias, **more)
        return Key(made["key"], made["token"], alias)

    def info(self, key: Key) -> dict[str, Any]:
        """All that the proxy holds for a key."""
        answer: dict[str, Any] = self.look("/key/info", key=key.token)["info"]
        return answer

    def target(self, of: Key | str) -> Target:
        """A key, or a team by its id."""
        if isinstance(of, Key):
            return Target(self.gateway.name, TargetKind.KEY, of.token)
        return Target(self.gateway.name, TargetKind.TEAM, of)

    def call(self, key: Key, model: str = "gpt-4o", **more: Any) -> int:
        """One call; its status."""
        body = {"model": model, "messages": [{"role": "user", "content": "three short words"}], **more}
        return self._ask("POST", "/v1/chat/completions", body, key.secret)[0]

    @contextmanager
    def load(self, key: Key, rate: float = 30.0) -> Iterator[Calls]:
        """A caller that calls so many times a second, until the block ends."""
        calls, stop = Calls(), threading.Event()

        def work() -> None:
            while not stop.wait(1 / rate):
                status = self.call(key)
                with calls.news:
                    calls.answers.append((time.monotonic(), status))
                    calls.news.notify_all()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield calls
        finally:
            stop.set()
            thread.join()

    def spend_rows(self, start: str, end: str) -> list[dict[str, Any]]:
        """The rows of the log of spend, as one page."""
        page = self.look("/spend/logs/v2", start_date=start, end_date=end, page=1, page_size=1000)
        assert page["total_pages"] <= 1
        rows: list[dict[str, Any]] = page["data"]
        return rows

    def _ask(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {
                "content-type": "application/json",
                **({"authorization": f"Bearer {key}"} if key else {}),
            }
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()


@pytest.fixture(scope="session")
def litellm_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteLLMLab]:
    """A running proxy."""
    lab = LiteLLMLab(tmp_path_factory.mktemp("litellm"))
    try:
        lab.wait_ready()
        yield lab
    finally:
        lab.close()


def until(seen: Callable[[], Any], within_s: float = 20.0) -> Any:
    """What `seen` gives once it gives anything: the proxy writes its log in batches."""
    end = time.monotonic() + within_s
    while not (found := seen()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
