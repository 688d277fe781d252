"""Which calls a limit lets pass, by the way in which a gateway counts. Pure; times are milliseconds, sorted.

Whatever the way, a higher limit never refuses a call more in all, and a limit of nothing refuses all.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Passed = NDArray[np.bool_]

MINUTE_MS = 60_000


def sliding(times: Ints, amount: int, width_ms: int) -> Passed:
    """At most `amount` in any stretch of this width; calls that were refused do not count."""
    if amount == 0 or len(times) <= amount:
        return np.full(len(times), amount > 0)
    if (times[amount:] - times[:-amount] >= width_ms).all():
        return np.ones(len(times), np.bool_)
    found = bytearray(len(times))
    passed: list[int] = []
    count = 0
    for place, at in enumerate(times.tolist()):
        if count < amount or at - passed[-amount] >= width_ms:
            passed.append(at)
            count += 1
            found[place] = 1
    return np.frombuffer(found, np.bool_)


def opened(times: Ints, amount: int, costs: Ints | None = None, width_ms: int = MINUTE_MS) -> Passed:
    """A window that the first call after the last one opens. With `costs`, those are counted, not calls."""
    return _windowed(times, amount, costs, lambda at: at + width_ms)


def calendar(times: Ints, amount: int, costs: Ints | None = None) -> Passed:
    """A window that begins with every minute of the clock."""
    return _windowed(times, amount, costs, lambda at: (at // MINUTE_MS + 1) * MINUTE_MS)


def at_once(times: Ints, lengths: Ints, amount: int) -> Passed:
    """At most `amount` under way at a time, each for its length."""
    found = bytearray(len(times))
    under_way: list[int] = []
    for place, (at, length) in enumerate(zip(times.tolist(), lengths.tolist(), strict=True)):
        while under_way and under_way[0] <= at:
            heapq.heappop(under_way)
        if len(under_way) < amount:
            heapq.heappush(under_way, at + length)
            found[place] = 1
    return np.frombuffer(found, np.bool_)


def _windowed(times: Ints, amount: int, costs: Ints | None, end_of: Callable[[int], int]) -> Passed:
    """The first calls of each window, until what was counted before a call reaches the amount."""
    found = np.zeros(len(times), np.bool_)
    before = np.arange(len(times)) if costs is None else np.cumsum(costs) - costs
    first = 0
    while first < len(times) and amount > 0:
        last = int(np.searchsorted(times, end_of(int(times[first]))))
        counted = before[first:last]
        found[first : first + int(np.searchsorted(counted, counted[0] + amount))] = True
        first = last
    return found
