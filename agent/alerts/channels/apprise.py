"""Everything else, through Apprise, an extra: what its service URL names."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from agent.alerts.channels.base import DeliveryFailed, Message, Receipt
from agent.alerts.channels.words import headline, plain

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

_LAST_ANSWER_S = 60.0
"""Apprise itself waits four seconds for an answer. A request that left cannot be taken back, so whoever gives
a slow service less time only sends it the message again."""

_LONGEST_S = 600.0
"""For all requests of all services of a message; one that always sends a little more would never end."""

_TYPES = {"info": "info", "warning": "warning", "error": "failure", "critical": "failure"}


def open_channel(table: Table, secret: Secret) -> Apprise:
    """The channel of a table; `secret` is the service's Apprise URL."""
    return Apprise(table, secret)


class Apprise:
    """One service, or several with blanks between."""

    def __init__(self, table: Table, secret: Secret) -> None:
        try:
            import apprise
        except ImportError:
            raise DeliveryFailed(
                f"{table.name}: Apprise is not installed",
                hint="Install the extra: pip install 'burndeck[notify]'; then it is tried again.",
                slow=True,
            ) from None
        # Its log names services by their URLs, which are secrets.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        self._name = table.name
        self._service: Any = apprise.Apprise()
        if not self._service.add(secret.reveal()):
            raise DeliveryFailed(
                f"{table.name}: Apprise does not know its service URL",
                hint=f"`burndeck login {table.name}` takes one as Apprise's documentation lists them.",
                slow=True,
            )
        for service in self._service:
            service.socket_read_timeout = max(service.socket_read_timeout, _LAST_ANSWER_S)

    async def deliver(self, message: Message) -> Receipt:
        """Hands the message to the service; Apprise does not say why it fails."""
        title, body = render(message)
        kind = _TYPES.get(message.notice.severity, "info")
        async with asyncio.timeout(_LONGEST_S):
            taken = await self._service.async_notify(title=title, body=body, notify_type=_type(kind))
        if not taken:
            raise DeliveryFailed(
                f"{self._name}: the service did not take the message",
                hint=f"Try the URL with the apprise command, then `burndeck login {self._name}`.",
            )
        return Receipt()

    async def close(self) -> None:
        """Nothing is kept open between messages."""


def _type(kind: str) -> Any:
    from apprise import NotifyType

    return NotifyType(kind)


def render(message: Message) -> tuple[str, str]:
    """Title and body."""
    return headline(message.notice), plain(message).partition("\n\n")[2]
