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
