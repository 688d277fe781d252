"""Changes in a running agent: calendars are read, pipelines heard, and a restart loses nothing."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.daemon import run_agent
from agent.settings import parse_settings
from console.cli import burndeck

SECRET = "whsec_Y2hhbmdlcy1zZWNyZXQtY2hhbmdlcw=="
PATIENCE_S = 20.0
EVENT = "BEGIN:VEVENT\nUID:1\nDTSTART:20260301T140200Z\nSUMMARY:in the calendar\nEND:VEVENT\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


@contextmanager
def agent(config: Path, text: str) -> Iterator[None]:
    """A running agent, in a thread."""
    stop = threading.Event()
    settings = parse_settings(text, config)
    thread = threading.Thread(target=run_agent, args=(settings,), kwargs={"stop": stop})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.skipif(not all(map(shutil.which, ("curl", "openssl", "bash"))), reason="needs curl and openssl")
def test_a_running_agent_reads_calendars_and_hears_the_pipeline_of_the_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGES_WEBHOOK_SECRET", SECRET)
    (tmp_path / "releases.ics").write_text(f"BEGIN:VCALENDAR\n{EVENT}END:VCALENDAR\n")
    port = free_port()
    text = f"""
        [ledger]
        path = "ledger.sqlite"
        [acting]
        listen = "127.0.0.1:{port}"
        [changes]
        calendars = ["releases.ics"]
        webhook = true
        [[releases]]
        title = "in the configuration"
        day = "2026-03-01"
    """
    ledger = tmp_path / "ledger.sqlite"
    expected = ["in the calendar", "in the configuration", "search-api 2.4.1"]

    for _ in range(2):  # the second time after a restart
        with agent(tmp_path / "burndeck.toml", text):
            until(lambda: _titles(ledger)[:2] == expected[:2] and _listens(port))
            assert _posted(port) == "204"
            assert _titles(ledger) == expected

    with agent(tmp_path / "burndeck.toml", text.partition("[[releases]]")[0]):
        until(lambda: _titles(ledger) == [expected[0], expected[2]])


def _titles(ledger: Path) -> list[str]:
    if not ledger.exists():
        return []
    connection = sqlite3.connect(ledger)
    try:
        return [title for (title,) in connection.execute("SELECT title FROM change_feed ORDER BY title")]
    except sqlite3.OperationalError:
        return []  # the schema is not there yet
    finally:
        connection.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _posted(port: int) -> str:
    """The status that the example of `burndeck changes --help` is answered with."""
    help_text = burndeck.get_command(None, "changes").epilog  # type: ignore[arg-type, union-attr]
    script = re.search(r"^  ID=.*?/changes$", str(help_text), re.DOTALL | re.MULTILINE)
    assert script is not None
    command = (
        script[0].replace("127.0.0.1:8787", f"127.0.0.1:{port}").replace("curl ", "curl -sw '%{http_code}' ")
    )
    done = subprocess.run(
        ["bash", "-ec", command],
        env=os.environ | {"CI_JOB_ID": "7", "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout
