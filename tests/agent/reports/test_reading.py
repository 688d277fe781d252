"""While the first history is being read, the status line says how much of it is there."""

from __future__ import annotations

from pathlib import Path

from agent.ledger import open_reader, open_writer
from agent.ledger.rows import SourceStatus
from agent.reports.burn import burn
from agent.reports.status import Reading
from agent.settings import parse_settings

DAY = 86_400
NOW = 1_795_000_020 // 60 * 60


def status_of(folder: Path, *, read_from: int, agent_lives: bool = True) -> Reading | None:
    """The reading state of a ledger whose 30 days of history are read from `read_from` on."""
    path = folder / "ledger.sqlite"
    text = '[organization]\nid = "org-1"\n[[sources]]\nkind = "openai"\nhistory = "30d"\n'
    settings = parse_settings(text, folder / "burndeck.toml").with_ledger(path)
    with open_writer(path) as writer:
        writer.write_usage_window("openai", read_from // DAY * DAY, NOW, {}, read_at=NOW)
        writer.save_source_status(
            SourceStatus(
                source="openai",
                kind="openai",
                account="openai",
                state="ok",
                message="",
                hint="",
                last_ok=NOW,
                last_try=NOW,
                covered_to=NOW,
                retry_at=None,
            )
        )
        writer.beat(1, "here", "0", NOW - 60, NOW)
        if not agent_lives:
            writer.stopped(NOW)
    with open_reader(path) as reader:
        return burn(reader, settings, NOW).status.reading


def test_a_part_of_the_history_is_said_in_days(tmp_path: Path) -> None:
    assert status_of(tmp_path, read_from=NOW - 12 * DAY) == Reading(days=12, of_days=30)


def test_a_history_that_was_read_says_nothing(tmp_path: Path) -> None:
    assert status_of(tmp_path, read_from=NOW - 31 * DAY) is None


def test_without_an_agent_nothing_is_being_read(tmp_path: Path) -> None:
    assert status_of(tmp_path, read_from=NOW - 12 * DAY, agent_lives=False) is None
