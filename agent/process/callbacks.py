"""Where webhook gateways call back: one small server that believes nothing but a signature.

`POST /callbacks/{gateway}/{action}/{seq}` with `{"idempotency_key": ..., "ok": true, "text": ...}`, signed as
Standard Webhooks has it with the gateway's own secret. The key is the one that the gateway was sent: so a
callback that was caught on its way says nothing about any other action, nor about the undo of the same.
Pipelines post their changes to the same server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from agent.control.gateways.webhook.payload import key_start
from agent.domain.gateway import Callback
from agent.domain.words import plain_line
from agent.errors import ConfigError
from agent.process.bodies import read_body
from agent.process.change_hook import ChangeHook, OnPosted
from agent.process.seldom import Seldom
from agent.secrets import find_secret
from agent.webhooks import TOLERANCE_S, signed_by, signers_of

if TYPE_CHECKING:
    from standardwebhooks import Webhook as Signer
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from agent.settings import Settings

_DIGITS = 18  # of an action's id: the ledger can keep it
_TEXT = 500  # characters of what a gateway says that are kept
_log = logging.getLogger(__name__)


OnCallback = Callable[[Callback], Awaitable[None]]
"""Takes it; raises `LookupError` for a step that it does not know, also one of another gateway or key."""


class _Body(msgspec.Struct):
    idempotency_key: str
    ok: bool
    text: str = ""


@dataclass(slots=True)
class _Message:
    """A message whose id is known."""

    until: float  # when it may be forgotten
    taken: bool = False


class Callbacks:
    """The server of `[acting] listen`. Raises `ConfigError` when it cannot listen there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._signers: dict[str, list[Signer]] = {}
        self._seen: dict[tuple[str, str], _Message] = {}  # by gateway and webhook-id
        self._changes = ChangeHook(settings)
        self._unsigned = Seldom(_log)
        self._listener = _listen(settings.acting.listen)

    @property
    def address(self) -> str:
        """HOST:PORT that it listens at."""
        host, port = self._listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def run(self, on_callback: OnCallback, on_posted: OnPosted | None = None) -> None:
        """Serves until it is cancelled; with `on_posted` also the changes that pipelines tell of."""
        import uvicorn

        from agent.process.one_request import OneRequest

        # In a thread, since a keyring may wait for a person to unlock it.
        self._signers = await asyncio.to_thread(lambda: dict(_signers(self._settings)))
        await asyncio.to_thread(self._changes.load)

        class Server(uvicorn.Server):
            """Leaves signals to the process that it runs in."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        config = uvicorn.Config(
            self._app(on_callback, on_posted),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            http=OneRequest,
            headers=[("Connection", "close")],
        )
        server = Server(config)
        _log.info("callbacks of gateways are taken at %s", self.address)
        serving = asyncio.ensure_future(server.serve(sockets=[self._listener]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = server.force_exit = True
            await serving
            self._listener.close()

    def _app(self, on_callback: OnCallback, on_posted: OnPosted | None) -> Starlette:
        from starlette.applications import Starlette
        from starlette.responses import Response
        from starlette.routing import Route

        async def take(request: Request) -> Response:
            return Response(status_code=await self._take(request, on_callback))

        path = "/callbacks/{gateway}/{action}/{seq}"
        routes = [Route(path, take, methods=["POST"])]
        if on_posted is not None:
            routes.append(self._changes.route(on_posted))
        return Starlette(routes=routes)

    async def _take(self, request: Request, on_callback: OnCallback) -> int:
        """The status that a request is answered with."""
        gateway = request.path_params["gateway"]
        signers = self._signers.get(gateway)
        step = _step(request)
        if signers is None or step is None:
            return 404
        body = await read_body(request)
        if isinstance(body, int):
            return body
        if not signed_by(signers, request.headers, body):
            why = "not signed with its secret, or not just now"
            self._unsigned.warn(f"callback for {gateway} refused: {why}")
            return 401
        callback = _callback(gateway, *step, body)
        if callback is None:
            return 400
        ident = (gateway, request.headers["webhook-id"])
        known = self._known(ident)
        if known is not None:
            return 204 if known.taken else 409  # one whose answer was lost is told again that all is well
        message = self._seen[ident] = _Message(time.monotonic() + 2 * TOLERANCE_S)
        try:
            await on_callback(callback)
        except LookupError:
            self._seen.pop(ident, None)  # its step may be known by the time that it is sent again
            return 404
        except BaseException:
            self._seen.pop(ident, None)  # it was not taken: the gateway may send it again
            _log.exception("callback of %s for action %d could not be taken", gateway, callback.action)
            raise
        message.taken = True
        return 204

    def _known(self, ident: tuple[str, str]) -> _Message | None:
        """The message of that id; it is remembered for as long as its signature could be good."""
        now = time.monotonic()
        for old in [each for each, message in self._seen.items() if message.until < now]:
            del self._seen[old]
        return self._seen.get(ident)


def _signers(settings: Settings) -> Iterator[tuple[str, list[Signer]]]:
    for gateway in settings.gateways:
        if gateway.kind != "webhook" or gateway.secret is None:
            continue
        try:
            yield gateway.name, signers_of(gateway.name, find_secret(gateway.secret).secret)
        except ConfigError as error:
            _log.warning("no callback of %s is taken: %s", gateway.name, error.message)


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        # With its protocol named, asyncio turns Nagle's delay off.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.listen()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"callbacks cannot be taken at {address}: {error}",
            hint="Change listen in [acting] of burndeck.toml, or stop what listens there.",
        ) from None
    return listener


def _step(request: Request) -> tuple[int, int] | None:
    """Action and step of the path; None where they are no such numbers."""
    texts = request.path_params["action"], request.path_params["seq"]
    if not all(text.isascii() and text.isdigit() and len(text) <= _DIGITS for text in texts):
        return None
    return int(texts[0]), int(texts[1])


def _callback(gateway: str, action: int, seq: int, body: bytes) -> Callback | None:
    """What it says; None where it is no callback, or one for another step than its path names."""
    try:
        said = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not said.idempotency_key.startswith(key_start(action, seq)):
        return None
    text = plain_line(said.text)[:_TEXT]
    return Callback(gateway, action, seq, said.idempotency_key, said.ok, text)
