"""A progress line on standard error: share, rate and time left; silent where nobody watches."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click

_WIDTH = 24
_EVERY_S = 0.1


class Progress:
    """Draws one line that is drawn over and taken away at the end."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = sys.stderr.isatty()
        self._began = time.monotonic()
        self._last = 0.0

    def at(self, share: float, word: str = "") -> None:
        """`share` of the work (0..1) is done; at most ten lines a second are drawn."""
        now = time.monotonic()
        if not self._shown or (now - self._last < _EVERY_S and share < 1):
            return
        self._last = now
        filled = round(share * _WIDTH)
        left = (now - self._began) * (1 - share) / share if share > 0 else 0.0
        time_left = f"{left:.0f} s left" if 0 < share < 1 else ""
        bar = "#" * filled + "-" * (_WIDTH - filled)
        click.echo(f"\r{self._title} [{bar}] {share:4.0%} {word} {time_left}\x1b[K", nl=False, err=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)
