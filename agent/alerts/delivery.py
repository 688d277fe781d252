"""Delivers what stands in the outbox: at least once, always with the same id, and nobody waits for others."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent.alerts.attempts import next_due, ready, verdict
from agent.alerts.channels import DeliveryFailed, Receipt
from agent.alerts.outlet import Delivery, Outlet, message_for, send_now, speed_of
from agent.alerts.routes import Destination
from agent.errors import LedgerError

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.domain.notice import Notice
    from agent.ledger.outbox import Waiting
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

__all__ = ["Delivery", "Dispatcher", "send_now"]

T = TypeVar("T")
_log = logging.getLogger(__name__)
_MOST_READ = 100  # messages of a destination looked at in one go
_LONGEST_LOOK_S = 60.0  # real seconds: a clock that jumped is noticed after them
_SHORTEST_LOOK_S = 0.05
_LEDGER_RETRY_S = 1.0
_KEPT_S = 90 * 86_400  # what was delivered or given up is known for so long
_DAY_S = 86_400


class Desk(Protocol):
    """Where the ledger's writer sits."""

    def write(self, task: Callable[[LedgerWriter], T]) -> Awaitable[T]:
        """Runs `task` with the writer."""
        ...


class Dispatcher:
    """The loop that empties the outbox. `kick()` it when a transaction may have put something there."""

    def __init__(self, settings: Settings, desk: Desk, clock: Clock) -> None:
        self._settings = settings
        self._desk = desk
        self._clock = clock
        self._outlets: dict[str, Outlet] = {}
        self._under_way: dict[str, Waiting] = {}
        # Until the agent starts again: whoever answers 410 by mistake is asked once more then.
        self._gone: set[tuple[str, str]] = set()
        self._awake = asyncio.Event()
        self._tidied_at = 0.0

    def kick(self) -> None:
        """Looks into the outbox now; only from the thread of the loop."""
        self._awake.set()

    async def run(self) -> None:
        """Delivers until it is cancelled; what is under way then is sent again later, with the same id."""
        self._outlets = {table.name: Outlet(table, self._clock) for table in self._settings.alerts.channels}
        try:
            async with asyncio.TaskGroup() as group:
                for outlet in self._outlets.values():
                    group.create_task(outlet.warm())
                while True:
                    self._awake.clear()
                    try:
                        until = await self._round(group)
                    except LedgerError as error:
                        _log.warning("the outbox cannot be read: %s", error.message)
                        await asyncio.sleep(_LEDGER_RETRY_S)
                        continue
                    await self._wait(until)
        finally:
            self._under_way.clear()
            for outlet in self._outlets.values():
                await outlet.close()

    async def _round(self, group: asyncio.TaskGroup) -> float | None:
        """Begins what may go; returns when more may."""
        now = self._clock.now()
        under_way = list(self._under_way.values())
        free = {
            name: outlet.free(sum(row.channel == name for row in under_way))
            for name, outlet in self._outlets.items()
        }
        speed = speed_of(self._clock)
        tidy = abs(now - self._tidied_at) >= _DAY_S

        def look(writer: LedgerWriter) -> tuple[list[Waiting], list[tuple[Waiting, Notice, str]], bool]:
            if tidy:
                writer.outbox.purge(int(now) - _KEPT_S)
            waiting = writer.outbox.waiting(_MOST_READ)
            chosen = ready(waiting, under_way, free, now, speed=speed)
            notices = writer.outbox.notices([row.id for row in chosen])
            found = [
                (row, notice, writer.outbox.receipt(notice, row))
                for row in chosen
                if (notice := notices.get(row.id)) is not None
            ]
            return waiting, found, len(found) < len(chosen)

        waiting, chosen, lost = await self._desk.write(look)
        if lost:
            self._awake.set()  # what waited behind those that cannot be read
        if tidy:
            self._tidied_at = now
        for row, notice, receipt in chosen:
            self._under_way[row.id] = row
            group.create_task(self._attempt(row, notice, receipt))
        ends = [end for outlet in self._outlets.values() if (end := outlet.rests_until) is not None]
        return min((end for end in (next_due(waiting, now), *ends) if end is not None), default=None)

    async def _wait(self, until: float | None) -> None:
        """Waits for a kick, the end of an attempt, or the time at which more may go."""
        seconds = _LONGEST_LOOK_S
        if until is not None:
            seconds = min(seconds, self._clock.real_seconds(until - self._clock.now()))
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, _SHORTEST_LOOK_S)):
                await self._awake.wait()

    async def _attempt(self, row: Waiting, notice: Notice, receipt: str) -> None:
        """One attempt and its mark in the outbox."""
        try:
            done = await self._deliver(row, notice, receipt)
        except DeliveryFailed as failure:
            await self._mark(self._failed(row, notice, failure))
        else:
            now = int(self._clock.now())
            await self._mark(lambda writer: writer.outbox.sent(row.id, done.reference, now))
        finally:
            self._under_way.pop(row.id, None)
            self._awake.set()

    async def _deliver(self, row: Waiting, notice: Notice, receipt: str) -> Receipt:
        outlet = self._outlets.get(row.channel)
        if outlet is None:
            raise DeliveryFailed(
                f"{row.channel}: no such channel any more",
                hint="Its table is no longer in burndeck.toml.",
                permanent=True,
            )
        if (row.channel, row.target) in self._gone:
            raise DeliveryFailed(
                f"{row.channel}: its receiver wanted no more messages (410)",
                hint="Take it out of the routes, or restore the receiver and start the agent again.",
                gone=True,
            )
        now = self._clock.now()
        return await outlet.deliver(message_for(self._settings, notice, row.target, now, receipt))

    def _failed(
        self, row: Waiting, notice: Notice, failure: DeliveryFailed
    ) -> Callable[[LedgerWriter], None]:
        """The mark of a failed attempt; a message that is given up becomes a finding."""
        now = self._clock.now()
        found = verdict(row, failure, now, random.random(), speed=speed_of(self._clock))
        text = f"{failure.message}. {failure.hint}" if failure.hint else failure.message
        if found.next_at is not None:
            at = found.next_at
            _log.info("%s; tried again in %.0f s", failure.message, at - now)
            return lambda writer: writer.outbox.again(row.id, text, at)
        if found.gone:
            self._gone.add((row.channel, row.target))
        label = Destination(row.channel, row.target).label
        _log.warning("not delivered to %s: %s", label, failure.message)

        def give_up(writer: LedgerWriter) -> None:
            with writer.transaction():
                writer.outbox.give_up(row.id, text, gone=found.gone)
                writer.findings([("undelivered", label, f"{notice.summary}: {text}")], int(now))

        return give_up

    async def _mark(self, mark: Callable[[LedgerWriter], None]) -> None:
        """Writes what became of an attempt; as long as it cannot be written the message is not sent again."""
        while True:
            try:
                await self._desk.write(mark)
                return
            except LedgerError as error:
                _log.warning("a delivery is not noted yet: %s", error.message)
                await asyncio.sleep(_LEDGER_RETRY_S)
