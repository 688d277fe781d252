"""Bodies of requests of strangers: no larger and no slower than what is meant for us."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES = 64 * 1024
_BODY_WITHIN_S = 10.0


async def read_body(request: Request) -> bytes | int:
    """The body; the status to answer with where it is too large or does not end."""
    from starlette.requests import ClientDisconnect

    parts = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            async for part in request.stream():
                parts += part
                if len(parts) > MOST_BYTES:
                    return 413
    except (TimeoutError, ClientDisconnect):
        return 408
    return bytes(parts)
