"""Exact money: integer nano-credits inside, `Decimal` credits at the edges, never float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NewType

NanoCredits = NewType("NanoCredits", int)
"""Credits times 10^9. The only unit in which the ledger stores and adds amounts."""

NANO = 1_000_000_000
_QUANTUM = Decimal(1)
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
# 2^63 - 1: SQLite integers end here, so an amount past it is bad input, never a wrap-around.
MAX_NANO = 9_223_372_036_854_775_807


class AmountError(ValueError):
    """A value that is not an exact, finite amount within the ledger's range."""


def to_nano(amount: Decimal | int | str) -> NanoCredits:
    """Credits to nano-credits, rounded half-even at the ninth decimal; raises `AmountError`."""
    try:
        value = Decimal(amount)
        nano = int((value * NANO).quantize(_QUANTUM, rounding=ROUND_HALF_EVEN))
    except (ArithmeticError, ValueError) as error:
        raise AmountError(f"not an amount: {amount!r}") from error
    if abs(nano) > MAX_NANO:
        raise AmountError(f"amount out of range: {amount!r}")
    return NanoCredits(nano)


def parse_credits(text: str) -> NanoCredits:
    """`25,000`, `25_000` or `0.5` as people type it, more than nothing; raises `AmountError`.

    A comma stands between thousands only: `1,5` is not fifteen.
    """
    if "," in text and not _GROUPED.fullmatch(text.strip()):
        raise AmountError("a comma stands between thousands, and a point before parts of one")
    nano = to_nano(text.strip().replace(",", "").replace("_", ""))
    if nano <= 0:
        raise AmountError("it must be more than nothing")
    return nano


def to_credits(nano: int) -> Decimal:
    """Nano-credits to credits, exactly (nine decimals at most)."""
    return Decimal(nano).scaleb(-9)


def to_money(nano: int, money_per_credit: Decimal) -> Decimal:
    """Nano-credits to currency at a conversion rate (currency units per credit), unrounded."""
    return to_credits(nano) * money_per_credit
