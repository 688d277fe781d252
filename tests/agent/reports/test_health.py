from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import ScaledClock
from agent.errors import LedgerError
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import QuarantineRow, SourceStatus
from agent.reports.health import Check, Health, State, health
from agent.settings import Settings
from agent.settings_schema import Source
from tests.agent.reports.world import NOW, fill

WITH_SOURCE = Settings(file=Path("burndeck.toml"), sources=(Source(kind="openai"),))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-never-shown")


def looked_at(path: Path, settings: Settings = WITH_SOURCE) -> tuple[Health, dict[str, Check]]:
    with open_reader(path) as reader:
        found = health(reader, settings, NOW + 60)
    return found, {check.part: check for check in found.checks}


def alive(path: Path, **status: object) -> Path:
    fill(path, days=1)
    source = SourceStatus("openai", "openai", "openai", "ok", covered_to=NOW)
    with open_writer(path) as writer:
        writer.beat(4242, "host", "0.1", NOW - 600, NOW + 58)
        writer.save_source_status(replace(source, **status))  # type: ignore[arg-type]
    return path


def test_a_living_agent_and_a_source_that_was_read_are_fine(tmp_path: Path) -> None:
    found, checks = looked_at(alive(tmp_path / "l.sqlite"))

    assert [check.part for check in found.checks if check.state is State.PROBLEM] == ["owners"]
    assert checks["ledger"].detail.endswith("integrity ok")
    assert checks["agent"].detail == "alive, process 4242 on host"
    assert checks["source openai"].detail == "metered up to 1 min ago"


def test_a_secret_is_named_by_its_place_and_never_shown(tmp_path: Path) -> None:
    found, checks = looked_at(alive(tmp_path / "l.sqlite"))

    assert checks["secret openai"].detail == "environment variable OPENAI_ADMIN_KEY"
    assert "never-shown" not in repr(found)


def test_a_source_that_failed_says_why_and_what_to_do(tmp_path: Path) -> None:
    path = alive(
        tmp_path / "l.sqlite", state="stopped", message="401 missing_scope", hint="add api.usage.read"
    )

    found, checks = looked_at(path)

    assert not found.healthy
    assert checks["source openai"] == Check(
        "source openai", State.PROBLEM, "stopped: 401 missing_scope", "add api.usage.read"
    )


def test_an_agent_that_is_late_or_was_never_started_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path, days=1)

    _, never = looked_at(path)
    with open_writer(path) as writer:
        writer.beat(4242, "host", "0.1", NOW - 600, NOW - 300)
    _, late = looked_at(path)

    assert never["agent"].hint == "burndeck agent start"
    assert late["agent"].detail == "process 4242: no heartbeat for 6 min"


@pytest.mark.parametrize(("later", "problem"), [(-700, False), (-30, True)])
def test_a_configuration_that_the_running_agent_has_not_read_is_a_problem(
    tmp_path: Path, later: int, problem: bool
) -> None:
    file = tmp_path / "burndeck.toml"
    file.touch()
    os.utime(file, (NOW + later, NOW + later))

    _, checks = looked_at(alive(tmp_path / "l.sqlite"), replace(WITH_SOURCE, file=file))

    assert ("configuration read" in checks) is problem
    if problem:
        assert "was changed after the agent had read it" in checks["configuration read"].detail
        assert checks["configuration read"].hint == "burndeck agent stop, then start"


def test_refused_rows_and_missing_prices_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path, days=1, unpriced=True)
    with open_writer(path) as writer:
        writer.quarantine([QuarantineRow("a.csv", "line 3", "timestamp: missing", "x")], NOW)

    _, checks = looked_at(path)

    assert checks["quarantine"].detail == "1 row refused"
    assert "gpt-unknown" in checks["prices"].detail


def test_a_ledger_that_cannot_be_opened_is_one_problem_among_the_checks() -> None:
    found = health(
        None, Settings(), NOW, trouble=LedgerError("there is no ledger at x", hint="burndeck ingest")
    )

    assert found.checks[-1] == Check("ledger", State.PROBLEM, "there is no ledger at x", "burndeck ingest")
    assert not found.healthy


def test_another_terminal_of_a_demo_needs_no_login_and_no_agent_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_ADMIN_KEY")
    demo = replace(WITH_SOURCE, scaled_clock=ScaledClock(NOW, NOW, 60))
    path = alive(tmp_path / "l.sqlite")

    _, checks = looked_at(path, demo)
    with open_writer(path) as writer:
        writer.stopped(NOW + 59)
    _, after = looked_at(path, demo)

    assert (checks["secret openai"].state, checks["secret openai"].hint) == (State.NOTE, "")
    assert after["agent"].hint == "the demo is over: begin another with burndeck demo"
