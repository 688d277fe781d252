"""How the lines of a timeline read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.intent import IntentKind
from agent.domain.money import NANO
from agent.ledger import open_reader
from agent.reports.incidents import timeline
from tests.agent.alerts.office import HOUR, Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "ledger.sqlite")
    yield made
    made.writer.close()


def lines(office: Office, kind: str) -> list[str]:
    """The lines of a kind, as reports show them."""
    with open_reader(office.path) as reader:
        return [line.text for line in timeline(reader, 1, office.now) if line.kind == kind]


def silence(office: Office, limit: int = 5_000 * NANO) -> None:
    wanted = {"seconds": 4 * HOUR, "limit_nano": limit, "reason": "load test"}
    assert office.want(IntentKind.SILENCE, "silence", matchers={"rule": "budget"}, **wanted) == ""


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (5_000 * NANO, "5,000 credits"),
        (100 * NANO, "100 credits"),
        (NANO // 2 + 1, "0.5 credits"),
        (1, "less than 0.01 credits"),
    ],
)
def test_a_silence_says_how_long_and_how_much_as_people_write_it(
    office: Office, limit: int, words: str
) -> None:
    office.burnt("710000")
    office.judge()

    silence(office, limit)

    assert lines(office, "silenced") == [f"silence 1 by ada for 4h or {words}: load test"]


@pytest.mark.parametrize(
    ("reason", "line"), [("", "silence 1 lifted"), ("test is over", "silence 1 lifted: test is over")]
)
def test_a_silence_that_is_lifted_without_a_word_ends_without_a_colon(
    office: Office, reason: str, line: str
) -> None:
    office.burnt("710000")
    silence(office)
    office.judge()

    office.want(IntentKind.UNSILENCE, "silence:1", reason=reason)

    assert lines(office, "muted") == ["alert 1 is muted by silence 1"]
    assert lines(office, "silence ended") == [line]


def test_lines_name_their_alert_where_an_incident_has_several(office: Office) -> None:
    office.burnt("710000")
    office.judge()
    silence(office)
    alone = lines(office, "silenced")
    office.burnt("910000")
    office.judge()

    assert alone == ["silence 1 by ada for 4h or 5,000 credits: load test"]
    assert lines(office, "silenced") == [f"alert 1: {alone[0]}"]
    assert [line.partition(":")[0] for line in lines(office, "fired")] == ["alert 1", "alert 2"]
    assert lines(office, "muted") == ["alert 2 is muted by silence 1", "alert 1 is muted by alert 2"]
