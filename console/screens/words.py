"""How screens name and judge what the ledger holds."""

from __future__ import annotations

from decimal import Decimal

from console.widgets.ink import Tone

UNATTRIBUTED = "(unattributed)"
OUTSIDE = Decimal("0.25")
"""A change beyond a quarter is worth a colour; its sign says the same."""


def scope_words(scope: str) -> str:
    """The scope of an allocation in words: `organization`, `team search`."""
    return scope.replace(":", " ", 1).replace("_", " ")


def tone_of_change(change: Decimal | None) -> Tone:
    """Hot above a quarter more than usual, cool below a quarter less."""
    if change is None:
        return Tone.DIM
    return Tone.HOT if change > OUTSIDE else Tone.COOL if change < -OUTSIDE else Tone.PLAIN
