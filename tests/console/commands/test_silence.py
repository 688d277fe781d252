"""`burndeck silence add` and `burndeck alerts plan`: what is wrong is said before anything is signed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.alerts.handlers import handlers
from agent.control.identity import VARIABLE, new_identity, write_identity
from agent.control.inbox import take
from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.money import NANO
from agent.domain.silence import Silence
from agent.domain.usage import Dimensions
from agent.ledger import open_writer
from agent.settings import load_settings
from console.cli import run
from tests.agent.ledger.build import batch, event
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


def alert(scope: str) -> Alert:
    now = int(time.time()) - 60
    signal = Signal(
        fingerprint=f"burn_spike:{scope}",
        rule=AlertRule.BURN_SPIKE,
        tier="warning",
        at=now,
        scope_kind="team",
        scope=scope,
        current_nano=30 * NANO,
        expected_nano=5 * NANO,
        threshold=Decimal("0.5"),
        team=scope,
        summary=f"{scope} burns",
    )
    return Alert(signal, AlertState.FIRING, now, fired_at=now)


@contextmanager
def an_agent(place: Place) -> Iterator[None]:
    """Carries out what people sign, as the agent does between two rounds."""
    over = threading.Event()

    def work() -> None:
        settings = load_settings(place.config)
        with open_writer(place.ledger) as writer:
            while not over.wait(0.01):
                take(writer, settings, time.time(), handlers(settings))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_silence_that_was_made_says_its_id_its_ends_and_what_it_mutes(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_writer(place.ledger) as writer:
        writer.alerts.save([alert("search"), alert("payments")])
    add = (*ADD[:-1], "30", "--for", "4h", "--credits", "5000")
    with an_agent(place):
        assert place.run(*add) == 0
        told = capsys.readouterr().out
        assert place.run(*add, "--json") == 0
        found = json.loads(capsys.readouterr().out)

    assert told.startswith("silence 1: team=search until 20")
    assert "Z or 5,000 credits, by ada; mutes 1 alert now" in told
    assert "burndeck silence lift 1" in told
    assert found["state"] == "done"
    assert (found["silence"]["id"], found["silence"]["mutes"]) == (2, 1)


def test_the_list_says_when_a_silence_really_ended_and_why(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 1_700_000_000
    made = Silence("ada", "test", {"team": "search"}, now, now + 7_200, NANO)
    with open_writer(place.ledger) as writer:
        for ended, why in ((now + 600, "lifted"), (now + 7_215, "time"), (now + 1_200, "credits")):
            writer.incidents.add_silence(replace(made, ended_at=ended, ended_why=why))
        writer.incidents.add_silence(made)  # over, but no agent has noticed it
        writer.incidents.add_silence(replace(made, ends_at=int(time.time()) + 600))

    assert place.run("silence", "list", "--since", "9999d") == 0

    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line[4:18].strip() for line in lines] == [
        "active",
        "ended: time",
        "ended: credits",
        "ended: time",
        "lifted",
    ]
    assert ["22:13:20" in line for line in lines] == [False] * 5
    assert ["2023-11-15 00:13:20Z" in line for line in lines] == [False, True, False, True, False]
    assert "2023-11-14 22:33:20Z" in lines[2]
    assert "2023-11-14 22:23:20Z" in lines[4]


def seen(place: Place, *teams: str) -> None:
    """Teams that have burnt something."""
    with open_writer(place.ledger) as writer:
        writer.write_events(
            batch([event(f"r-{team}", dimensions=Dimensions("openai", team=team)) for team in teams])
        )


@pytest.mark.parametrize(
    ("team", "hint"), [("serach", "Did you mean search?"), ("nope", "Known: payments, search.")]
)
def test_a_plan_for_a_team_that_nobody_knows_is_refused_with_those_that_there_are(
    place: Place, team: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen(place, "search", "payments")

    assert place.run("alerts", "plan", f"team:{team}", "--reason", "re-indexing", "--wait", "0") == 2

    err = capsys.readouterr().err
    assert f"neither the ledger nor burndeck.toml knows team:{team}" in err and hint in err
    assert place.signed() == []


def test_a_plan_for_what_is_no_scope_is_refused_before_it_is_signed(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run("alerts", "plan", "squad:search", "--reason", "re-indexing") == 2

    assert "is none of organization" in capsys.readouterr().err
    assert place.signed() == []


def test_a_bare_number_is_the_alert_of_that_number(place: Place) -> None:
    with open_writer(place.ledger) as writer:
        writer.alerts.save([alert("search")])

    assert place.run("alerts", "plan", "1", "--reason", "re-indexing", "--wait", "0") == 1

    (plan,) = place.signed()
    assert '"subject":"alert:1"' in plan


@pytest.mark.parametrize(
    ("matcher", "said"), [("team=nope", True), ("team=se*", False), ("tier=nope", False)]
)
def test_a_silence_of_what_the_ledger_does_not_know_says_so(
    place: Place, matcher: str, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    seen(place, "search")

    place.run("silence", "add", matcher, "--reason", "load test", "--wait", "0")

    assert ("note: the ledger knows no team 'nope'" in capsys.readouterr().err) is said
