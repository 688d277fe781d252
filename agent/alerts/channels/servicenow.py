"""ServiceNow: one incident an episode, found again by its correlation id."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from agent.alerts.channels.base import Message, Receipt
from agent.alerts.channels.sending import Sender, encoded
from agent.alerts.channels.tickets import Ticket, keep
from agent.alerts.channels.words import cut, headline, plain

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

MOST_SUMMARY = 160
MOST_TEXT = 4_000
_URGENCY = {"critical": "1", "error": "1", "warning": "2"}
_IN_PROGRESS, _RESOLVED = "2", "6"
_ENDED = frozenset({"6", "7", "8"})  # resolved, closed, canceled


def open_channel(table: Table, secret: Secret) -> ServiceNow:
    """The channel of a table; `secret` is its user's password."""
    return ServiceNow(table, secret)


class ServiceNow:
    """The incident table of one instance."""

    def __init__(self, table: Table, secret: Secret) -> None:
        password = secret.reveal()
        login = base64.b64encode(f"{table.user}:{password}".encode()).decode()
        self._group = table.project
        self._incidents = f"{table.base_url}/api/now/table/incident"
        self._sender = Sender(
            table.name,
            self._incidents,
            timeout_s=table.timeout,
            headers={"Authorization": f"Basic {login}", "Accept": "application/json"},
            secrets=(password, login),
        )

    async def deliver(self, message: Message) -> Receipt:
        """Makes, notes in or resolves the episode's incident."""
        return await keep(self, message)

    async def close(self) -> None:
        """Closes the connections."""
        await self._sender.close()

    async def find(self, message: Message, marker: str) -> Ticket | None:
        """The newest incident with the marker as its correlation id."""
        asked = {
            "sysparm_query": f"correlation_id={marker}^ORDERBYDESCsys_created_on",
            "sysparm_fields": "sys_id,state",
            "sysparm_limit": "1",
        }
        found = (await self._sender.send("GET", self._incidents, params=asked)).json()["result"]
        return Ticket(str(found[0]["sys_id"]), str(found[0]["state"]) not in _ENDED) if found else None

    async def create(self, message: Message, marker: str) -> Ticket:
        """A new incident with the marker as its correlation id."""
        body = encoded(render(message, marker, self._group))
        made = (await self._sender.send("POST", self._incidents, body=body)).json()["result"]
        return Ticket(str(made["sys_id"]), open=True)

    async def comment(self, ticket: Ticket, message: Message) -> None:
        """A work note; a repeated attempt may say it twice, since few accounts may read notes."""
        await self._change(ticket, {"work_notes": cut(plain(message), MOST_TEXT)})

    async def set_open(self, ticket: Ticket, *, opened: bool) -> None:
        """Sets the incident to in progress, or to resolved."""
        if opened:
            await self._change(ticket, {"state": _IN_PROGRESS})
            return
        note = "burndeck: what it was about is over"
        await self._change(
            ticket, {"state": _RESOLVED, "close_code": "Solution provided", "close_notes": note}
        )

    async def _change(self, ticket: Ticket, fields: dict[str, Any]) -> None:
        await self._sender.send("PATCH", f"{self._incidents}/{ticket.id}", body=encoded(fields))


def render(message: Message, marker: str, group: str = "") -> dict[str, Any]:
    """The fields of a new incident."""
    urgency = "3" if message.notice.drill else _URGENCY.get(message.notice.severity, "3")
    fields = {
        "short_description": cut(headline(message.notice), MOST_SUMMARY),
        "description": cut(plain(message), MOST_TEXT),
        "correlation_id": marker,
        "correlation_display": "burndeck",
        "urgency": urgency,
        "impact": urgency,
    }
    return fields | ({"assignment_group": group} if group else {})
