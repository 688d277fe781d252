"""The connection to the receiver of a webhook. It cannot be read: what it took last is kept in memory."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.control.gateways.base import GatewayError, GoneError
from agent.control.gateways.webhook.payload import idempotency_key, render
from agent.domain.canonical import canonical
from agent.domain.gateway import Fields, Inventory, Target, TargetState, Traffic
from agent.domain.words import plain_line
from agent.http import httpx, new_client
from agent.secrets import find_secret, redact
from agent.webhooks import signature_headers, signers_of

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings import Settings
    from agent.settings_gateways import Gateway

_SAID = 200  # characters of an answer that an error repeats
_UNDECIDED = frozenset({408, 425, 429})


def connect(settings: Settings, gateway: Gateway) -> WebhookLink:
    """A link that signs with the gateway's secret; raises `ConfigError`."""
    assert gateway.secret is not None
    secret = find_secret(gateway.secret).secret
    return WebhookLink(settings, gateway, secret)


class WebhookLink:
    """One receiver. After a restart it knows nothing of what was told, and says so."""

    def __init__(self, settings: Settings, gateway: Gateway, secret: Secret) -> None:
        self._settings = settings
        self._name = gateway.name
        self._url = gateway.base_url
        self._host = urlsplit(gateway.base_url).hostname or ""
        self._signers = signers_of(gateway.name, secret)
        self._secret = secret
        self._client = new_client(gateway.base_url, timeout_s=gateway.timeout)
        self._told: dict[Target, dict[str, object]] = {}

    async def inventory(self) -> Inventory:
        """What was told since the start; the keys that the receiver serves are not known."""
        return Inventory(states=[_state(target, fields) for target, fields in self._told.items()])

    async def read(self, target: Target) -> TargetState:
        """What the receiver took last; nothing, and no version, where nothing was told since the start."""
        fields = self._told.get(target)
        return TargetState(target, {}) if fields is None else _state(target, fields)

    async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
        """Posts what is wanted, signed at this moment; done when the receiver has taken it."""
        body = render(self._settings, target, fields, action, seq)
        # The receiver compares the time with its own clock, so it is the real one.
        ident = idempotency_key(target, fields, action, seq)
        headers = signature_headers(self._signers, ident, time.time(), body)
        try:
            reply = await self._client.post(
                self._url, content=body, headers={"Content-Type": "application/json", **headers}
            )
        except httpx.TimeoutException:
            raise GatewayError(f"{self._name}: {self._host} did not answer in time", hint=_UNSURE) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GatewayError(
                f"{self._name}: {self._host} cannot be reached: {type(error).__name__}", hint=_UNSURE
            ) from None
        if not reply.is_success:
            raise self._failure(reply)
        self._told.setdefault(target, {}).update(fields)

    async def traffic(self, target: Target, fields: Fields, since: float, now: float) -> Traffic | None:
        """Nothing: the receiver calls back instead."""
        return None

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def _failure(self, reply: httpx.Response) -> GatewayError:
        status = reply.status_code
        said = self._clean(reply.content[: 4 * _SAID].decode("utf-8", "replace"))[:_SAID]
        message = f"{self._name}: {self._host} answered {status}" + (f": {said}" if said else "")
        if status == 410:
            return GoneError(message, hint="The receiver wants no more messages: restore it.", refused=True)
        refused = 300 <= status < 500 and status not in _UNDECIDED
        return GatewayError(message, hint=_hint(status, self._name), refused=refused)

    def _clean(self, text: str) -> str:
        """What somebody else wrote, on one line, without our secrets, whatever they look like."""
        for part in self._secret.reveal().split(","):
            text = text.replace(part.removeprefix("whsec_"), "***")
        return redact(plain_line(text))


_UNSURE = "Nobody knows whether it arrived; it is sent again with the same webhook-id."


def _hint(status: int, name: str) -> str:
    if status in (401, 403):
        return (
            f"The receiver does not take our signature: `burndeck login {name}` with the secret that it has."
        )
    if 300 <= status < 400:
        return f"Write the address that it points to into base_url of {name}."
    if status == 404:
        return f"Check base_url of {name} in burndeck.toml."
    if status in _UNDECIDED or status >= 500:
        return _UNSURE
    return "The receiver does not take the message as it is; its own log says more."


def _state(target: Target, fields: dict[str, object]) -> TargetState:
    version = hashlib.sha256(canonical(fields).encode()).hexdigest()[:16]
    return TargetState(target, dict(fields), version)
