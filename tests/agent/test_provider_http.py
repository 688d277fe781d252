"""The HTTP client: what it retries, how long it waits, and what it says when it gives up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from agent.errors import ConfigError
from agent.provider_http import ApiClient, HttpError, RetryPolicy
from agent.secrets import Secret
from tests.agent.telemetry.answering import KEY, Answer, AnsweringServer, Asked, in_turn

QUICK = RetryPolicy(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, obeyed_wait_s=1.0, timeout_s=2.0)


def got(server: AnsweringServer, policy: RetryPolicy = QUICK, **options: Any) -> Any:
    """What the client makes of one GET."""

    async def ask() -> Any:
        async with ApiClient(server.base_url, KEY, policy=policy, **options) as client:
            answer, _ = await client.get("organization/costs", [("limit", "7")], dict)
            return answer

    return asyncio.run(ask())


def refusal(answer: Callable[[Asked], Answer], policy: RetryPolicy = QUICK) -> tuple[HttpError, int]:
    """The error that one GET ends with, and how often the server was asked."""
    with AnsweringServer(answer) as server, pytest.raises(HttpError) as caught:
        got(server, policy)
    return caught.value, len(server.asked)


def test_key_and_own_headers_are_sent() -> None:
    with AnsweringServer(in_turn(Answer({}))) as server:
        got(server, headers={"Prefer": "code=200"})

    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY.reveal()}"
    assert server.asked[0].headers["Prefer"] == "code=200"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_passing_trouble_is_tried_again(status: int) -> None:
    with AnsweringServer(in_turn(Answer({}, status), Answer({}, status), Answer({"ok": 1}))) as server:
        assert got(server) == {"ok": 1}

    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "answer", [Answer({"a": "b"}, cut=3), Answer(b'{"a": ')], ids=["truncated", "invalid"]
)
def test_a_body_that_cannot_be_read_is_asked_for_again(answer: Answer) -> None:
    with AnsweringServer(in_turn(answer, Answer({"whole": 1}))) as server:
        assert got(server) == {"whole": 1}


def test_a_body_that_stays_unreadable_ends_in_an_error_that_names_the_endpoint() -> None:
    error, asked = refusal(in_turn(Answer(b"<html>")))

    assert asked == QUICK.attempts
    assert "organization/costs" in error.message
    assert error.hint


def test_what_the_provider_says_about_retrying_goes_first() -> None:
    never, asked_once = refusal(in_turn(Answer({}, 503, {"x-should-retry": "false"})))
    with AnsweringServer(in_turn(Answer({}, 400, {"x-should-retry": "true"}), Answer({"ok": 1}))) as server:
        assert got(server) == {"ok": 1}

    assert (never.status, asked_once) == (503, 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after-ms": "150"},
        {"Retry-After": "0.15"},
    ],
    ids=["milliseconds", "seconds"],
)
def test_the_wait_that_is_asked_for_is_kept(headers: dict[str, str]) -> None:
    with AnsweringServer(in_turn(Answer({}, 429, headers), Answer({"ok": 1}))) as server:
        started = time.monotonic()
        assert got(server) == {"ok": 1}
        took = time.monotonic() - started

    assert took >= 0.15


def test_a_date_is_waited_for_and_one_that_is_past_is_no_wait() -> None:
    slow = RetryPolicy(attempts=2, first_wait_s=30.0, longest_wait_s=30.0, obeyed_wait_s=30.0)
    past, later = (
        format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True) for minutes in (-1, 5)
    )

    started = time.monotonic()
    with AnsweringServer(in_turn(Answer({}, 429, {"Retry-After": past}), Answer({"ok": 1}))) as server:
        assert got(server, slow) == {"ok": 1}
    assert time.monotonic() - started < 10

    error, _ = refusal(in_turn(Answer({}, 429, {"Retry-After": later})))
    assert error.retry_after == pytest.approx(300, abs=10)


def test_a_wait_longer_than_our_patience_is_not_begun() -> None:
    error, asked = refusal(in_turn(Answer({}, 429, {"Retry-After": "60"})))

    assert asked == 1
    assert error.retry_after == 60


def test_after_a_429_all_calls_of_the_client_wait() -> None:
    with AnsweringServer(in_turn(Answer({}, 429, {"retry-after-ms": "200"}), Answer({}))) as server:

        async def ask() -> float:
            async with ApiClient(server.base_url, KEY, policy=QUICK, at_once=1) as client:
                first = asyncio.create_task(client.get("a", [], dict))
                while not server.asked:  # noqa: ASYNC110 - the server is another thread
                    await asyncio.sleep(0.005)
                started = time.monotonic()
                await client.get("b", [], dict)
                took = time.monotonic() - started
                await first
                return took

        assert asyncio.run(ask()) >= 0.1


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": {
                "message": "Missing scopes: api.usage.read",
                "type": "x",
                "param": None,
                "code": "missing_scope",
            }
        },
        {"code": "missing_scope", "message": "Missing scopes: api.usage.read"},
    ],
    ids=["nested", "bare"],
)
def test_a_missing_scope_is_named_in_either_envelope(body: dict[str, Any]) -> None:
    error, asked = refusal(in_turn(Answer(body, 403)))

    assert asked == 1
    assert error.code == "missing_scope"
    assert "Missing scopes: api.usage.read" in error.message
    assert "lacks the scope api.usage.read" in error.hint


def test_a_server_that_is_not_there_is_named_with_a_hint() -> None:
    with AnsweringServer(in_turn(Answer({}))) as server:
        pass

    with pytest.raises(HttpError) as caught:
        got(server)

    assert caught.value.status == 0
    assert "127.0.0.1" in caught.value.message
    assert "base_url" in caught.value.hint


def test_a_damaged_body_is_asked_for_again_and_then_an_error() -> None:
    damaged = Answer(b"no gzip at all", 200, {"Content-Encoding": "gzip"})

    error, asked = refusal(in_turn(damaged))

    assert asked == QUICK.attempts
    assert "cannot be read" in error.message


@pytest.mark.parametrize("wait", ["inf", "nan", "-inf", "soon"])
def test_a_wait_that_is_no_time_is_not_obeyed(wait: str) -> None:
    error, asked = refusal(in_turn(Answer({}, 429, {"Retry-After": wait})))

    assert (error.retry_after, asked) == (None, QUICK.attempts)


def test_while_the_provider_wants_a_long_rest_no_call_is_sent() -> None:
    with AnsweringServer(in_turn(Answer({}, 429, {"Retry-After": "300"}))) as server:

        async def ask_twice() -> HttpError:
            async with ApiClient(server.base_url, KEY, policy=QUICK) as client:
                with pytest.raises(HttpError):
                    await client.get("a", [], dict)
                with pytest.raises(HttpError) as caught:
                    await client.get("b", [], dict)
                return caught.value

        error = asyncio.run(ask_twice())

    assert [asked.path for asked in server.asked] == ["/v1/a"]
    assert error.status == 429
    assert error.retry_after is not None
    assert 290 < error.retry_after <= 300


def test_a_password_in_base_url_is_refused_unseen() -> None:
    with pytest.raises(ConfigError) as caught:
        ApiClient("https://me:hunter2@gateway.example/v1", KEY)

    assert "gateway.example" in caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize("key", [KEY, Secret("no-usual-prefix")], ids=["ours", "a gateway's"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_error_carries_the_key_although_the_server_repeats_it(status: int, key: Secret) -> None:
    def echo(asked: Asked) -> Answer:
        return Answer({"error": {"message": f"invalid: {asked.headers['Authorization']}"}}, status)

    with AnsweringServer(echo) as server:

        async def ask() -> HttpError:
            async with ApiClient(server.base_url, key, policy=QUICK) as client:
                with pytest.raises(HttpError) as caught:
                    await client.get("organization/costs", [], dict)
                return caught.value

        error = asyncio.run(ask())

    assert "invalid: Bearer ***" in error.message
    assert key.reveal() not in f"{error.message} {error.hint} {error!r}"
