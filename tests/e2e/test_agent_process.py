"""`burndeck agent` as real processes: start, status, stop, once, and what a person is told."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agent.clock import ScaledClock
from fixtures.provider import DEFAULT_ADMIN_KEY, SimulatedProvider
from tests.e2e.agents import Workplace, environment, wait_for

EPOCH = 1_790_003_000.0
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def provider() -> Iterator[SimulatedProvider]:
    with SimulatedProvider(seed=2, clock=ScaledClock(EPOCH, time.time(), 1.0), epoch=EPOCH) as running:
        yield running


@pytest.fixture
def workplace(provider: SimulatedProvider, tmp_path: Path) -> Iterator[Workplace]:
    place = Workplace(tmp_path, provider.base_url, ScaledClock(EPOCH, time.time(), 1.0), "3h", "1h")
    yield place
    place.run("agent", "stop")


def fault(provider: SimulatedProvider, *rules: dict[str, object]) -> None:
    root = provider.base_url.removesuffix("/v1")
    headers = {"Authorization": f"Bearer {provider.admin_key}"}
    httpx.request(
        "PUT", f"{root}/_faults", json=list(rules), headers=headers, verify=False
    ).raise_for_status()


def test_an_agent_is_started_looked_at_and_stopped(workplace: Workplace) -> None:
    started = json.loads(workplace.run("agent", "start", "--json").stdout)
    alive = workplace.run("agent", "status", "--json")
    second = workplace.run("agent", "run")
    stopped = json.loads(workplace.run("agent", "stop", "--json").stdout)
    dead = workplace.run("agent", "status", "--json")

    state = json.loads(alive.stdout)
    assert alive.returncode == 0
    assert state["running"] is True
    assert state["pid"] == started["pid"] == stopped["stopped_pid"]
    assert state["beat_age_s"] < 30
    assert second.returncode == 2
    assert f"pid {started['pid']}" in second.stderr
    assert dead.returncode == 1
    assert json.loads(dead.stdout)["stopped_at"] is not None


def test_sigterm_ends_it_within_two_seconds_in_the_middle_of_a_slow_answer(
    provider: SimulatedProvider, workplace: Workplace
) -> None:
    fault(provider, {"fault": "hang", "path": "/organization/usage"})
    try:
        process = workplace.spawn("agent", "run")
        wait_for(lambda: _beats(workplace), "the first heartbeat")

        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=10)
        took = time.monotonic() - asked
        process.communicate()
    finally:
        fault(provider)

    assert code == 0
    assert took < 2.0


def test_a_killed_agent_leaves_a_lock_that_the_next_one_takes_over(workplace: Workplace) -> None:
    process = workplace.spawn("agent", "run")
    wait_for(lambda: _beats(workplace), "the first heartbeat")
    process.kill()
    process.communicate()

    again = workplace.run("agent", "once", "--json")

    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["sources"][0]["state"] == "ok"


def test_once_prints_what_it_read_and_the_key_shows_nowhere(workplace: Workplace) -> None:
    done = workplace.run("agent", "once", "--json")
    plain = workplace.run("agent", "once")

    (source,) = json.loads(done.stdout)["sources"]
    endpoints = {it["endpoint"]: it for it in source["endpoints"]}
    assert done.returncode == plain.returncode == 0
    assert endpoints["organization/usage/completions"]["rows"] > 0
    assert "organization/costs" in endpoints
    for file in workplace.folder.iterdir():
        assert DEFAULT_ADMIN_KEY.encode() not in file.read_bytes(), file
    for text in (done.stdout, done.stderr, plain.stdout, plain.stderr):
        assert DEFAULT_ADMIN_KEY not in text


def test_once_with_a_wrong_key_exits_3_with_a_way_out_and_without_the_key(workplace: Workplace) -> None:
    wrong = "sk-admin-wrong-and-not-to-be-seen"

    done = workplace.run("agent", "once", "--json", key=wrong)

    answer = json.loads(done.stdout)
    assert done.returncode == 3
    assert "401" in answer["error"]
    assert "burndeck login openai" in answer["hint"]
    assert wrong not in done.stdout + done.stderr
    assert all(wrong.encode() not in file.read_bytes() for file in workplace.folder.iterdir())


def test_once_without_a_key_is_a_configuration_error(workplace: Workplace) -> None:
    done = workplace.run("agent", "once", "--json", key="")

    assert done.returncode == 2
    assert "burndeck login openai" in json.loads(done.stdout)["hint"]


def test_once_without_any_source_is_one_json_document_with_a_way_on(tmp_path: Path) -> None:
    config = tmp_path / "burndeck.toml"
    config.write_text('[ledger]\npath = "ledger.sqlite"\n')

    done = subprocess.run(
        [sys.executable, "-m", "console.cli", "agent", "once", "--json", "--config", str(config)],
        env=environment(""),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "there is no source to read"


def test_install_prints_the_unit_without_writing_it(workplace: Workplace) -> None:
    done = workplace.run("agent", "install", "--dry-run")

    assert done.returncode == 0
    assert "ExecStart=" in done.stdout
    assert str(workplace.ledger_path) in done.stdout


def _beats(workplace: Workplace) -> bool:
    if not os.path.exists(workplace.ledger_path):  # noqa: PTH110 - asked many times a second
        return False
    connection = sqlite3.connect(workplace.ledger_path)
    try:
        return connection.execute("SELECT COUNT(*) FROM agent_state").fetchone() == (1,)
    except sqlite3.OperationalError:
        return False  # the schema is not there yet
    finally:
        connection.close()
