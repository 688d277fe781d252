"""The client of a LiteLLM proxy's management API: numbers stay exact, and no error has a key in it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from agent.errors import ConfigError
from agent.http import httpx, new_client, retry_after
from agent.provider_http import HttpError
from agent.secrets import redact

if TYPE_CHECKING:
    from agent.secrets import Secret

GONE = "gone"
"""`HttpError.code` of a 404 that speaks of the thing asked for, and not of the address."""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Proxy:
    """One proxy, spoken to as its admin. Every failure is an `HttpError`, of status 0 without an answer."""

    def __init__(
        self,
        base_url: str,
        secret: Secret,
        *,
        owner: str,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        at_once: int = 4,
    ) -> None:
        url = httpx.URL(base_url)
        if url.userinfo:
            raise ConfigError(
                f"base_url names a user or password for {url.host}",
                hint="Take what stands before the @ out of it.",
            )
        # People copy the address that their SDKs use; the management API lives beside /v1, not in it.
        self._base_url = base_url.rstrip("/").removesuffix("/v1")
        self._host = url.netloc.decode()
        self._owner = owner
        self._hidden = (secret.reveal(), hashlib.sha256(secret.reveal().encode()).hexdigest())
        self._gate = asyncio.Semaphore(at_once)
        self._client = new_client(
            base_url,
            base_url=self._base_url + "/",
            headers={**(headers or {}), "Authorization": f"Bearer {secret.reveal()}"},
            timeout_s=timeout_s,
        )

    async def get(self, path: str, **params: str | int) -> Any:
        """What the proxy answers to GET; decimal fractions are `Decimal`."""
        return await self._ask("GET", path, params, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the proxy answers to POST. It is sent once: whoever asks knows whether to try again."""
        return await self._ask("POST", path, {}, _encode(body))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _ask(self, method: str, path: str, params: Mapping[str, str | int], body: bytes | None) -> Any:
        what = f"{self._host}: {method} {path}"
        headers = {} if body is None else {"Content-Type": "application/json"}
        async with self._gate:
            try:
                reply = await self._client.request(
                    method, path.lstrip("/"), params=dict(params), content=body, headers=headers
                )
            except httpx.RequestError as error:
                raise self._no_answer(what, error) from error
        if not reply.is_success:
            raise self._failure(what, reply)
        try:
            return _decode(reply.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HttpError(
                f"{what}: the answer cannot be read: {self._clean(str(error))}",
                hint=f"Check that base_url ({self._base_url}) is a LiteLLM proxy.",
                status=reply.status_code,
            ) from error

    def _no_answer(self, what: str, error: httpx.RequestError) -> HttpError:
        how = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
        detail = self._clean(str(error)) or type(error).__name__
        return HttpError(
            f"{what}: {how}: {detail}",
            hint=f"Check that the proxy runs, and base_url ({self._base_url}) in burndeck.toml.",
        )

    def _failure(self, what: str, reply: httpx.Response) -> HttpError:
        status = reply.status_code
        said, own = _said(reply.content)
        # The text of a refused key tells of the key, so it is left out.
        text = "" if status == 401 else self._clean(said)
        code = GONE if status == 404 and own else ""
        return HttpError(
            f"{what} answered {status}" + (f": {text}" if text else ""),
            hint=self._hint(status, code),
            status=status,
            code=code,
            retry_after=retry_after(reply.headers),
        )

    def _hint(self, status: int, code: str) -> str:
        login = f"run `burndeck login {self._owner}`"
        if status == 401:
            return f"The proxy does not accept this master key: {login} with the one in its general_settings."
        if status == 403:
            return f"The key may not manage the proxy: {login} with the master key or a proxy admin's key."
        if code == GONE:
            return "It was deleted there meanwhile: look at what the gateway holds now, and plan anew."
        if status == 404 or 300 <= status < 400:
            return (
                f"Check base_url ({self._base_url}) in burndeck.toml: the proxy's own address, without /v1."
            )
        if status in (408, 429) or status >= 500:
            return (
                "The proxy has trouble of its own, often with its database: look at its log; try again soon."
            )
        return "The proxy does not take this: check that its version is 1.80 or newer."

    def _clean(self, text: str) -> str:
        for hidden in self._hidden:
            text = text.replace(hidden, "***")
        return redact(text)[:300]


def _said(body: bytes) -> tuple[str, bool]:
    """The message of an error, and whether LiteLLM itself wrote it and not the server in front of it."""
    try:
        answer = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", False
    if not isinstance(answer, dict):
        return "", False
    error, detail = answer.get("error"), answer.get("detail")
    if isinstance(error, dict):
        return str(error.get("message") or ""), True
    if isinstance(detail, dict):
        return str(detail.get("error") or detail.get("message") or ""), True
    return str(error or detail or ""), False
