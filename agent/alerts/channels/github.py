"""GitHub: one issue an episode, in the repository that the channel names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from agent.alerts.channels.base import DeliveryFailed, Message, Receipt
from agent.alerts.channels.sending import Sender, encoded
from agent.alerts.channels.tickets import Ticket, keep, message_marker
from agent.alerts.channels.words import DRILL, commands, cut, facts, headline

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

MOST_TITLE = 256
MOST_BODY = 65_536
_PAGE = 100
_NUMBER = re.compile(r"\d+")


def open_channel(table: Table, secret: Secret) -> GitHub:
    """The channel of a table; `secret` is a token that may write issues."""
    return GitHub(table, secret)


class GitHub:
    """The issues of one repository."""

    def __init__(self, table: Table, secret: Secret) -> None:
        token = secret.reveal()
        self._base = table.base_url
        self._project = table.project
        self._issues = f"{self._base}/repos/{table.project}/issues"
        self._sender = Sender(
            table.name,
            self._base,
            timeout_s=table.timeout,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            secrets=(token,),
        )

    async def deliver(self, message: Message) -> Receipt:
        """Makes, comments or closes the episode's issue."""
        return await keep(self, message)

    async def close(self) -> None:
        """Closes the connections."""
        await self._sender.close()

    async def find(self, message: Message, marker: str) -> Ticket | None:
        """By the known number; else among the newest, which the search may not know yet; else by search."""
        if _NUMBER.fullmatch(message.receipt):
            issue = await self._known(message.receipt)
            if _carries(issue, marker):
                return _ticket(issue)
        newest = {"state": "all", "sort": "created", "direction": "desc", "per_page": "100"}
        issues = (await self._sender.send("GET", self._issues, params=newest)).json()
        found = [issue for issue in issues if _carries(issue, marker)]
        if not found:
            query = f'"{marker}" repo:{self._project} in:body is:issue'
            asked = await self._sender.send("GET", f"{self._base}/search/issues", params={"q": query})
            found = [issue for issue in asked.json().get("items", ()) if _carries(issue, marker)]
        return _ticket(found[0]) if found else None

    async def _known(self, number: str) -> Mapping[str, Any]:
        """An issue by its number; nothing where it was deleted or moved."""
        try:
            reply = await self._sender.send("GET", f"{self._issues}/{number}")
        except DeliveryFailed as failure:
            if failure.status in (301, 404, 410):
                return {}
            raise
        return cast("Mapping[str, Any]", reply.json())

    async def create(self, message: Message, marker: str) -> Ticket:
        """A new issue; the marker stands in its body, unseen."""
        issue = {"title": cut(headline(message.notice), MOST_TITLE), "body": render(message, marker)}
        return _ticket((await self._sender.send("POST", self._issues, body=encoded(issue))).json())

    async def comment(self, ticket: Ticket, message: Message) -> None:
        """A comment, unless one of the newest hundred is this message."""
        own = message_marker(message.notice.id)
        if not await self._said(ticket, own):
            body = f"**{_plain(headline(message.notice))}**\n\n{render(message, own)}"
            url = f"{self._issues}/{ticket.id}/comments"
            await self._sender.send("POST", url, body=encoded({"body": cut(body, MOST_BODY)}))

    async def _said(self, ticket: Ticket, marker: str) -> bool:
        """Whether one of the newest comments carries a marker: from the end, as the oldest come first."""
        count = int((await self._known(ticket.id)).get("comments", 0))
        last = max(1, math.ceil(count / _PAGE))
        for page in range(last, max(0, last - 2), -1):
            asked = {"per_page": str(_PAGE), "page": str(page)}
            url = f"{self._issues}/{ticket.id}/comments"
            there = (await self._sender.send("GET", url, params=asked)).json()
            if any(marker in (each.get("body") or "") for each in there):
                return True
        return False

    async def set_open(self, ticket: Ticket, *, opened: bool) -> None:
        """Opens the issue again, or closes it as completed."""
        change = {"state": "open"} if opened else {"state": "closed", "state_reason": "completed"}
        await self._sender.send("PATCH", f"{self._issues}/{ticket.id}", body=encoded(change))


def render(message: Message, marker: str) -> str:
    """The body in Markdown, ending in the marker, which GitHub does not show."""
    lines = [f"**{DRILL}**", ""] if message.notice.drill else []
    lines += [f"- **{fact.name}:** {_plain(fact.text)}" for fact in facts(message)]
    run = [text.replace("`", "'") for text in commands(message.notice)]
    if run:
        lines += ["", "```", *run, "```"]
    end = f"\n\n<!-- {marker} -->\n"
    return cut("\n".join(lines), MOST_BODY - len(end)) + end


def _plain(text: str) -> str:
    """The text as it is: nothing in a name becomes markup, and nobody is called by a mention."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", text).replace("@", "@\u200b")


def _carries(issue: Mapping[str, Any], marker: str) -> bool:
    return "pull_request" not in issue and marker in (issue.get("body") or "")


def _ticket(issue: Mapping[str, Any]) -> Ticket:
    return Ticket(str(issue["number"]), issue.get("state") == "open")
