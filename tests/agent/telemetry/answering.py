"""A real HTTP server on loopback whose answers a test writes down, and the key it is asked with."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.secrets import Secret

KEY = Secret("sk-admin-not-to-be-seen-anywhere")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it."""

    path: str
    params: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def one(self, name: str) -> str | None:
        """The only value of a query parameter."""
        values = self.params.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says. `cut` sends that many bytes less than it promised."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0


class AnsweringServer:
    """Answers every GET and POST by a function; keeps what it was asked."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go out apart; the delay would be 40 ms a request

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                asked = Asked(url.path, parse_qs(url.query), dict(self.headers))
                server.asked.append(asked)
                reply = answer(asked)
                body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) - reply.cut])
                self.close_connection = bool(reply.cut)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> AnsweringServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def in_turn(*answers: Answer) -> Callable[[Asked], Answer]:
    """The answers one after another, the last one again and again."""
    left = list(answers)

    def answer(asked: Asked) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer
