"""One amount as screens and JSON show it: with its unit, its truth layer and its age."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.domain.usage import Layer

SHORT = {Layer.ESTIMATED: "est", Layer.METERED: "met", Layer.BILLED: "bil"}
"""Three-letter names of the layers, for narrow screens."""


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount that says how far it can be trusted.

    Where a sum mixes layers, `layer` is the least certain one in it and `mixed` is true.
    """

    value: Decimal | None  # None: not known (no data, no price, no allocation)
    unit: str  # credits, credits/min, USD/h, requests, ...
    layer: Layer | None = None  # None: no data behind it
    as_of: int | None = None  # UTC epoch seconds: the end of the newest complete minute in it
    mixed: bool = False

    @property
    def tag(self) -> str:
        """`est`, `met` or `bil`, with `+` where higher layers are in it too; empty without data."""
        if self.layer is None:
            return ""
        return SHORT[self.layer] + ("+" if self.mixed else "")


def ratio(part: int, whole: int, digits: int) -> Decimal:
    """part / whole to so many decimals, exactly rounded (half up); integers make it cheap for long tables."""
    return Decimal((2 * part * 10**digits + whole) // (2 * whole)).scaleb(-digits)


def per_minute(nano: int, seconds: int) -> Decimal:
    """Nano-credits over so many seconds as credits a minute, rounded to the sixth decimal."""
    # ratio(nano * 60, seconds * 10**9, 6) with the powers of ten cancelled, for long tables.
    return Decimal((nano * 120 + seconds * 1_000) // (seconds * 2_000)).scaleb(-6)


def share_of(part: int, whole: int) -> Decimal | None:
    """A fraction to four decimals; None of nothing."""
    return ratio(part, whole, 4) if whole else None


def change_of(now: int, usual: int) -> Decimal | None:
    """now / usual - 1 to four decimals; None where nothing is usual."""
    return ratio(now - usual, usual, 4) if usual > 0 else None
