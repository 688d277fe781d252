"""Slack: an incoming webhook that takes Block Kit; the text beside it is what notifications show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.alerts.channels.base import DeliveryFailed, Message, Receipt
from agent.alerts.channels.sending import Sender, encoded
from agent.alerts.channels.words import DRILL, commands, cut, facts, headline

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

MOST_BLOCKS = 50
MOST_HEADER = 150
MOST_SECTION = 3_000
MOST_TEXT = 4_000
_OWN_LINES = frozenset({"Run next", "Acknowledge with"})  # they have a block of their own


def open_channel(table: Table, secret: Secret) -> Slack:
    """The channel of a table; `secret` is the webhook's address."""
    return Slack(table, secret)


class Slack:
    """One incoming webhook."""

    def __init__(self, table: Table, secret: Secret) -> None:
        self._url = secret.reveal()
        parts = urlsplit(self._url)
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise DeliveryFailed(
                f"{table.name}: its secret is no webhook address",
                hint=f"`burndeck login {table.name}` asks for one such as https://hooks.slack.com/services/...",
                slow=True,
            )
        pieces = (piece for piece in parts.path.split("/") if len(piece) > 6)
        self._sender = Sender(
            table.name, self._url, timeout_s=table.timeout, secrets=(self._url, parts.path, *pieces)
        )

    async def deliver(self, message: Message) -> Receipt:
        """Posts the message."""
        await self._sender.send("POST", self._url, body=encoded(render(message)))
        return Receipt()

    async def close(self) -> None:
        """Closes the connections."""
        await self._sender.close()


def render(message: Message) -> dict[str, Any]:
    """The payload, within Slack's limits."""
    notice = message.notice
    title = headline(notice)
    lines = [
        f"*{escaped(fact.name)}:* {escaped(fact.text)}"
        for fact in facts(message)
        if fact.name not in _OWN_LINES
    ]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(title, MOST_HEADER), "emoji": False}}
    ]
    if notice.drill:
        blocks.append(_section(f"*{DRILL}*"))
    blocks += [_section(text) for text in packed(lines, MOST_SECTION)][: MOST_BLOCKS - 4]
    if run := commands(notice):
        blocks.append(_section("```" + "\n".join(_code(text) for text in run) + "```"))
    payload: dict[str, Any] = {"text": cut(escaped(title), MOST_TEXT), "blocks": blocks}
    if message.target:
        # Webhooks of today's apps are bound to a room and pass over it; the line says for whom it is.
        payload["channel"] = message.target
        blocks.append(
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"for {escaped(message.target)}"}]}
        )
    return payload


def packed(lines: list[str], most: int) -> list[str]:
    """The lines in as few texts as fit, none longer than `most`."""
    texts: list[str] = []
    for line in (_whole(line, most) for line in lines):
        if texts and len(texts[-1]) + 1 + len(line) <= most:
            texts[-1] += "\n" + line
        else:
            texts.append(line)
    return texts


def escaped(text: str) -> str:
    """The text with the three characters that Slack reads as its own replaced."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _whole(line: str, most: int) -> str:
    """A line cut to `most` characters, never inside an escaped one."""
    if len(line) <= most:
        return line
    short = line[: most - 3]
    start = short.rfind("&", -5)
    return (short if start < 0 or ";" in short[start:] else short[:start]) + "..."


def _code(text: str) -> str:
    return escaped(text.replace("```", "'''"))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
