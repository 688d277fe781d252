"""One channel in use: opened when it is needed, never asked too often, and opened anew with a new secret."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.alerts.attempts import LONGEST_WAIT_S
from agent.alerts.channels import Channel, DeliveryFailed, Message, Receipt, open_channel
from agent.alerts.routes import Destination

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.domain.notice import Notice
    from agent.settings import Settings
    from agent.settings_channels import Channel as Table

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message that was sent while somebody waited."""

    destination: Destination
    ok: bool
    detail: str  # what the receiver calls it, or why it was not taken
    hint: str = ""


class Outlet:
    """A channel of the configuration."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._rest = (0.0, 0.0)  # begin and end; a clock that is set back before its begin ends it
        self._channel: Channel | None = None
        self._opening = asyncio.Lock()
        self._users = 0
        self._stale = False

    def free(self, under_way: int) -> int:
        """How many more messages it takes now."""
        return self._table.of_kind.at_once - under_way if self.rests_until is None else 0

    @property
    def rests_until(self) -> float | None:
        """Until when it takes no message; None where it takes them."""
        begin, end = self._rest
        return end if begin <= self._clock.now() < end else None

    def rest(self, seconds: float) -> None:
        """Takes no message for a while, in real seconds, since it is the receiver who asks for it.

        For an hour at most: one answer with a mistake in it must not silence a channel for days.
        """
        now = self._clock.now()
        end = now + min(seconds, LONGEST_WAIT_S) * speed_of(self._clock)
        self._rest = (now, max(end, self.rests_until or end))

    async def warm(self) -> None:
        """Opens it before it is needed: the first message does not wait for imports and the keyring."""
        try:
            await self._open()
        except DeliveryFailed as failure:
            _log.warning("%s. %s", failure.message, failure.hint)

    async def deliver(self, message: Message) -> Receipt:
        """One attempt within the channel's time-out; raises `DeliveryFailed`, whatever goes wrong."""
        self._users += 1
        try:
            async with asyncio.timeout(self._table.timeout) as limit:
                channel = await self._open()
                self.rest(self._table.of_kind.pause_s)
                if self._table.of_kind.ends_itself:
                    limit.reschedule(None)
                return await channel.deliver(message)
        except TimeoutError:
            raise DeliveryFailed(
                f"{self._table.name}: no answer within {self._table.timeout}",
                hint="It is tried again by itself.",
            ) from None
        except DeliveryFailed as failure:
            # Perhaps its secret is wrong: the next attempt asks for it anew.
            self._stale = self._stale or failure.slow
            if failure.retry_after is not None:
                self.rest(failure.retry_after)
            raise
        except Exception as error:  # noqa: BLE001 - one channel's mistake must not end the others
            # What an unknown error says may hold a secret; its type does not.
            raise DeliveryFailed(
                f"{self._table.name}: failed with {type(error).__name__}", hint="Please report it."
            ) from None
        finally:
            self._users -= 1

    async def close(self) -> None:
        """Closes its connections."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _open(self) -> Channel:
        async with self._opening:
            if self._stale and self._users <= 1:
                self._stale = False
                await self.close()
            if self._channel is None:
                self._channel = await asyncio.to_thread(open_channel, self._table)
            return self._channel


def message_for(settings: Settings, notice: Notice, target: str, now: float, receipt: str = "") -> Message:
    """A notice for one target, with what messages say of the organization."""
    return Message(
        notice=notice,
        now=now,
        target=target,
        receipt=receipt,
        organization=settings.organization.id,
        console_url=settings.alerts.console_url,
    )


async def send_now(
    settings: Settings, notice: Notice, destinations: Sequence[Destination], clock: Clock
) -> list[Delivery]:
    """Sends a message to every destination once, without outbox and agent, and says what became of each."""
    tables = {table.name: table for table in settings.alerts.channels}

    async def by_channel(name: str) -> list[Delivery]:
        outlet = Outlet(tables[name], clock)
        done = []
        for destination in (each for each in destinations if each.channel == name):
            now = clock.now()
            if (end := outlet.rests_until) is not None:
                await asyncio.sleep(min(clock.real_seconds(end - now), tables[name].timeout))
            try:
                receipt = await outlet.deliver(message_for(settings, notice, destination.target, now))
            except DeliveryFailed as failure:
                done.append(Delivery(destination, False, failure.message, failure.hint))
            else:
                done.append(Delivery(destination, True, receipt.reference))
        await outlet.close()
        return done

    names = dict.fromkeys(destination.channel for destination in destinations)
    found = await asyncio.gather(*(by_channel(name) for name in names))
    return [delivery for each in found for delivery in each]


def speed_of(clock: Clock) -> float:
    """Seconds of a clock in a real one."""
    real = clock.real_seconds(1.0)
    return 1.0 / real if real > 0 else 1.0
