"""A real HAProxy on loopback with the configuration that burndeck ships, and callers with keys."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.control.gateways.base import Link
from agent.control.gateways.haproxy import open_link
from agent.domain.gateway import Target, TargetKind
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.servers.upstream import Upstream

CONFIGURATION = Path(__file__).parents[2] / "fixtures" / "gateways" / "haproxy.cfg"
KEYS = {"key_search": "sk-test-search-1", "key_batch": "sk-test-batch-1"}
BINARY = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

needs_haproxy = pytest.mark.skipif(BINARY is None, reason="HAProxy is not installed: apt-get install haproxy")


@dataclass(frozen=True, slots=True)
class Answered:
    """One call's answer."""

    at: float  # time.monotonic() when it was there
    status: int


@dataclass(slots=True)
class Load:
    """Answers of a caller that goes on until it is told to stop."""

    answers: list[Answered] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def first(self, status: int, since: float, within_s: float = 10.0) -> float:
        """When the first answer of a status came that is later than `since`; waits for it."""
        end = time.monotonic() + within_s
        with self.news:
            while True:
                found = [each.at for each in self.answers if each.status == status and each.at >= since]
                if found:
                    return found[0]
                if time.monotonic() > end:
                    counts = {each.status for each in self.answers if each.at >= since}
                    raise AssertionError(f"no {status} within {within_s} s, only {counts}")
                self.news.wait(0.5)

    def after(self, moment: float, within_s: float = 10.0) -> None:
        """Waits until an answer came later than a moment."""
        end = time.monotonic() + within_s
        with self.news:
            while not self.answers or self.answers[-1].at < moment:
                assert time.monotonic() < end, f"no answer after {moment}"
                self.news.wait(0.5)

    def count(self, status: int, since: float, until: float) -> int:
        """Answers of a status in a stretch of time."""
        with self.news:
            return sum(each.status == status and since <= each.at < until for each in self.answers)


class HAProxyLab:
    """HAProxy in a folder of its own: `gateway` says where its socket, maps and log are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.maps = folder / "maps"
        self.log = folder / "access.jsonl"
        self.upstream = Upstream().start()
        self.log_port = _free_port(socket.SOCK_DGRAM)
        self.port = _free_port(socket.SOCK_STREAM)
        self.gateway = Gateway(
            kind="haproxy", socket=str(folder / "admin.sock"), maps=str(self.maps), log=str(self.log)
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.maps.mkdir()
        for name in ("rps.map", "rpm.map", "block.map"):
            (self.maps / name).touch()
        rows = [f"{hashlib.sha256(key.encode()).hexdigest()} {name}\n" for name, key in KEYS.items()]
        (self.maps / "keys.map").write_text("# keys of the lab\n" + "".join(rows))

    def start(self) -> None:
        """Starts HAProxy, as its master and a worker, and waits until it takes calls."""
        environment = {
            **os.environ,
            "BURNDECK_BIND": f"127.0.0.1:{self.port}",
            "BURNDECK_MAPS": str(self.maps),
            "BURNDECK_SOCKET": self.gateway.socket,
            "BURNDECK_LOG": f"127.0.0.1:{self.log_port}",
            "BURNDECK_UPSTREAM": self.upstream.address,
            "BURNDECK_UPSTREAM_KEY": "sk-provider",
        }
        assert BINARY is not None
        command = [BINARY, "-W", "-db", "-f", str(CONFIGURATION), "-p", str(self.folder / "haproxy.pid")]
        with (self.folder / "haproxy.out").open("ab") as output:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Waits until it takes calls and its socket answers."""
        _wait(self._answers, self.folder / "haproxy.out")

    def reload(self) -> None:
        """Has it read its configuration and maps anew, as `systemctl reload haproxy` does."""
        assert self.process is not None
        before, told = self.worker(), 0.0

        def reloaded() -> bool:
            nonlocal told
            # Its worker takes calls before the master listens to signals: one that comes too early is lost.
            if time.monotonic() - told > 1.0 and self.worker() == before:
                assert self.process is not None
                self.process.send_signal(12)  # SIGUSR2
                told = time.monotonic()
            return self._answers() and self.worker() != before

        _wait(reloaded, self.folder / "haproxy.out")

    def worker(self) -> str:
        """Process id of the HAProxy that answers at the socket."""
        lines = dict(line.split(": ", 1) for line in self.tell("show info").splitlines() if ": " in line)
        return lines["Pid"]

    def tell(self, command: str) -> str:
        """What somebody else types into its socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.gateway.socket)
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def link(self) -> Link:
        """The agent's connection to it."""
        return open_link(Settings(), self.gateway)

    def target(self, key: str = "key_search") -> Target:
        """One of its keys."""
        return Target(self.gateway.name, TargetKind.KEY, key)

    def call(self, key: str = "key_search", **options: Any) -> int:
        """One call; its status."""
        connection = self._connect()
        try:
            return _call(connection, KEYS.get(key, key), **options)
        finally:
            connection.close()

    @contextmanager
    def load(self, key: str = "key_search", *, rate: float = 100.0) -> Iterator[Load]:
        """A caller that calls so many times a second, until the block ends."""
        load, stop = Load(), threading.Event()
        thread = threading.Thread(target=self._caller, args=(load, stop, KEYS[key], 1 / rate), daemon=True)
        thread.start()
        try:
            yield load
        finally:
            stop.set()
            thread.join()

    def close(self) -> None:
        """Ends HAProxy and what is behind it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
        self.upstream.close()

    def _caller(self, load: Load, stop: threading.Event, key: str, pause: float) -> None:
        connection = self._connect()
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + pause, time.monotonic() - 1)
            try:
                status = _call(connection, key)
            except (OSError, http.client.HTTPException):  # a reload closes idle connections
                connection.close()
                connection = self._connect()
                continue
            with load.news:
                load.answers.append(Answered(time.monotonic(), status))
                load.news.notify_all()
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"HAProxy has ended: {(self.folder / 'haproxy.out').read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return "Pid" in self.tell("show info")
        except OSError:
            return False


class LogKeeper:
    """Keeps HAProxy's log in its file where no agent does."""

    def __init__(self, lab: HAProxyLab) -> None:
        from agent.telemetry.sources.haproxy.receiver import Receiver

        self._receiver = Receiver(f"127.0.0.1:{lab.log_port}", lab.log)
        self._receiver.start()

    def close(self) -> None:
        """Ends."""
        self._receiver.close()


def run(coroutine: Any) -> Any:
    """Runs one coroutine to its end."""
    return asyncio.run(coroutine)


def _call(
    connection: http.client.HTTPConnection, key: str, *, path: str = "/v1/chat/completions", **body: Any
) -> int:
    text = json.dumps({"model": "gpt-4o", **body})
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request("POST", path, text, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait(ready: Any, output: Path, within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > end:
            raise AssertionError(f"HAProxy does not answer: {output.read_text()[-2000:]}")
        time.sleep(0.01)
