"""Channels as burndeck.toml has them, and one delivery of one of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.alerts.channels import DeliveryFailed, Message, Receipt, open_channel
from agent.alerts.outlet import Outlet
from agent.clock import SystemClock
from agent.domain.notice import Notice
from agent.settings_channels import Channel
from tests.agent.alerts.notices import AT, a_notice


def a_message(notice: Notice | None = None, **changes: Any) -> Message:
    """A message five seconds after its notice."""
    values = {"now": AT + 5, "organization": "org-1234", "console_url": "https://deck.example"}
    return Message(notice or a_notice(), **(values | changes))


def deliver(table: Channel, *messages: Message) -> list[Receipt]:
    """Sends messages by a channel that finds its secret where the agent does."""

    async def send() -> list[Receipt]:
        channel = open_channel(table)
        try:
            return [await channel.deliver(message) for message in messages]
        finally:
            await channel.close()

    return asyncio.run(send())


def deliver_in_time(table: Channel, message: Message) -> Receipt:
    """Sends a message as the agent does, which does not wait for ever."""

    async def send() -> Receipt:
        outlet = Outlet(table, SystemClock())
        try:
            return await outlet.deliver(message)
        finally:
            await outlet.close()

    return asyncio.run(send())


def failure(table: Channel, message: Message | None = None) -> DeliveryFailed:
    """Why a message was not taken."""
    with pytest.raises(DeliveryFailed) as caught:
        deliver(table, message or a_message())
    return caught.value
