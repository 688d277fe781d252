"""One amount as screens and JSON show it: with its unit, its truth layer and its age."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.domain.money import to_credits
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
    return ratio(nano * 60, seconds * 10**9, 6)


def credits_figure(
    nano: int | None, layer: Layer | None, as_of: int | None, *, mixed: bool = False
) -> Figure:
    """An amount of credits, exactly."""
    return Figure(None if nano is None else to_credits(nano), "credits", layer, as_of, mixed)


def rate_figure(
    nano: int | None, seconds: int, layer: Layer | None, as_of: int | None, *, mixed: bool = False
) -> Figure:
    """A burn rate in credits a minute."""
    value = None if nano is None else per_minute(nano, seconds)
    return Figure(value, "credits/min", layer, as_of, mixed)


def share_of(part: int, whole: int) -> Decimal | None:
    """A fraction to four decimals; None of nothing."""
    return ratio(part, whole, 4) if whole else None


def change_of(now: int, usual: int) -> Decimal | None:
    """now / usual - 1 to four decimals; None where nothing is usual."""
    return ratio(now - usual, usual, 4) if usual > 0 else None
