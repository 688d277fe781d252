"""The agent as a process: its lock, its log, its unit."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import LedgerError
from agent.process import unit
from agent.process.lock import LedgerLock
from agent.process.log import start_log
from agent.secrets import redact
from agent.settings import Settings

KEY = "sk-admin-AbC123456789"


def test_a_ledger_has_one_agent_and_the_second_is_told_its_pid(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"

    with LedgerLock(ledger):
        assert LedgerLock(ledger).holder() == os.getpid()
        with pytest.raises(LedgerError) as caught, LedgerLock(ledger):
            pass

    assert f"pid {os.getpid()}" in caught.value.message
    assert "burndeck agent stop" in caught.value.hint
    assert LedgerLock(ledger).holder() is None


def test_a_lock_file_that_nobody_holds_is_taken_over(tmp_path: Path) -> None:
    lock = LedgerLock(tmp_path / "ledger.sqlite")
    lock.path.write_text("4194304\n")

    assert lock.holder() is None
    with lock:
        assert lock.holder() == os.getpid()


def test_another_name_of_a_ledger_has_the_same_lock(tmp_path: Path) -> None:
    ledger, link = tmp_path / "ledger.sqlite", tmp_path / "elsewhere" / "link.sqlite"
    link.parent.mkdir()
    link.symlink_to(ledger)

    with LedgerLock(ledger):
        assert LedgerLock(link).holder() == os.getpid()
        with pytest.raises(LedgerError, match="already writes"), LedgerLock(link):
            pass


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "logs" / "agent.log"
    level = logging.getLogger().level
    handler = start_log(path, "info")
    yield path
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(level)
    handler.close()


def test_the_log_has_one_object_a_line_and_no_key(log: Path) -> None:
    logger = logging.getLogger("tests.log")
    logger.debug("not wanted")
    logger.info("asked with %s", KEY)
    try:
        raise ValueError(f"Authorization: Bearer {KEY}")
    except ValueError:
        logger.exception("failed")

    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(it["level"], it["message"]) for it in entries] == [
        ("info", "asked with sk-adm***"),
        ("error", "failed"),
    ]
    assert "ValueError" in entries[1]["error"]
    assert KEY not in log.read_text()


@pytest.mark.parametrize(
    "text", [KEY, f"Bearer {KEY}", "bearer abc.def", f"x={KEY}, y", "sk-proj-1234567890abcdef"]
)
def test_keys_and_tokens_are_cut(text: str) -> None:
    assert "***" in redact(text)
    assert "123456789" not in redact(text)
    assert "abc.def" not in redact(text)


def test_the_unit_runs_this_configuration_and_restarts_on_failure(tmp_path: Path) -> None:
    settings = Settings(file=tmp_path / "with space" / "100%.toml", ledger_path=tmp_path / "ledger.sqlite")

    text = unit.unit_text(settings)

    assert f"--db {tmp_path}/ledger.sqlite" in text
    assert f'"{tmp_path}/with space/100%%.toml"' in text
    assert "Restart=on-failure" in text
    assert "LoadCredential=openai_admin_key:" in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_takes_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    path = unit.install(Settings(ledger_path=tmp_path / "ledger.sqlite"))

    assert path == tmp_path / "systemd" / "user" / unit.UNIT_NAME
    assert unit.verify(path) == ""
