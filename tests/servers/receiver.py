"""A real HTTP server on loopback that takes messages, keeps them and answers as a test tells it to."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]  # names in small letters
    body: bytes
    at: float  # time.monotonic() when its head was there

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `hang` holds the answer back until the server closes, `drip` its body."""

    status: int = 200
    body: Any = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False


class Receiver:
    """Answers every request by a function of it; encrypted where there is a `context`."""

    def __init__(
        self,
        answer: Callable[[Got], Answer] = lambda got: Answer(),
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.got: list[Got] = []
        self.answer = answer
        self._news = threading.Condition()
        self._closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                receiver._take(self)

            do_GET = do_POST = do_PATCH = handle_any  # noqa: N815 - the base looks for these names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._scheme = "https" if context else "http"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, count: int) -> list[Got]:
        """The first requests, as soon as there are so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.got) >= count, 20), f"only {len(self.got)} came"
            return self.got[:count]

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        at = time.monotonic()
        url = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        got = Got(handler.command, url.path, parse_qs(url.query), headers, body, at)
        with self._news:
            self.got.append(got)
            answer = self.answer(got)
            self._news.notify_all()
        if answer.hang:
            self._closing.wait(30)
            handler.close_connection = True
            return
        if answer.drip:
            self._drip(handler)
            return
        text = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        handler.send_header("Content-Length", str(len(text)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Always sends a little more, so that no wait for the next byte is ever long."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        with contextlib.suppress(OSError):  # the client has had enough
            while not self._closing.wait(0.1):
                handler.wfile.write(b" ")
        handler.close_connection = True


def in_turn(*answers: Answer) -> Callable[[Got], Answer]:
    """The answers one after another, the last one again and again."""
    left = list(answers)
    return lambda got: left.pop(0) if len(left) > 1 else left[0]
