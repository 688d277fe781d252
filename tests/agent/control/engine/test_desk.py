"""Links to gateways: opened beside the loop, let go only where that helps, and left alone when they ask."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from agent.control.engine import Bench, Poller
from agent.control.gateways.base import GatewayError
from agent.domain.gateway import Inventory
from agent.ledger import open_reader
from agent.provider_http import HttpError
from tests.agent.control.engine.shop import GATE, KEY, Life, MemoryLink, Shop


class Failing:
    """Links that answer what a test says; keeps how many were opened and closed."""

    def __init__(self, shop: Shop, *failures: Exception) -> None:
        self.shop = shop
        self.failures = list(failures)
        self.opened: list[MemoryLink] = []
        self.bench: Bench = shop.bench()
        self.bench.opening = lambda settings, gateway: self._open()

    def _open(self) -> Any:
        link = MemoryLink(self.shop.memory, Life())
        self.opened.append(link)
        read = link.inventory

        async def inventory() -> Inventory:
            if self.failures:
                raise self.failures.pop(0)
            return await read()

        link.inventory = inventory  # type: ignore[method-assign]
        return link

    def polls(self, *advance_s: float) -> list[bool]:
        """What polls came to, so many real seconds after one another."""

        async def run() -> list[bool]:
            poller, found = Poller(self.bench, GATE), []
            for seconds in advance_s:
                self.shop.real += seconds
                found.append(await poller.poll())
            return found

        return asyncio.run(run())

    def said(self) -> str:
        with open_reader(self.shop.writer.path) as reader:
            return str(reader.rows("gateways_seen")[0]["message"])


def answered(status: int, retry_after: float | None = None) -> GatewayError:
    error = GatewayError(f"gate answered {status}")
    error.__cause__ = HttpError("no", status=status, retry_after=retry_after)
    return error


def test_a_gateway_that_asks_for_rest_is_left_alone_for_as_long(shop: Shop) -> None:
    failing = Failing(shop, answered(429, 60.0))

    assert failing.polls(1, 1, 57) == [False, False, False]
    assert "of rest" in failing.said()
    assert failing.polls(3) == [True]
    assert len(failing.opened) == 1


def test_no_gateway_is_left_alone_for_as_long_as_it_likes(shop: Shop) -> None:
    assert Failing(shop, answered(429, 1e9)).polls(1, 901) == [False, True]


@pytest.mark.parametrize(("status", "opened"), [(0, 2), (401, 2), (403, 2), (429, 1), (500, 1)])
def test_another_link_is_opened_where_the_old_one_or_its_secret_is_at_fault(
    shop: Shop, status: int, opened: int
) -> None:
    failing = Failing(shop, answered(status))

    assert failing.polls(1, 1) == [False, True]
    assert len(failing.opened) == opened
    assert [link.closed for link in failing.opened] == [True] * (opened - 1) + [False]


def test_a_failure_that_nobody_foresaw_is_told_and_the_next_poll_is_as_ever(shop: Shop) -> None:
    failing = Failing(shop, ValueError("invalid literal for int()"))

    assert failing.polls(1) == [False]
    assert "invalid literal" in failing.said()
    assert failing.polls(1) == [True]
    assert KEY in shop.writer.actions.targets()


def test_a_keyring_that_waits_for_a_person_stops_nothing_else(shop: Shop) -> None:
    unlocked, waiting = threading.Event(), asyncio.Event()
    bench = shop.bench()
    opened: list[MemoryLink] = []
    loop: asyncio.AbstractEventLoop

    def locked(settings: Any, gateway: Any) -> MemoryLink:
        loop.call_soon_threadsafe(waiting.set)
        assert unlocked.wait(10)
        opened.append(MemoryLink(shop.memory, Life()))
        return opened[-1]

    bench.opening = locked

    async def speak() -> None:
        async with bench.line("gate") as link:
            await link.read(KEY)

    async def run() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        speaking = [asyncio.create_task(speak()) for _ in range(3)]
        await waiting.wait()  # which never comes where the loop itself waits
        unlocked.set()
        await asyncio.gather(*speaking)

    asyncio.run(asyncio.wait_for(run(), 20))
    assert len(opened) == 1
