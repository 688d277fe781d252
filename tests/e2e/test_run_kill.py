"""`kill -9` of agent and console at every step of a run: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.control import submit
from agent.control.asking import Ask, preview
from agent.control.audit import verify
from agent.control.identity import Identity, new_identity, write_identity
from agent.domain.action import ActionState
from agent.domain.gateway import GatewayKey, Inventory
from agent.domain.run import Run, RunState, StepState
from agent.ledger import open_reader, open_writer
from agent.runbooks import asks, records
from agent.runbooks.library import library
from agent.runbooks.specs import spec_of
from agent.settings import Settings, load_settings
from tests.e2e.test_action_kill import KEYS, Proxy, handler_of

NOW = 1_795_003_200
KILLS = 40
CONFIG = """\
[organization]
id = "org-1"

[ledger]
path = "ledger.sqlite"

[[gateways]]
kind = "litellm"
name = "gate"
base_url = "{url}"

[[alerts.channels]]
kind = "webhook"
name = "hook"
url = "http://127.0.0.1:9/"

[[alerts.routes]]
recipient = "central_finance"
send = ["hook"]

{person}
"""
RUNBOOK = """\
+++
id = "walk"
title = "Walk"
+++

# Walk

## 1. Ask

```toml burndeck
kind = "query"
report = "drift"
```

## 2. Tell

```toml burndeck
kind = "notify"
to = ["central_finance"]
text = "Run {run} begins"
auto = true
```

## 3. Decide

```toml burndeck
kind = "decision"
question = "How hard?"
[[choice]]
answer = "hard"
label = "hard"
```

## 4. Hold

```toml burndeck
kind = "action"
action = "throttle"
with = { scope = "organization", limit = "60 rpm", for = "1h" }
```

## 5. Say

```toml burndeck
kind = "note"
prompt = "What was it?"
```

## 6. Let go

```toml burndeck
kind = "action"
action = "release"
```

## 7. Learn

```toml burndeck
kind = "note"
prompt = "What changes?"
```
"""


@dataclass
class Scene:
    """A ledger, a proxy, a person, and lives of the agent one after the other."""

    settings: Settings
    identity: Identity
    proxy: Proxy
    lives: subprocess.Popen[str]
    chance: random.Random
    now: int = NOW
    kills: int = 0

    def live(self, strike: int | None = None) -> None:
        """One life of the agent, which may die before a statement."""
        assert self.lives.stdin
        assert self.lives.stdout
        self.now += 1
        self.lives.stdin.write(json.dumps({"now": self.now, "strike": strike}) + "\n")
        self.lives.stdin.flush()
        ended = self.lives.stdout.readline().strip()
        assert ended in ("done", "killed")
        self.kills += ended == "killed"

    def lives_and_deaths(self) -> None:
        """The agent dies a few times at points that nobody chose, and then lives."""
        for _ in range(3):
            self.live(self.chance.randrange(500))
        self.live()

    def console(self, wanted: Callable[[Scene], Iterable[Ask]]) -> None:
        """A console of its own asks for something; it may be killed while it does."""
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                for ask in wanted(self):
                    submit(
                        self.settings, ask.kind, ask.subject, ask.payload, self.now, identity=self.identity
                    )
            os._exit(0)
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0.0, 0.02))  # a kill at no particular point
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        self.kills += status == signal.SIGKILL

    def run(self, ident: int) -> Run | None:
        with open_reader(self.settings.ledger_path) as reader:
            return records.load(reader.run_store(), ident)

    def stubbornly(self, wanted: Callable[[Scene], Iterable[Ask]], came: Callable[[], bool]) -> None:
        """Somebody asks until it has come about, as whoever sees nothing happen presses again."""
        for _ in range(20):
            if came():
                return
            self.console(wanted)
            self.lives_and_deaths()
        assert came()


def start(scene: Scene) -> Iterable[Ask]:
    found = library(scene.settings).find("walk")
    assert found is not None
    return [asks.start_of(found, {})]


def what_is_next(ident: int) -> Callable[[Scene], Iterable[Ask]]:
    """What a person presses at the step that a run is at."""

    def asked(scene: Scene) -> Iterable[Ask]:
        run = scene.run(ident)
        assert run is not None
        if run.declared is None:
            return []
        if run.declared.action == "release":
            with open_reader(scene.settings.ledger_path) as reader:
                return asks.releases_of(run, run.at, reader.run_store().actions(ident))
        if run.declared.action:
            with open_reader(scene.settings.ledger_path) as reader:
                made = preview(reader, scene.settings, spec_of(scene.settings, run, run.declared), scene.now)
            return [asks.action_of(run, run.at, made, "it burns")]
        answer = "hard" if run.declared.choices else "a loop"
        return [asks.step_of(run, run.at, "answer", answer=answer)]

    return asked


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    proxy = Proxy()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(proxy))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    identity = new_identity("ada")
    config = tmp_path / "burndeck.toml"
    person = write_identity(identity, tmp_path / "ada").config_block()
    config.write_text(CONFIG.format(url=f"http://127.0.0.1:{server.server_port}", person=person))
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "walk.md").write_text(RUNBOOK)
    settings = load_settings(config)
    with open_writer(settings.ledger_path) as writer:
        keys = [GatewayKey(key, key, f"key {key}") for key in KEYS]
        writer.actions.save_inventory("gate", Inventory(keys, []), NOW)
    command = [sys.executable, "-m", "tests.e2e.running_once", str(config)]
    environ = {**os.environ, "GATE_MASTER_KEY": "sk-master"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as lives:
        yield Scene(settings, identity, proxy, lives, random.Random(5))
        assert lives.stdin
        lives.stdin.close()
    server.shutdown()
    server.server_close()


@pytest.mark.e2e
@pytest.mark.scenarios
@pytest.mark.timeout(300)
def test_killed_at_every_step_a_run_loses_nothing_and_does_nothing_twice(scene: Scene) -> None:
    before = {key: dict(held) for key, held in scene.proxy.held.items()}
    count = 0
    while scene.kills < KILLS:
        count += 1
        scene.proxy.changes.clear()
        ident = count
        scene.stubbornly(start, lambda ident=ident: scene.run(ident) is not None)  # type: ignore[misc]
        for _ in range(40):
            run = scene.run(ident)
            assert run is not None
            if run.state is not RunState.OPEN:
                break
            scene.console(what_is_next(ident))
            scene.lives_and_deaths()
        check_run(scene, ident)
        assert scene.proxy.held == before
        changed = sorted({(key, name) for key, name, *_ in scene.proxy.changes})
        assert [key for key, _ in changed] == sorted(KEYS)
        assert len(scene.proxy.changes) == 2 * len(KEYS)  # there and back, once

    with open_reader(scene.settings.ledger_path) as reader:
        assert verify(reader).intact
        assert reader.run_store().actions(count + 1) == []


def check_run(scene: Scene, ident: int) -> None:
    run = scene.run(ident)
    assert run is not None
    assert run.state is RunState.DONE
    kinds = [step.state for step in run.steps]
    assert kinds == [StepState.DONE] * 3 + [StepState.UNDONE] + [StepState.DONE] * 3
    assert [step.attempt for step in run.steps] == [1] * 7
    with open_reader(scene.settings.ledger_path) as reader:
        store = reader.run_store()
        events, evidence, made = store.events(ident), store.evidence(ident), store.actions(ident)
        (action,) = [reader.action_store().action(each) for each in made]
    assert action is not None
    assert action.state is ActionState.REVERSED
    done = [event.step for event in events if event.kind == "done"]
    assert sorted(filter(None, done)) == [1, 2, 3, 4, 5, 6, 7]
    assert [each.step for each in evidence] == [1]
    with open_writer(scene.settings.ledger_path) as writer:
        waiting = [each.id for each in writer.outbox.waiting(1_000)]
        told = [writer.outbox.notices([each])[each] for each in waiting]
    assert [notice.summary for notice in told].count(f"Run {ident} begins") == 1
