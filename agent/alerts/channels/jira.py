"""Jira: one issue an episode, found again by its label."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from agent.alerts.channels.base import DeliveryFailed, Message, Receipt
from agent.alerts.channels.sending import Sender, encoded
from agent.alerts.channels.tickets import Ticket, keep, message_marker
from agent.alerts.channels.words import DRILL, commands, cut, facts, headline

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

MOST_SUMMARY = 255
_MOST_FACT = 1_000  # a description ends at 32,767 characters in all
_KIND = "Task"
_KEY = re.compile(r"[A-Z][A-Z0-9_]*-\d+")
_FIELDS = ("status", "labels")


def open_channel(table: Table, secret: Secret) -> Jira:
    """The channel of a table; `secret` is its user's API token."""
    return Jira(table, secret)


class Jira:
    """The issues of one project."""

    def __init__(self, table: Table, secret: Secret) -> None:
        token = secret.reveal()
        login = base64.b64encode(f"{table.user}:{token}".encode()).decode()
        self._name = table.name
        self._project = table.project
        self._api = f"{table.base_url}/rest/api/3"
        self._sender = Sender(
            table.name,
            self._api,
            timeout_s=table.timeout,
            headers={"Authorization": f"Basic {login}", "Accept": "application/json"},
            secrets=(token, login),
        )

    async def deliver(self, message: Message) -> Receipt:
        """Makes, comments or closes the episode's issue."""
        return await keep(self, message)

    async def close(self) -> None:
        """Closes the connections."""
        await self._sender.close()

    async def find(self, message: Message, marker: str) -> Ticket | None:
        """By the key that is known, which the search may not know yet; else by the label."""
        if _KEY.fullmatch(message.receipt):
            issue = await self._known(message.receipt)
            if issue and marker in issue["fields"].get("labels", ()):
                return _ticket(issue)
        project = self._project.replace("\\", "\\\\").replace('"', '\\"')
        asked = {
            "jql": f'project = "{project}" AND labels = "{marker}" ORDER BY created DESC',
            "fields": list(_FIELDS),
            "maxResults": 1,
        }
        reply = await self._sender.send("POST", f"{self._api}/search/jql", body=encoded(asked))
        issues = reply.json().get("issues", ())
        return _ticket(issues[0]) if issues else None

    async def _known(self, key: str) -> Mapping[str, Any]:
        """An issue by its key; nothing where it was deleted."""
        url, fields = f"{self._api}/issue/{key}", {"fields": ",".join(_FIELDS)}
        try:
            reply = await self._sender.send("GET", url, params=fields)
        except DeliveryFailed as failure:
            if failure.status in (404, 410):
                return {}
            raise
        return cast("Mapping[str, Any]", reply.json())

    async def create(self, message: Message, marker: str) -> Ticket:
        """A new issue with the marker among its labels."""
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": _KIND},
            "summary": cut(headline(message.notice), MOST_SUMMARY),
            "description": render(message),
            "labels": ["burndeck", marker, *(["drill"] if message.notice.drill else [])],
        }
        reply = await self._sender.send("POST", f"{self._api}/issue", body=encoded({"fields": fields}))
        return Ticket(str(reply.json()["key"]), open=True)

    async def comment(self, ticket: Ticket, message: Message) -> None:
        """A comment, unless one of the newest fifty is this message."""
        own = message_marker(message.notice.id)
        url = f"{self._api}/issue/{ticket.id}/comment"
        newest = {"orderBy": "-created", "maxResults": "50"}
        there = await self._sender.send("GET", url, params=newest)
        if own.encode() not in there.body:
            body = render(message, title=cut(headline(message.notice), MOST_SUMMARY), end=own)
            await self._sender.send("POST", url, body=encoded({"body": body}))

    async def set_open(self, ticket: Ticket, *, opened: bool) -> None:
        """Takes the first transition that leads to a done status, or away from one."""
        url = f"{self._api}/issue/{ticket.id}/transitions"
        for step in (await self._sender.send("GET", url)).json().get("transitions", ()):
            if (_category(step.get("to", {})) == "done") is not opened:
                await self._sender.send("POST", url, body=encoded({"transition": {"id": step["id"]}}))
                return
        raise DeliveryFailed(
            f"{self._name}: {ticket.id} has no transition that {'opens' if opened else 'closes'} it",
            hint="Give the channel's user the right to it, or change the issue by hand.",
            permanent=True,
        )


def render(message: Message, *, title: str = "", end: str = "") -> dict[str, Any]:
    """The message in the Atlassian Document Format."""
    content: list[dict[str, Any]] = []
    if title:
        content.append(_paragraph(_text(title, strong=True)))
    if message.notice.drill:
        content.append(_paragraph(_text(DRILL, strong=True)))
    content += [
        _paragraph(_text(f"{fact.name}: ", strong=True), _text(cut(fact.text, _MOST_FACT)))
        for fact in facts(message)[:25]
    ]
    if run := commands(message.notice):
        content.append({"type": "codeBlock", "attrs": {}, "content": [_text("\n".join(run))]})
    if end:
        content.append(_paragraph(_text(end)))
    return {"version": 1, "type": "doc", "content": content}


def _paragraph(*texts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(texts)}


def _text(text: str, *, strong: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"marks": [{"type": "strong"}]} if strong else {})


def _ticket(issue: Mapping[str, Any]) -> Ticket:
    return Ticket(str(issue["key"]), _category(issue["fields"].get("status", {})) != "done")


def _category(status: Mapping[str, Any] | Sequence[Any]) -> str:
    category = status.get("statusCategory", {}) if isinstance(status, Mapping) else {}
    return str(category.get("key", ""))
