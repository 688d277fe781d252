"""How screens name and judge what the ledger holds."""

from __future__ import annotations

from decimal import Decimal

from console.widgets.ink import Tone

UNATTRIBUTED = "(unattributed)"
OUTSIDE = Decimal("0.25")
"""A change beyond a quarter is worth a colour; its sign says the same."""
WORTH_A_COLOUR = Decimal("0.03")
"""... unless the row is less than this share of the whole."""


TIER_TONES = {"hard_cap": Tone.HOT, "critical": Tone.HOT, "warning": Tone.WARM}
TIER_SIGNS = {"hard_cap": "■", "critical": "▲", "warning": "!"}
"""Of the shipped tiers; what burndeck.toml made up has the sign of a note, and its own name."""


def tier_words(tier: str) -> str:
    """A tier's name in words: `hard cap`."""
    return tier.replace("_", " ")


def tier_sign(tier: str) -> str:
    """A tier's sign: it says without colour how grave it is."""
    return TIER_SIGNS.get(tier, "·")


def scope_words(scope: str) -> str:
    """The scope of an allocation in words: `organization`, `team search`."""
    return scope.replace(":", " ", 1).replace("_", " ")


def tone_of_change(change: Decimal | None, weight: Decimal | None = None) -> Tone:
    """Hot above a quarter more than usual, cool below a quarter less.

    `weight` is the row's share of what matters (the burn, the rise): a row of little weight keeps its
    figures and loses its colour, so that what burns stands out.
    """
    if change is None:
        return Tone.DIM
    if weight is not None and abs(weight) < WORTH_A_COLOUR:
        return Tone.PLAIN
    return Tone.HOT if change > OUTSIDE else Tone.COOL if change < -OUTSIDE else Tone.PLAIN
