"""Callbacks of webhook gateways over real HTTP: only what a gateway has signed just now, and once, counts."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from standardwebhooks import Webhook

from agent.control.gateways.webhook.payload import idempotency_key
from agent.domain.gateway import Callback, Target, TargetKind
from agent.errors import ConfigError
from agent.process.callbacks import Callbacks
from agent.process.one_request import MOST_OPEN, OneRequest
from agent.secrets import NoSecretError
from agent.settings import Settings
from agent.settings_gateways import Acting, Gateway
from agent.webhooks import signature_headers

SECRET = "whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0"
OTHER = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="
KEY = idempotency_key(Target("hook", TargetKind.TEAM, "search"), {"max_rps": 10}, 17, 2)
PATH = "/callbacks/hook/17/2"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("OTHER_WEBHOOK_SECRET", OTHER)


def settings(listen: str = "127.0.0.1:0") -> Settings:
    hooks = tuple(
        Gateway(kind="webhook", name=name, base_url="http://127.0.0.1:1")
        for name in ("hook", "other", "mute")
    )
    return Settings(own_gateways=hooks, acting=Acting(listen=listen))


class Engine:
    """What would be told; answers as a test wants."""

    def __init__(self, answer: Callable[[Callback], None] = lambda callback: None) -> None:
        self.told: list[Callback] = []
        self._answer = answer

    async def take(self, callback: Callback) -> None:
        self._answer(callback)
        self.told.append(callback)


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    callbacks = Callbacks(settings())
    task = asyncio.create_task(callbacks.run(engine.take))
    async with httpx.AsyncClient(base_url=f"http://{callbacks.address}", timeout=10, verify=False) as client:
        yield client
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def signed(
    body: dict[str, Any], *, secret: str = SECRET, ident: str = "msg-1", age_s: int = 0
) -> dict[str, Any]:
    """Content and headers of a request as a gateway sends it."""
    content = msgspec.json.encode(body)
    return {
        "content": content,
        "headers": signature_headers([Webhook(secret)], ident, time.time() - age_s, content),
    }


def done(**more: Any) -> dict[str, Any]:
    return {"idempotency_key": KEY, "ok": True, "text": "10 rps\nset"} | more


def statuses(engine: Engine, *requests: tuple[str, dict[str, Any]]) -> list[int]:
    """What requests are answered with, one after another."""

    async def run() -> list[int]:
        async with serving(engine) as client:
            return [(await client.post(path, **request)).status_code for path, request in requests]

    return asyncio.run(run())


def test_a_signed_callback_is_handed_on() -> None:
    engine = Engine()

    assert statuses(engine, (PATH, signed(done()))) == [204]
    assert engine.told == [Callback("hook", 17, 2, KEY, ok=True, text="10 rps set")]


def test_a_forged_one_is_not() -> None:
    engine = Engine()
    changed = signed(done()) | {"content": msgspec.json.encode(done(ok=False))}
    broken = {
        "content": b"{}",
        "headers": {"webhook-id": "x", "webhook-timestamp": "nan", "webhook-signature": "v1"},
    }

    found = statuses(
        engine,
        (PATH, signed(done(), secret=OTHER)),
        (PATH, changed),
        (PATH, {"content": msgspec.json.encode(done())}),
        (PATH, broken),
        (PATH, broken | {"content": b"\xff"}),
    )

    assert found == [401] * 5
    assert engine.told == []


def test_one_that_was_caught_and_sent_again_counts_once() -> None:
    engine = Engine()
    caught = signed(done())

    assert statuses(engine, (PATH, caught), (PATH, caught), (PATH, signed(done(), ident="msg-2"))) == [
        204,
        204,  # or its gateway would go on sending it
        204,
    ]
    assert len(engine.told) == 2


@pytest.mark.parametrize("age_s", [310, -310])
def test_one_of_another_time_is_stale(age_s: int) -> None:
    assert statuses(Engine(), (PATH, signed(done(), age_s=age_s))) == [401]


def test_one_for_an_action_says_nothing_about_another() -> None:
    engine = Engine()

    found = statuses(
        engine,
        ("/callbacks/hook/18/2", signed(done())),
        ("/callbacks/hook/17/1", signed(done())),
        ("/callbacks/other/17/2", signed(done())),
    )

    assert found == [400, 400, 401]
    assert engine.told == []


def test_what_is_not_known_is_not_found() -> None:
    def unknown(callback: Callback) -> None:
        raise LookupError(callback.action)

    found = statuses(
        Engine(unknown),
        (PATH, signed(done())),
        ("/callbacks/nobody/17/2", signed(done())),
        ("/callbacks/mute/17/2", signed(done())),  # it has no secret here
        (f"/callbacks/hook/{'9' * 5000}/2", signed(done())),
        ("/callbacks/hook/-1/2", signed(done())),
        ("/", signed(done())),
    )

    assert found == [404] * 6


@pytest.mark.parametrize("body", [{}, done(ok="yes"), done(idempotency_key=7), done(text=None)])
def test_one_that_is_no_callback_is_refused(body: dict[str, Any]) -> None:
    assert statuses(Engine(), (PATH, signed(body))) == [400]


def test_one_that_is_too_large_is_refused() -> None:
    engine = Engine()

    assert statuses(engine, (PATH, signed(done(text="x" * 70_000)))) == [413]
    assert engine.told == []


def test_a_body_without_end_is_cut_off() -> None:
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"

    async def run() -> bytes:
        async with serving(Engine()) as client:
            reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
            writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            writer.writelines([chunk] * 5)
            answer = await reader.readline()
            with pytest.raises(ConnectionError):
                for _ in range(2_000):
                    writer.write(chunk)
                    await writer.drain()
            return answer

    assert b" 413 " in asyncio.run(run())


def test_one_that_could_not_be_taken_may_be_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    trouble = [RuntimeError("the ledger is locked")]

    def once(callback: Callback) -> None:
        if trouble:
            raise trouble.pop()

    engine = Engine(once)

    assert statuses(engine, (PATH, signed(done())), (PATH, signed(done()))) == [500, 204]
    assert len(engine.told) == 1
    assert "the ledger is locked" in caplog.text


def test_one_that_comes_again_while_it_is_taken_is_not_taken_twice() -> None:
    async def run() -> list[int]:
        asked, goes_on = asyncio.Event(), asyncio.Event()

        class Slow(Engine):
            async def take(self, callback: Callback) -> None:
                asked.set()
                await goes_on.wait()
                await super().take(callback)

        engine = Slow()
        async with serving(engine) as client:
            first = asyncio.create_task(client.post(PATH, **signed(done())))
            await asked.wait()
            again = await client.post(PATH, **signed(done()))
            goes_on.set()
            return [(await first).status_code, again.status_code, len(engine.told)]

    assert asyncio.run(run()) == [204, 409, 1]


def test_one_for_a_step_that_was_not_known_yet_may_be_sent_again() -> None:
    unknown = [LookupError("not yet")]

    def later(callback: Callback) -> None:
        if unknown:
            raise unknown.pop()

    assert statuses(Engine(later), (PATH, signed(done())), (PATH, signed(done()))) == [404, 204]


def test_whoever_holds_connections_keeps_nobody_out() -> None:
    async def run() -> list[int]:
        async with serving(Engine()) as client:
            host, port = client.base_url.host, client.base_url.port
            held = [await asyncio.open_connection(host, port) for _ in range(MOST_OPEN + 20)]
            found = [(await client.post(PATH, **signed(done()))).status_code]
            ended = sum([await reader.read() == b"" for reader, _ in held[:21]])
            for _, writer in held:
                writer.close()
            return [*found, ended]

    assert asyncio.run(asyncio.wait_for(run(), 20)) == [204, 21]


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_without_a_request_is_ended(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OneRequest, "head_within_s", 0.05)

    async def run() -> bytes:
        async with serving(Engine()) as client:
            reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
            writer.write(sent)
            ended = await reader.read()
            writer.close()
            return ended

    assert asyncio.run(asyncio.wait_for(run(), 10)) == b""


def test_a_locked_keyring_stops_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    import agent.process.callbacks as module

    def locked(*names: Any) -> Any:
        found.append(threading.current_thread() is threading.main_thread())
        raise NoSecretError("locked", hint="")

    found: list[bool] = []
    monkeypatch.setattr(module, "find_secret", locked)
    statuses(Engine(), (PATH, signed(done())))

    assert found and not any(found)


def test_either_secret_is_good_while_one_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_WEBHOOK_SECRET", f"{SECRET},{OTHER}")

    requests = [(PATH, signed(done(), secret=secret, ident=secret)) for secret in (SECRET, OTHER)]
    assert statuses(Engine(), *requests) == [204, 204]


def test_the_log_shows_refusals_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "agent")

    statuses(Engine(), (PATH, signed(done())), (PATH, signed(done(), secret=OTHER)))

    assert "callback for hook refused" in caplog.text
    assert "no callback of mute is taken" in caplog.text
    assert SECRET.removeprefix("whsec_") not in caplog.text


def test_an_address_that_is_taken_is_said_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match="cannot be taken") as caught:
            Callbacks(settings(address))

    assert "[acting]" in caught.value.hint
