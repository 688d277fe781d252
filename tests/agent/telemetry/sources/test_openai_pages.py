"""Pagination that never ends, groupings that are refused, answers that were not asked for."""

from __future__ import annotations

from typing import Any

from tests.agent.telemetry.answering import KEY, Answer, AnsweringServer, Asked
from tests.agent.telemetry.conftest import Readings

EPOCH = 1_790_003_000.0
DAY = 86400
EMPTY_LIST = {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}
EMPTY_PAGE = {"object": "page", "data": [], "has_more": False, "next_page": None}


def empty(asked: Asked) -> Answer:
    """A provider without anything."""
    return Answer(EMPTY_PAGE if "usage" in asked.path or "costs" in asked.path else EMPTY_LIST)


def test_a_cursor_that_comes_round_again_ends_the_read_and_keeps_nothing(readings: Readings) -> None:
    def circling(asked: Asked) -> Answer:
        start = int(asked.one("start_time") or 0)
        if asked.path.endswith("/completions"):
            rows: list[dict[str, Any]] = [{"input_tokens": 1, "num_model_requests": 1}]
            bucket = {"start_time": start, "end_time": start + 60, "results": rows}
            return Answer({"data": [bucket], "has_more": True, "next_page": "again"})
        return empty(asked)

    with AnsweringServer(circling) as server:
        reading = readings.of(server.base_url, KEY.reveal())
        report = reading.once(EPOCH)

    assert report.failed is None
    (completions,) = (it for it in report.sources[0].endpoints if it.endpoint.endswith("completions"))
    assert (completions.requests, completions.rows) == (2, 2)
    assert "repeated page cursor" in completions.note
    assert report.sources[0].covered_to is None
    assert reading.rows("SELECT COUNT(*) FROM bucket") == [(0,)]


def test_an_endless_directory_buries_nothing(readings: Readings) -> None:
    project = {"id": "proj_1", "name": "one", "status": "active"}
    other = {"id": "proj_2", "name": "two", "status": "active"}

    def whole(asked: Asked) -> Answer:
        return Answer({"data": [project, other]}) if asked.path.endswith("/projects") else empty(asked)

    def circling(asked: Asked) -> Answer:
        page = {"data": [project], "has_more": True, "last_id": "proj_1"}
        return Answer(page) if asked.path.endswith("/projects") else empty(asked)

    answer = whole
    with AnsweringServer(lambda asked: answer(asked)) as server:
        reading = readings.of(server.base_url, KEY.reveal())
        reading.once(EPOCH)
        answer = circling
        report = reading.once(EPOCH + 7200)

    assert report.failed is None
    assert reading.rows("SELECT id, removed_at FROM directory_project ORDER BY id") == [
        ("proj_1", None),
        ("proj_2", None),
    ]
    assert {asked.one("owner_project_access") for asked in server.asked if "api_keys" in asked.path} == {
        "any"
    }


def test_costs_go_on_without_a_dimension_that_is_refused(readings: Readings) -> None:
    def picky(asked: Asked) -> Answer:
        if asked.path.endswith("/costs"):
            if "api_key_id" in asked.params["group_by"]:
                return Answer({"error": {"message": "api_key_id cannot be combined"}}, 400)
            start = int(asked.one("start_time") or 0)
            row = {"amount": {"value": "0.1", "currency": "usd"}, "line_item": "gpt-5, input"}
            return Answer({"data": [{"start_time": start, "end_time": start + DAY, "results": [row]}]})
        return empty(asked)

    with AnsweringServer(picky) as server:
        reading = readings.of(server.base_url, KEY.reveal())
        report = reading.once(EPOCH)

    assert report.failed is None
    (costs,) = (it for it in report.sources[0].endpoints if it.endpoint.endswith("costs"))
    assert "not by api_key_id" in costs.note
    assert reading.rows("SELECT DISTINCT amount_nano FROM cost") == [(100_000_000,)]


def test_times_are_whole_seconds_and_limits_are_those_of_the_width(readings: Readings) -> None:
    with AnsweringServer(empty) as server:
        readings.of(server.base_url, KEY.reveal(), history=40 * DAY).once(EPOCH + 0.5)

    most = {"1m": 1440, "1h": 168, "1d": 180}
    for asked in server.asked:
        if width := asked.one("bucket_width"):
            assert 1 <= int(asked.one("limit") or 0) <= most[width]
            assert (asked.one("start_time") or "").isdecimal()
            assert (asked.one("end_time") or "").isdecimal()
        else:
            assert int(asked.one("limit") or 0) <= 100
