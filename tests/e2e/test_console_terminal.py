"""The console in a real terminal (tmux), on a real ledger, driven by keys through both screens."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from agent.ledger.writer import LedgerWriter

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux to have a real terminal"),
]

PATIENCE_S = 25.0
MINUTE, HOUR, DAY = 60, 3600, 86_400
TEAMS = ("search", "payments", "growth")


class Tmux:
    """One window of a tmux server of its own."""

    def __init__(self, command: list[str], columns: int, rows: int) -> None:
        self._server = f"burndeck-test-{uuid.uuid4().hex[:8]}"
        environment = {name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR")}
        words = f"{shlex.join(command)}; echo left with $?; sleep 60"
        size = ["-x", str(columns), "-y", str(rows)]
        subprocess.run(
            ["tmux", "-L", self._server, "-f", os.devnull, "new-session", "-d", *size, words],
            check=True,
            env=environment,
        )

    def _tmux(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self._server, *words], check=True, capture_output=True, text=True
        ).stdout

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def until(self, *texts: str) -> str:
        """The screen as soon as it shows all texts."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            screen = self.screen
            if all(text in screen for text in texts):
                return screen
            time.sleep(0.05)
        raise AssertionError(f"{texts} did not come together on the screen:\n{self.screen}")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._server, "kill-server"], check=False, capture_output=True)


def bucket(team: str, start: int, width: int, requests: int) -> BucketRow:
    dimensions = Dimensions(
        account="openai",
        api_key=f"key-{team}",
        project=f"project-{team}",
        environment="prod",
        team=team,
        owner=f"owner-{team}",
    )
    service = Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions")
    credits_nano = requests * 2 * 10**8
    return BucketRow(start, width, dimensions, service, requests, requests * 900, 0, 0, 0, credits_nano)


def write(writer: LedgerWriter, start: int, width: int, rows: list[BucketRow]) -> None:
    writer.write_usage_window("openai", start, start + width, {"completions": rows}, read_at=start + width)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A ledger and the end of its newest minute: two steady weeks, then search burns fivefold."""
    path = tmp_path_factory.mktemp("console") / "ledger.sqlite"
    now = int(time.time()) // MINUTE * MINUTE
    detail_from = now // HOUR * HOUR - HOUR
    with open_writer(path) as writer:
        for start in range(detail_from - 14 * DAY, detail_from, HOUR):
            rows = [bucket(team, start, HOUR, 600) for team in TEAMS]
            writer.write_usage_window(
                "openai", start, start + HOUR, {"completions": rows}, read_at=start + HOUR
            )
        for start in range(detail_from, now, MINUTE):
            rows = [
                bucket(team, start, MINUTE, 50 if team == "search" and start >= now - 15 * MINUTE else 10)
                for team in TEAMS
            ]
            write(writer, start, MINUTE, rows)
    return path, now


@pytest.fixture
def ledger(history: tuple[Path, int], tmp_path: Path) -> Path:
    """A copy of the history that a test may change."""
    return Path(shutil.copy(history[0], tmp_path / "ledger.sqlite"))


@pytest.fixture
def empty_config(tmp_path: Path) -> Path:
    path = tmp_path / "burndeck.toml"
    path.write_text('[organization]\nname = "Example Corp"\n', encoding="utf-8")
    return path


@pytest.fixture(params=[(80, 24), (200, 60)], ids=["80x24", "200x60"])
def terminal(request: pytest.FixtureRequest, ledger: Path, empty_config: Path) -> Iterator[Tmux]:
    command = [sys.executable, "-m", "console.cli", "--config", str(empty_config), "--db", str(ledger)]
    tmux = Tmux(command, *request.param)
    yield tmux
    tmux.close()


def test_keys_lead_through_both_screens_and_out_again(terminal: Tmux):
    terminal.until("BURN NOW", "LAST HOUR", "Teams 3", "no agent: run `burndeck agent start`")

    terminal.press("/")
    terminal.until("filter: a regular expression")
    terminal.press("p", "a", "y", "Enter")
    terminal.until("1 of 3", "payments")
    terminal.press("Escape")
    terminal.until("search", "growth")

    terminal.press("g", "Enter")
    terminal.until("Triage", "Projects", "team search", "project-search")
    terminal.press("Enter")
    terminal.until("Keys", "key-search", "owner-search")
    terminal.press("BSpace")
    terminal.until("Projects")

    terminal.press("[")
    terminal.until("PAST")
    terminal.press(".")
    terminal.press("1")
    terminal.until("BURN NOW", "Teams 3")

    terminal.press("?")
    terminal.until("What burns now")
    terminal.press("q")
    terminal.until("BURN NOW")
    terminal.press("q")
    terminal.until("left with 0")


def test_a_commit_of_another_process_shows_by_itself(terminal, ledger: Path, history: tuple[Path, int]):
    terminal.until("Teams 3")

    last = history[1] - MINUTE
    with open_writer(ledger) as writer:
        write(writer, last, MINUTE, [bucket(team, last, MINUTE, 30) for team in (*TEAMS, "newcomer")])

    terminal.until("Teams 4", "newcomer")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
def test_without_a_ledger_the_screen_says_what_to_do(size, empty_config: Path, tmp_path: Path):
    missing = tmp_path / "none.sqlite"
    tmux = Tmux(
        [sys.executable, "-m", "console.cli", "--config", str(empty_config), "--db", str(missing)], *size
    )
    try:
        tmux.until("no ledger", "burndeck agent start", "burndeck demo")
    finally:
        tmux.close()


def test_a_broken_configuration_is_named_with_its_line(tmp_path: Path):
    config = tmp_path / "burndeck.toml"
    config.write_text('[organization]\nname = "Example Corp"\ncurency = "EUR"\n', encoding="utf-8")
    tmux = Tmux([sys.executable, "-m", "console.cli", "--config", str(config)], 80, 24)
    try:
        tmux.until(":3: organization.curency", "Did you mean 'currency'?")
    finally:
        tmux.close()
