"""The one HTTP client for what speaks to providers: time-outs, retries, one shared cooldown, no secrets."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from agent.errors import ConfigError, SourceError
from agent.http import httpx, new_client, retry_after
from agent.secrets import redact

if TYPE_CHECKING:
    from types import TracebackType

    from agent.secrets import Secret

T = TypeVar("T")
Params = Sequence[tuple[str, str]]

_log = logging.getLogger(__name__)
_RETRIED = frozenset({408, 409, 429})


class HttpError(SourceError):
    """An answer that is no success or cannot be read, or no answer; `status` is 0 where there was none.

    `own`: the provider's API itself has written it, and not a server in front of it or of another kind.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int = 0,
        code: str = "",
        retry_after: float | None = None,
        own: bool = False,
    ) -> None:
        super().__init__(redact(message), hint=redact(hint))
        self.own = own
        self.status = status
        self.code = code
        self.retry_after = retry_after

    @property
    def refused(self) -> bool:
        """The provider knows us and says no: 401 or 403."""
        return self.status in (401, 403)

    @property
    def concerns_all(self) -> bool:
        """No call to this provider would do better: no answer, a bad key, too many requests."""
        return self.status in (0, 401, 429)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long one call is tried again. All times are real seconds."""

    attempts: int = 3  # requests in all for one call
    first_wait_s: float = 0.5  # doubles with every attempt
    longest_wait_s: float = 8.0
    obeyed_wait_s: float = 120.0  # a Retry-After above it is not waited for
    timeout_s: float = 60.0  # for each read from the connection


PATIENT = RetryPolicy()
"""For the agent, which has time."""
BRISK = RetryPolicy(obeyed_wait_s=5.0, longest_wait_s=2.0, timeout_s=15.0)
"""For a person who waits for the end of a command."""


class _Envelope(msgspec.Struct):
    """Both error envelopes: `{"error": {...}}` and the bare one."""

    error: _Detail | str | None = None
    message: str | None = None
    code: str | int | None = None


class _Detail(msgspec.Struct):
    message: str | None = None
    code: str | int | None = None


class ApiClient:
    """Speaks to one provider: `get` and `send` decode an answer, retrying what may be retried.

    All calls of a client share one cooldown: after a 429 none of them is sent before it ends. Raises
    `ConfigError` for a base_url with a password in it, which would be in every message.
    """

    def __init__(
        self,
        base_url: str,
        secret: Secret,
        *,
        headers: Mapping[str, str] | None = None,
        policy: RetryPolicy = PATIENT,
        at_once: int = 3,
    ) -> None:
        url = httpx.URL(base_url)
        if url.userinfo:
            raise ConfigError(
                f"base_url names a user or password for {url.host}",
                hint="Take what stands before the @ out of it; a gateway's own secret goes into headers.",
            )
        self._base_url = base_url.rstrip("/")
        self._host = url.netloc.decode()
        self._secret = secret
        self._policy = policy
        self._gate = asyncio.Semaphore(at_once)
        self._not_before = 0.0  # time.monotonic(): real time, since it is the provider who asks
        self._client = new_client(
            base_url,
            base_url=self._base_url + "/",
            headers={"Authorization": f"Bearer {secret.reveal()}", **(headers or {})},
            timeout_s=policy.timeout_s,
        )

    async def __aenter__(self) -> ApiClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def get(self, path: str, params: Params, type_: type[T]) -> tuple[T, bytes]:
        """GET `path`, decoded as `type_`, with the body as it came; raises `HttpError`."""
        return await self._patiently(_Call("GET", path, params), type_)

    async def send(self, method: str, path: str, type_: type[T], body: Any = None) -> T:
        """Changes something, `body` as JSON; raises `HttpError`. It may be sent several times."""
        content = None if body is None else msgspec.json.encode(body)
        answer, _ = await self._patiently(_Call(method, path, body=content), type_)
        return answer

    async def _patiently(self, call: _Call, type_: type[T]) -> tuple[T, bytes]:
        for attempt in range(1, self._policy.attempts + 1):
            try:
                return await self._once(call, type_)
            except _MayRetry as failure:
                wait = self._wait(failure, attempt)
                if attempt == self._policy.attempts or wait is None:
                    raise failure.error from failure.__cause__
                _log.info("%s; trying again in %.1f s", failure.error.message, wait)
            await asyncio.sleep(wait)
        raise AssertionError("a policy has at least one attempt")

    async def _once(self, call: _Call, type_: type[T]) -> tuple[T, bytes]:
        headers = {} if call.body is None else {"Content-Type": "application/json"}
        async with self._gate:
            await self._cooled_down(call)
            try:
                reply = await self._client.request(
                    call.method,
                    call.path.lstrip("/"),
                    params=list(call.params),
                    content=call.body,
                    headers=headers,
                )
            except httpx.DecodingError as error:
                raise _MayRetry(self._unreadable(call, error)) from error
            except httpx.RequestError as error:
                raise _MayRetry(self._unreachable(call, error)) from error
        if reply.is_success:
            try:
                return msgspec.json.decode(reply.content, type=type_), reply.content
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise _MayRetry(self._unreadable(call, error)) from error
        raise self._failure(call, reply)

    async def _cooled_down(self, call: _Call) -> None:
        while (wait := self._not_before - time.monotonic()) > 0:
            if wait > self._policy.obeyed_wait_s:
                raise HttpError(
                    f"{self._host}: {call} not sent: after a 429 the provider wants {wait:.0f} s of rest",
                    hint=_hint(429, "", ""),
                    status=429,
                    retry_after=wait,
                )
            await asyncio.sleep(wait)

    def _wait(self, failure: _MayRetry, attempt: int) -> float | None:
        """Real seconds until the next attempt; None: longer than we obey."""
        asked = failure.error.retry_after
        backoff = min(self._policy.first_wait_s * 2 ** (attempt - 1), self._policy.longest_wait_s)
        wait = asked if asked is not None else backoff * random.uniform(0.75, 1.25)
        if failure.error.status == 429:
            self._not_before = max(self._not_before, time.monotonic() + wait)
        return None if wait > max(self._policy.obeyed_wait_s, backoff) else wait

    def _failure(self, call: _Call, reply: httpx.Response) -> HttpError | _MayRetry:
        message, code, own = _said(reply.content)
        message = self._clean(message)
        error = HttpError(
            f"{self._host}: {call} answered {reply.status_code}" + (f": {message}" if message else ""),
            hint=_hint(reply.status_code, message, code),
            status=reply.status_code,
            code=code,
            retry_after=retry_after(reply.headers),
            own=own,
        )
        told = reply.headers.get("x-should-retry", "").lower()
        retried = reply.status_code in _RETRIED or reply.status_code >= 500
        if told == "true" or (retried and told != "false"):
            return _MayRetry(error)
        return error

    def _clean(self, text: str) -> str:
        """What somebody else wrote, without our key, whatever it looks like."""
        return redact(text.replace(self._secret.reveal(), "***"))[:300]

    def _unreachable(self, call: _Call, error: httpx.RequestError) -> HttpError:
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
        detail = f": {self._clean(str(error)) or type(error).__name__}"
        return HttpError(
            f"{self._host}: {call}: {what}{detail}",
            hint=f"Check the network, and base_url ({self._base_url}) in burndeck.toml.",
        )

    def _unreadable(self, call: _Call, error: Exception) -> HttpError:
        return HttpError(
            f"{self._host}: {call}: the answer cannot be read: {self._clean(str(error))}",
            hint="A truncated answer passes; if it stays, base_url names no OpenAI Administration API.",
            status=200,
        )


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    params: Params = ()
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class _MayRetry(Exception):  # noqa: N818 - a signal inside this module, not an error for anybody
    def __init__(self, error: HttpError) -> None:
        super().__init__(error.message)
        self.error = error


def _said(body: bytes) -> tuple[str, str, bool]:
    """Message and code of an error body, in either envelope, and whether it is that of the API itself."""
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", "", False
    own = isinstance(envelope.error, _Detail)
    match envelope.error:
        case _Detail(message=message, code=code):
            pass
        case str(message):
            code = envelope.code
        case _:
            message, code = envelope.message, envelope.code
    return message or "", "" if code is None else str(code), own and bool(message)


def _hint(status: int, message: str, code: str) -> str:
    """What to do about a status, in a sentence."""
    scope = _missing_scope(message)
    if scope or code == "missing_scope":
        return (
            f"The admin key lacks the scope {scope or 'api.usage.read'}: an owner of the organization gives "
            "it to the key, or makes a new admin key, under Settings > Organization > Admin keys; "
            "then run `burndeck login openai`."
        )
    if status == 401:
        return (
            "The provider does not accept this key. Usage needs an admin key (sk-admin-...) with the scope "
            "api.usage.read: an owner makes it under Settings > Organization > Admin keys; "
            "then run `burndeck login openai`."
        )
    if status == 403:
        return (
            "The key may not read this. It must be an admin key of this organization with the scope "
            "api.usage.read (usage and costs) or api.management.read (projects, keys, users); "
            "an owner can give it."
        )
    if status == 404:
        return "Check base_url: the API's own base ends in /v1."
    if status == 429:
        return "The provider asks for fewer requests. Poll less often (every = ...), or wait and try again."
    if status >= 500:
        return "The provider has trouble of its own; nothing is lost, the agent reads the gap later."
    return "The provider does not take a request that its documentation allows; please report it."


def _missing_scope(message: str) -> str:
    """The scope that a refusal names, as in "Missing scopes: api.usage.read"."""
    _, marker, rest = message.partition("issing scope")
    if not marker:
        return ""
    words = rest.lstrip("s").lstrip(": ").split()
    return words[0].strip(".,;'\"`") if words else ""
