"""`burndeck silence add` and `burndeck alerts plan`: what is wrong is said before anything is signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.control.identity import VARIABLE, new_identity, write_identity
from agent.ledger import open_writer
from console.cli import run
from tests.agent.ledger.look import rows

ADD = ("silence", "add", "team=search", "--reason", "load test", "--wait", "0")
PLAN = ("alerts", "plan", "team:search", "--reason", "re-indexing", "--wait", "0")


@dataclass(frozen=True)
class Place:
    """A ledger without an agent, and Ada, who may act."""

    ledger: Path
    config: Path

    def run(self, *words: str) -> int:
        """The exit code of a command."""
        where = ("--config", str(self.config), "--db", str(self.ledger))
        return run([*words, *where])

    def signed(self) -> list[str]:
        """What waits for an agent."""
        return [body for (body,) in rows(self.ledger, "SELECT body FROM intent ORDER BY id")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "ada.key"))
    ada = write_identity(new_identity("ada"), tmp_path / "ada.key")
    made = Place(tmp_path / "ledger.sqlite", tmp_path / "burndeck.toml")
    made.config.write_text(ada.config_block() + '[alerts.silence]\nlongest = "2d"\n')
    open_writer(made.ledger).close()
    yield made


def test_what_is_right_is_signed_and_waits_for_an_agent(place: Place) -> None:
    assert place.run(*ADD, "--for", "2d", "--credits", "0.5") == 1
    assert place.run(*PLAN, "--for", "1h") == 1

    silence, _ = place.signed()
    assert '"limit_nano":500000000' in silence
    assert '"matchers":{"team":"search"}' in silence
    assert '"seconds":172800' in silence


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((*ADD, "--credits", "-5"), "--credits: must be more than nothing"),
        ((*ADD, "--credits", "0"), "--credits: must be more than nothing"),
        ((*ADD, "--credits", "nan"), "not an amount"),
        ((*ADD, "--credits", "1e999999"), "not an amount"),
        ((*ADD, "--for", "0s"), "--for: more than nothing, and no longer than 2d"),
        ((*ADD, "--for", "49h"), "--for: more than nothing, and no longer than 2d"),
        ((*ADD, "--reason", " "), "it cannot stay empty"),
        ((*ADD, "--wait", "nan"), "'nan' is no number of seconds"),
        ((*ADD, "--wait", "-1"), "'-1' is no number of seconds"),
        ((*ADD, "team=payments"), "team is there twice"),
        ((*PLAN, "--for", "0s"), "--for: must be more than nothing"),
        ((*PLAN, "--reason", ""), "it cannot stay empty"),
        ((*PLAN, "--wait", "inf"), "'inf' is no number of seconds"),
    ],
)
def test_what_is_wrong_is_refused_before_it_is_signed(
    place: Place, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run(*words) == 2

    assert why in " ".join(capsys.readouterr().err.split())
    assert place.signed() == []
