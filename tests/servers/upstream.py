"""A small provider behind a gateway: answers calls at once, with tokens that depend on the request alone."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROMPT_TOKENS = 30
COMPLETION_TOKENS = 100


class Upstream:
    """Serves from `start` to `close`; counts calls by path and remembers the keys that came through."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.authorizations: set[str] = set()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                upstream.calls[self.path] += 1
                upstream.authorizations.add(self.headers.get("authorization", ""))
                asked = json.loads(body or b"{}")
                if asked.get("stream"):
                    self._send("text/event-stream", b'data: {"choices":[]}\n\ndata: [DONE]\n\n')
                elif asked.get("fail"):
                    self._send("application/json", b'{"error":{}}', status=int(asked["fail"]))
                else:
                    self._send("application/json", json.dumps(_answer(self.path, asked)).encode())

            def do_GET(self) -> None:
                self._send("application/json", b'{"object":"list","data":[]}')

            def _send(self, kind: str, body: bytes, status: int = 200) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a proxy that ends resets its idle connections

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Upstream:
        """Begins to serve."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()


def _answer(path: str, asked: dict[str, Any]) -> dict[str, Any]:
    if path.endswith("/embeddings"):
        return {"data": [], "model": asked.get("model"), "usage": {"prompt_tokens": PROMPT_TOKENS}}
    usage = {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": COMPLETION_TOKENS,
        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
        "prompt_tokens_details": {"cached_tokens": 10},
    }
    # LiteLLM keeps one row for an id, so every answer has its own.
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked.get("model"),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
        "usage": usage,
    }
