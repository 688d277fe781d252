"""A killed agent is known as such on its own machine before its heartbeat is missed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ledger import open_reader, open_writer
from agent.reports.health import State, health
from agent.reports.status_line import agent_gone, agent_state
from agent.settings import Settings
from tests.agent.reports.test_health import WITH_SOURCE

NOW = 1_795_003_200
HERE = socket.gethostname()


@pytest.fixture
def agent() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing until it is killed."""
    idle = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(idle, stdin=subprocess.PIPE) as made:
        yield made
        made.kill()


def beating(path: Path, pid: int, host: str = HERE) -> Path:
    with open_writer(path / "l.sqlite") as writer:
        writer.beat(pid, host, "0.1", NOW - 60, NOW)
    return path / "l.sqlite"


def state_in(ledger: Path, settings: Settings = WITH_SOURCE) -> str:
    with open_reader(ledger) as reader:
        return agent_state(reader, settings, NOW + 1).state


def test_a_killed_agent_is_dead_before_and_after_its_parent_has_asked(
    tmp_path: Path, agent: subprocess.Popen[bytes]
) -> None:
    ledger = beating(tmp_path, agent.pid)
    assert state_in(ledger) == "alive"

    agent.kill()
    os.waitid(os.P_PID, agent.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is not reaped
    assert state_in(ledger) == "dead"
    agent.wait()
    assert state_in(ledger) == "dead"

    with open_reader(ledger) as reader:
        (check,) = (each for each in health(reader, WITH_SOURCE, NOW + 1).checks if each.part == "agent")
        assert agent_gone(reader)
    assert (check.state, check.hint) == (State.PROBLEM, "burndeck agent start")
    assert check.detail == f"process {agent.pid} has died"


def test_of_an_agent_on_another_machine_only_its_heartbeat_is_known(
    tmp_path: Path, agent: subprocess.Popen[bytes]
) -> None:
    agent.kill()
    agent.wait()

    assert state_in(beating(tmp_path, agent.pid, f"not-{HERE}")) == "alive"
