"""Splitting a whole number so that the parts add up to it: the largest-remainder method."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor


def split_exactly(whole: int, parts: Sequence[float]) -> list[int]:
    """Integers near `parts` whose sum is `whole`.

    `parts` should add up to `whole` but for rounding; what they miss goes, one unit each, to the parts with
    the largest remainders, and a miss larger than that is spread over the parts by their size.
    """
    if not parts:
        return []
    parts = _towards(whole, parts)
    split = [floor(part) for part in parts]
    left = whole - sum(split)
    order = sorted(range(len(parts)), key=lambda place: (split[place] - parts[place], place))
    each, more = divmod(left, len(parts))
    for rank, place in enumerate(order):
        split[place] += each + (1 if rank < more else 0)
    return split


def _towards(whole: int, parts: Sequence[float]) -> Sequence[float]:
    """The parts moved by what they miss of the whole, in proportion to their size."""
    missing = whole - sum(parts)
    size = sum(abs(part) for part in parts)
    if abs(missing) <= len(parts) or not size:
        return parts
    return [part + missing * abs(part) / size for part in parts]
