"""One HTTP request of a channel: what an answer means for the next attempt, and no secret in any of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from agent.alerts.channels.base import DeliveryFailed
from agent.domain.words import plain_line
from agent.http import httpx, new_client, retry_after
from agent.secrets import redact

_SAID = 200  # characters of an answer that an error repeats
PERMANENT = frozenset({400, 405, 406, 411, 413, 414, 415, 422, 431})
"""Statuses after which the same message is never taken."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is a success."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises `DeliveryFailed` where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise DeliveryFailed(
                "the answer is no JSON", hint="Check the channel's url: something else answers there."
            ) from None


class Sender:
    """Sends the requests of one channel and keeps its connections. `secrets` never show in an error."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        permanent: frozenset[int] = PERMANENT,
    ) -> None:
        self._name = name
        self._permanent = permanent
        self._host = urlsplit(url).netloc
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)
        self._client = new_client(url, timeout_s=timeout_s, headers=headers)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request; raises `DeliveryFailed` unless the answer is a success."""
        kind = {"Content-Type": "application/json"} if body is not None else {}
        try:
            reply = await self._client.request(
                method, url, content=body, params=params, headers={**kind, **(headers or {})}
            )
        except httpx.TimeoutException:
            raise DeliveryFailed(f"{self._name}: {self._host} did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            detail = self._clean(str(error)) or type(error).__name__
            raise DeliveryFailed(f"{self._name}: {self._host} cannot be reached: {detail}") from None
        if reply.is_success:
            return Reply(reply.status_code, reply.content)
        raise self._failure(reply)

    def _failure(self, reply: httpx.Response) -> DeliveryFailed:
        status = reply.status_code
        said = self._clean(reply.content[: 4 * _SAID].decode("utf-8", "replace"))[:_SAID]
        limited = status == 429 or (status == 403 and "retry-after" in reply.headers)
        return DeliveryFailed(
            f"{self._name}: {self._host} answered {status}" + (f": {said}" if said else ""),
            hint=_hint(status, self._name),
            retry_after=retry_after(reply.headers),
            permanent=status in self._permanent,
            gone=status == 410,
            # Whoever answers so will answer so again until a person has done something.
            slow=300 <= status < 500 and status not in (408, 409, 425) and not limited,
            status=status,
        )

    def _clean(self, text: str) -> str:
        """What somebody else wrote, on one line, without our secrets, whatever they look like."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return redact(plain_line(text))


def encoded(value: Any) -> bytes:
    """JSON of plain data."""
    return msgspec.json.encode(value)


def _hint(status: int, name: str) -> str:
    if status in (401, 403):
        return f"Its secret is wrong or lacks a right: `burndeck login {name}`; then it is tried again."
    if status == 404:
        return (
            f"Check the url and project of {name} in burndeck.toml, and its secret: `burndeck login {name}`."
        )
    if status == 410:
        return f"The receiver wants no more messages: take {name} out of the routes, or restore the receiver."
    if 300 <= status < 400:
        return f"Write the address that it points to into the url of {name}."
    if status == 429 or status >= 500:
        return "It is tried again by itself."
    return "The receiver does not take the message as it is; its own log says more."
