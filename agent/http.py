"""What every HTTP client of burndeck shares: how it is made, what it trusts, how long it waits."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING

from agent import __version__

# httpx brings a command of its own along wherever rich is installed, and with it a terminal library,
# which the agent must not load. Declared missing, it is left out.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
import httpx as httpx  # noqa: E402

if TYPE_CHECKING:
    import ssl

USER_AGENT = f"burndeck/{__version__}"
_CONNECT_S = 10.0


def new_client(
    url: str, *, timeout_s: float, headers: Mapping[str, str] | None = None, base_url: str = ""
) -> httpx.AsyncClient:
    """A client for what lives at `url`; nothing that a server answers makes it go anywhere else."""
    tls = url.startswith("https:")
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT, **(headers or {})},
        timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
        # Loading the certificate store takes longer than a whole poll of a server on loopback.
        verify=trusted() if tls else False,
        trust_env=tls,
    )


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that are trusted, loaded once: those of SSL_CERT_FILE, else the usual ones."""
    return httpx.create_ssl_context()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks us to wait: milliseconds, seconds or a date; None if it does not say."""
    text = headers.get("retry-after", "")
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    if (seconds := _seconds(text)) is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _seconds(text: str) -> float | None:
    """A number that can be waited for; None for everything else, also for infinity."""
    try:
        number = float(text)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
