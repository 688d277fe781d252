"""What a provider refuses, leaves out or cannot say is unread, never zero, and is read when it can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from agent.ledger import open_writer
from agent.telemetry.once import Collecting
from tests.agent.telemetry.answering import KEY, Answer, AnsweringServer, Asked
from tests.agent.telemetry.conftest import QUICK, Reading, Readings

HOUR, DAY = 3600, 86400
NOW = 1_790_035_200.0 // DAY * DAY + HOUR * 12
WIDTHS = {"1m": 60, "1h": HOUR, "1d": DAY}
ONE_TRY = dataclasses.replace(QUICK, attempts=1)


def provider(asked: Asked) -> Answer:
    """One completion and one embedding a minute, a bill of a dollar a day, one project with one key."""
    if asked.path.endswith("/projects"):
        return Answer({"data": [{"id": "proj_1", "name": "Search"}]})
    if asked.path.endswith("/api_keys"):
        return Answer({"data": [{"id": "key_1", "name": "search-prod-1"}]})
    if not ("/usage/" in asked.path or asked.path.endswith("/costs")):
        return Answer({"data": []})
    return Answer({"data": buckets(asked)})


def buckets(asked: Asked) -> list[dict[str, Any]]:
    start, end = int(asked.one("start_time") or 0), int(asked.one("end_time") or 0)
    width = WIDTHS[asked.one("bucket_width") or ""]
    return [
        {"start_time": at, "end_time": at + width, "results": rows(asked, width)}
        for at in range(start, end, width)
    ]


def rows(asked: Asked, width: int) -> list[dict[str, Any]]:
    if asked.path.endswith("/costs"):
        return [{"amount": {"value": "1", "currency": "usd"}, "line_item": "gpt-5, input"}]
    if asked.path.endswith(("/completions", "/embeddings")):
        whose = {"project_id": "proj_1", "api_key_id": "key_1", "model": "gpt-5"}
        return [{"num_model_requests": width // 60, "input_tokens": 10, **whose}]
    return []


class Mood:
    """A provider whose behaviour a test changes on the way."""

    def __init__(self) -> None:
        self.special: Callable[[Asked], Answer | None] = lambda asked: None

    def __call__(self, asked: Asked) -> Answer:
        return self.special(asked) or provider(asked)


@pytest.fixture
def mood() -> Mood:
    return Mood()


@pytest.fixture
def server(mood: Mood) -> Iterator[AnsweringServer]:
    with AnsweringServer(mood) as answering:
        yield answering


@pytest.fixture
def reading(server: AnsweringServer, readings: Readings) -> Reading:
    return readings.of(server.base_url, KEY.reveal(), history=DAY)


@contextmanager
def agent(reading: Reading) -> Iterator[Collecting]:
    """An agent that stays, so that it remembers what it set aside."""
    with (
        open_writer(reading.settings.ledger_path) as writer,
        Collecting(reading.settings, writer, ONE_TRY) as collecting,
    ):
        yield collecting


def refuse(word: str, status: int) -> Callable[[Asked], Answer | None]:
    refusal = Answer({"error": {"message": "not for you"}}, status)
    return lambda asked: refusal if word in asked.path else None


def circle(word: str) -> Callable[[Asked], Answer | None]:
    page = Answer({"data": [], "has_more": True, "next_page": "again"})
    return lambda asked: page if word in asked.path else None


def requests(reading: Reading, kind: str) -> int:
    """What the ledger holds of a kind, of the hours that every pass of a test still wants."""
    found: int = reading.rows(
        f"""SELECT CAST(TOTAL(requests) AS INTEGER) FROM bucket
            WHERE kind IN (SELECT id FROM dim WHERE value = '{kind}') AND start >= {NOW - 20 * HOUR}"""
    )[0][0]
    return found


@pytest.mark.parametrize(
    "trouble", [refuse("embeddings", 403), refuse("embeddings", 404), circle("embeddings")]
)
def test_a_kind_that_cannot_be_read_is_missed_alone_and_read_whole_when_it_comes_back(
    mood: Mood, reading: Reading, trouble: Callable[[Asked], Answer | None]
) -> None:
    mood.special = trouble
    with agent(reading) as collecting:
        (away,) = collecting.catch_up(NOW)
        without = requests(reading, "embeddings")
        mood.special = lambda asked: None
        (back,) = collecting.tick(NOW + 2 * HOUR)

    assert (away.state, without) == ("ok", 0)
    assert "embeddings" in away.message
    assert "set aside" in away.message
    assert back.message == ""
    assert requests(reading, "completions") == requests(reading, "embeddings") > 20 * 60


def test_a_restarted_agent_still_knows_what_a_kind_lacks(mood: Mood, reading: Reading) -> None:
    mood.special = refuse("embeddings", 404)
    reading.once(NOW)

    mood.special = lambda asked: None
    reading.once(NOW)

    assert requests(reading, "embeddings") == requests(reading, "completions")


@pytest.mark.parametrize("status", [400, 403, 404])
def test_completions_that_are_refused_fail_the_source(mood: Mood, reading: Reading, status: int) -> None:
    mood.special = refuse("completions", status)

    failed = reading.once(NOW).failed

    assert failed is not None
    assert failed.exit_code == 3
    assert "usage/completions" in failed.message
    assert reading.rows("SELECT COUNT(*) FROM bucket") == [(0,)]
    assert reading.rows("SELECT COUNT(*) FROM coverage WHERE layer = 2") == [(0,)]


def test_minutes_and_days_that_an_answer_leaves_out_are_unread_not_zero(mood: Mood, reading: Reading) -> None:
    hole = NOW - 30 * 60

    def forgetful(asked: Asked) -> Answer | None:
        if not (asked.path.endswith(("/completions", "/costs"))):
            return None
        return Answer(
            {"data": [it for it in buckets(asked) if not it["start_time"] <= hole < it["end_time"]]}
        )

    mood.special = forgetful
    with agent(reading) as collecting:
        (first,) = collecting.catch_up(NOW)
        covered = reading.rows('SELECT layer, MIN(start), MAX("end"), COUNT(*) FROM coverage GROUP BY layer')
        billed = reading.rows("SELECT COUNT(DISTINCT day) FROM cost")[0][0]
        mood.special = lambda asked: None
        collecting.tick(NOW + 7 * HOUR)

    assert "were not in the answers" in first.message
    assert (2, 2) in [(layer, parts) for layer, _, _, parts in covered]
    assert reading.rows(f'SELECT 1 FROM coverage WHERE layer = 2 AND start <= {hole} AND "end" > {hole}')
    assert reading.rows("SELECT COUNT(*) FROM coverage WHERE layer = 2") == [(1,)]
    assert reading.rows("SELECT COUNT(DISTINCT day) FROM cost")[0][0] == billed + 1


def test_a_window_that_always_fails_holds_up_neither_older_ones_nor_the_newest(
    mood: Mood, reading: Reading
) -> None:
    bad = int(NOW) - 12 * HOUR
    trouble = Answer({"error": {"message": "boom"}}, 500)

    def special(asked: Asked) -> Answer | None:
        start, end = int(asked.one("start_time") or 0), int(asked.one("end_time") or 0)
        return trouble if asked.path.endswith("/completions") and start <= bad < end else None

    mood.special = special
    with agent(reading) as collecting:
        collecting.catch_up(NOW)
        for minutes in range(1, 12):
            (waiting,) = collecting.tick(NOW + 60 * minutes)
        oldest, newest = reading.rows("SELECT MIN(start), MAX(start) FROM bucket")[0]
        mood.special = lambda asked: None
        (report,) = collecting.tick(NOW + 2 * HOUR)

    assert oldest < bad - 10 * HOUR
    assert newest >= NOW + 9 * 60
    assert waiting.message.startswith("parts of the past that could not be read: 1")
    assert (report.state, report.message) == ("ok", "")
    assert reading.rows("SELECT COUNT(*) FROM coverage WHERE layer = 2") == [(1,)]


def test_the_first_minutes_are_attributed_by_the_directory_from_the_first_pass_on(
    server: AnsweringServer, reading: Reading
) -> None:
    newest = """SELECT DISTINCT dim.value FROM bucket JOIN context ON context.id = bucket.context
        JOIN dim ON dim.id = context.environment WHERE width = 60"""

    reading.once(NOW)
    after_first = reading.rows(newest)
    server.asked.clear()
    reading.once(NOW + 60)

    assert after_first == [("prod",)]
    assert reading.rows(newest) == [("prod",)]
    asked = [it for it in server.asked if it.path.endswith("/completions")]
    assert len(asked) == 1, "names that are known from before are no news"


def test_after_a_refusal_that_asks_for_rest_no_backlog_is_read(
    mood: Mood, server: AnsweringServer, reading: Reading
) -> None:
    slow_down = Answer({"error": {"message": "slow down"}}, 429, {"Retry-After": "300"})
    mood.special = lambda asked: slow_down if asked.path.endswith("/completions") else None

    with agent(reading) as collecting:
        collecting.catch_up(NOW)
        (report,) = collecting.tick(NOW + 299)

    assert report.state == "waiting"
    # Requests for other kinds of the same newest minutes may have been under way already.
    windows = {tuple(asked.params.get("start_time", ())) for asked in server.asked}
    assert len(windows) == 1, "neither the past nor the newest minutes again"
    assert not [it for it in server.asked if it.path.endswith(("/costs", "/projects"))]


def test_a_clock_that_is_set_back_does_not_stop_the_reading(
    server: AnsweringServer, reading: Reading
) -> None:
    with agent(reading) as collecting:
        collecting.catch_up(NOW)
        server.asked.clear()
        collecting.tick(NOW - 3 * HOUR)

    read = [int(it.one("end_time") or 0) for it in server.asked if it.path.endswith("/completions")]
    assert int(NOW) - 3 * HOUR - 60 in read


def test_a_directory_that_fails_asks_for_nothing_more(
    mood: Mood, server: AnsweringServer, reading: Reading
) -> None:
    projects = Answer({"data": [{"id": f"proj_{n}"} for n in range(100)]})
    refused = Answer({"error": {"message": "no"}}, 403)
    mood.special = lambda asked: (
        projects
        if asked.path.endswith("/organization/projects")
        else refused
        if "/projects/" in asked.path
        else None
    )

    report = reading.once(NOW)

    assert report.failed is not None
    assert len([it for it in server.asked if "/projects/" in it.path]) < 10


def test_a_source_that_cannot_be_opened_is_reported_whatever_the_reason(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.telemetry.sources.openai.source.find_secret", lambda *names: 1 / 0)

    failed = reading.once(NOW).failed

    assert failed is not None
    assert "ZeroDivisionError" in failed.message
