"""Changes that pipelines post over real HTTP: believed by their signature alone, and counted once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from standardwebhooks import Webhook

from agent.domain.change import Change
from agent.domain.gateway import Callback
from agent.process.bodies import MOST_BYTES
from agent.process.callbacks import Callbacks
from agent.secrets import NoSecretError, find_secret
from agent.settings import Settings
from agent.settings_changes import CHANGES_SECRET, Changes
from agent.settings_gateways import Acting
from agent.telemetry.changes.posted import posted_change
from agent.webhooks import signature_headers

SECRET = "whsec_Y2hhbmdlcy1zZWNyZXQtY2hhbmdlcw=="
OTHER = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="
NOW = 1_790_000_000.0


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGES_WEBHOOK_SECRET", SECRET)


class Feed:
    """What was told, by id."""

    def __init__(self) -> None:
        self.known: dict[str, Change] = {}

    async def take(self, body: bytes, message_id: str) -> None:
        change = posted_change(body, message_id, NOW)
        self.known[change.id] = change


@asynccontextmanager
async def serving(feed: Feed, *, webhook: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(acting=Acting(listen="127.0.0.1:0"), changes=Changes(webhook=webhook))

    async def no_callback(callback: Callback) -> None:
        raise LookupError(callback.gateway)

    callbacks = Callbacks(settings)
    task = asyncio.create_task(callbacks.run(no_callback, feed.take))
    async with httpx.AsyncClient(base_url=f"http://{callbacks.address}", timeout=10, verify=False) as client:
        yield client
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def signed(body: Any, *, key: str = SECRET, ident: str = "msg-1", age_s: int = 0) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = signature_headers([Webhook(key)], ident, time.time() - age_s, content)
    return {"content": content, "headers": headers}


def answers(feed: Feed, *requests: dict[str, Any], webhook: bool = True) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        async with serving(feed, webhook=webhook) as client:
            return [await client.post("/changes", **request) for request in requests]

    return asyncio.run(run())


def statuses(feed: Feed, *requests: dict[str, Any]) -> list[int]:
    return [answer.status_code for answer in answers(feed, *requests)]


def test_a_signed_deploy_is_taken_once_however_often_it_is_posted() -> None:
    feed = Feed()
    deploy = {"id": "deploy-7", "service": "search-api", "title": "2.4.1", "team": "search"}

    assert statuses(feed, signed(deploy), signed(deploy), signed(deploy, ident="msg-2")) == [204] * 3
    assert [change.title for change in feed.known.values()] == ["search-api 2.4.1"]


def test_without_an_id_each_message_is_a_change() -> None:
    feed = Feed()

    assert statuses(feed, signed({"title": "a"}), signed({"title": "a"}, ident="msg-2")) == [204, 204]
    assert len(feed.known) == 2


def test_what_is_not_signed_just_now_with_the_secret_is_refused() -> None:
    feed = Feed()
    deploy = {"title": "search-api 2.4.1"}

    assert (
        statuses(
            feed,
            {"content": b'{"title": "forged"}'},
            signed(deploy, key=OTHER),
            signed(deploy) | {"content": b'{"title": "changed"}'},
            signed(deploy, age_s=3_600),
        )
        == [401] * 4
    )
    assert feed.known == {}


def test_a_wrong_field_is_named_in_the_answer_and_the_next_change_is_taken() -> None:
    feed = Feed()

    wrong, taken = answers(feed, signed({"title": "x", "kind": "deploy"}), signed({"title": "x"}))

    assert wrong.status_code == 400
    assert wrong.json()["field"] == "kind"
    assert "'deploy' is none of release, config" in wrong.json()["error"]
    assert taken.status_code == 204


def test_a_body_that_is_too_large_is_refused_before_anybody_reads_it() -> None:
    feed = Feed()

    assert statuses(feed, signed(b" " * (MOST_BYTES + 1))) == [413]


def test_nothing_is_taken_where_it_is_off_or_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed()
    assert [each.status_code for each in answers(feed, signed({"title": "x"}), webhook=False)] == [404]

    monkeypatch.delenv("CHANGES_WEBHOOK_SECRET")
    with pytest.raises(NoSecretError):
        find_secret(CHANGES_SECRET)
    assert statuses(feed, signed({"title": "x"})) == [404]
    assert feed.known == {}


def test_what_is_nested_too_deeply_is_no_change() -> None:
    (answer,) = answers(Feed(), signed(b"[" * 50_000))

    assert (answer.status_code, answer.json()) == (400, {"error": "the body is nested too deeply"})


def test_a_flood_of_unsigned_posts_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    assert statuses(Feed(), *[{"content": b"{}"}] * 20) == [401] * 20

    assert caplog.text.count("a posted change is refused") == 1
