"""`kill -9` anywhere in an action: none is lost, none has its effect twice, and all of them end."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.control.audit import verify
from agent.control.occasion import nobody
from agent.control.planning import Plan
from agent.control.proposing import begin
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step
from agent.domain.allocation import Scope
from agent.domain.gateway import Limit, LimitUnit, Target, TargetKind
from agent.ledger import open_reader, open_writer
from tests.e2e.acting_once import settings_of

NOW = 1_795_003_200
HOUR = 3_600
KILLS = 120
KEYS = ("sk-1", "sk-2", "sk-3")
FIELDS = ("rpm_limit", "tpm_limit")
Held = dict[str, dict[str, Any]]


def kill(process: int) -> None:
    """Unless it has just ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


@dataclass
class Proxy:
    """What a LiteLLM proxy holds, with every change of it; it can have its caller killed."""

    held: Held = field(default_factory=lambda: {key: dict.fromkeys(FIELDS) for key in KEYS})
    changes: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    countdown: int | None = None  # the caller dies at this request,
    after: bool = False  # before it has an effect, or after it
    victim: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def struck(self, *, after: bool) -> bool:
        """Whether the caller dies now."""
        if self.countdown is None or self.after is not after:
            return False
        self.countdown -= 1
        if self.countdown >= 0:
            return False
        self.countdown = None
        kill(self.victim)
        return True

    def update(self, key: str, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            if self.held[key][name] != value:
                self.changes.append((key, name, self.held[key][name], value))
            self.held[key][name] = value


def handler_of(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            with proxy.lock:
                if proxy.struck(after=False) or url.path != "/key/info":
                    self._answer(404, {})
                    return
                key = parse_qs(url.query)["key"][0]
                self._answer(200, {"key": key, "info": {"token": key, **proxy.held[key]}})
                proxy.struck(after=True)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with proxy.lock:
                if proxy.struck(after=False):
                    self._answer(500, {})
                    return
                proxy.update(body.pop("key"), body)
                proxy.struck(after=True)
                self._answer(200, {})

        def _answer(self, status: int, body: object) -> None:
            data = json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # it is dead

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@dataclass
class Scene:
    """A ledger, the proxy, and lives of the agent one after the other."""

    ledger: Path
    url: str
    proxy: Proxy
    lives: subprocess.Popen[str]
    now: int = NOW
    kills: int = 0

    def live(self, chance: random.Random | None = None) -> None:
        """One life; with `chance` it is likely to end early: at a request, or at any instant."""
        assert self.lives.stdin
        assert self.lives.stdout
        with self.proxy.lock:  # no request is answered before it is known whose it is
            self.lives.stdin.write(f"{self.now}\n")
            self.lives.stdin.flush()
            self.proxy.victim = int(self.lives.stdout.readline())
            by_timer = chance is not None and chance.random() < 0.5
            self.proxy.countdown = None
            if chance is not None and not by_timer:
                self.proxy.countdown, self.proxy.after = chance.randrange(9), chance.random() < 0.6
        timer = None
        if chance is not None and by_timer:
            timer = threading.Timer(chance.uniform(0.0, 0.12), kill, (self.proxy.victim,))
            timer.start()
        ended = self.lives.stdout.readline().strip()
        if timer is not None:
            timer.cancel()
            timer.join()
        assert ended in ("done", "killed")
        self.kills += ended == "killed"

    def ask(self, values: Held) -> int:
        """An action on all keys, planned by what the proxy holds."""
        settings = settings_of(self.ledger, self.url)
        spec = ActionSpec(
            ActionKind.THROTTLE, Scope.parse("organization"), limit=Limit(1, LimitUnit.RPM), expires_s=HOUR
        )
        steps = tuple(
            Step(
                seq,
                Target("gate", TargetKind.KEY, key),
                want,
                {each: self.proxy.held[key][each] for each in want},
            )
            for seq, (key, want) in enumerate(values.items())
        )
        with open_writer(self.ledger) as writer:
            made = Plan(spec, steps, keys=())
            action = begin(
                writer, settings, made, self.now, by="ada", reason="it burns", incident=None, alert=None,
                tell=nobody,
            )  # fmt: skip
        assert action.id is not None
        return action.id

    def action(self, ident: int) -> Action:
        with open_reader(self.ledger) as reader:
            found = reader.action_store().action(ident)
        assert found is not None
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    proxy = Proxy()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(proxy))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    ledger = tmp_path / "ledger.sqlite"
    open_writer(ledger).close()
    command = [sys.executable, "-m", "tests.e2e.acting_once", str(ledger), url]
    environ = {**os.environ, "GATE_MASTER_KEY": "sk-master"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as lives:
        yield Scene(ledger, url, proxy, lives)
        assert lives.stdin
        lives.stdin.close()
    server.shutdown()
    server.server_close()


@pytest.mark.e2e
@pytest.mark.scenarios
def test_killed_at_a_hundred_points_no_action_is_lost_and_none_has_its_effect_twice(scene: Scene) -> None:
    chance = random.Random(28)
    before = {key: dict(held) for key, held in scene.proxy.held.items()}
    value = 0
    while scene.kills < KILLS:
        wanted: Held = {}
        for key in KEYS:
            value += 1
            wanted[key] = {"rpm_limit": value, "tpm_limit": 1_000 * value}
        scene.proxy.changes.clear()
        ident = scene.ask(wanted)

        for _ in range(3):
            scene.live(chance)
        scene.live()
        action = scene.action(ident)
        assert (action.state, action.why) == (ActionState.ACCEPTED, "")
        assert scene.proxy.held == wanted

        scene.now += HOUR  # nothing runs when its time is up
        for _ in range(3):
            scene.live(chance)
        scene.live()
        assert scene.action(ident).state is ActionState.EXPIRED
        assert scene.proxy.held == before
        once_there_and_back = [
            (key, name, *way)
            for key in KEYS
            for name in FIELDS
            for way in ((None, wanted[key][name]), (wanted[key][name], None))
        ]
        assert sorted(scene.proxy.changes, key=repr) == sorted(once_there_and_back, key=repr)

    with open_reader(scene.ledger) as reader:
        assert verify(reader).intact
