"""`burndeck cap`: which caps bear on a key, and the provider's own ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from console.lazy import Lazy, LazyGroup

_EPILOG = """\b
Examples:
  burndeck cap explain key_search
  burndeck cap set project:proj_search --credits 20000 --reason "backstop of November"
"""


class _Cap(LazyGroup):
    LAZY: ClassVar[Mapping[str, Lazy]] = {
        "explain": Lazy("console.commands.cap_explain", "Every cap around a key, and the one that binds."),
        "set": Lazy("console.commands.cap_set", "The provider's own limit of what a month may cost.", "set_"),
    }


@click.group("cap", cls=_Cap, epilog=_EPILOG)
def cap() -> None:
    """Caps: burndeck's own are those of allocations, a provider's own are a backstop behind them."""
