"""Up to when amounts are complete: a minute that is still filling would look like a fall in burn."""

from __future__ import annotations

from collections.abc import Sequence

MINUTE_S = 60
LAGGARD_S = 900
"""An account further behind the newest one is not waited for."""

STALE_S = 10_800
"""Usage that ends that long before the newest event is no longer read by anybody."""


def metered_until(covered_to: Sequence[int], newest_event: int | None) -> int | None:
    """End of the newest minute (epoch seconds) that all metered accounts that keep up have reached.

    Events never hold it back: what an account without metered usage burns arrives as it happens. None where
    nothing is metered, or only what events have left far behind.
    """
    if not covered_to:
        return None
    newest = max(covered_to)
    if newest_event is not None and newest < newest_event - STALE_S:
        return None
    return min(end for end in covered_to if end >= newest - LAGGARD_S) // MINUTE_S * MINUTE_S


def known_until(covered_to: Sequence[int], newest_event: int | None, now: float) -> int | None:
    """End of the newest minute whose amounts are complete, never past the clock's; None without any.

    Where nothing is metered, the minute of the newest event counts as complete once the clock has left it.
    """
    last_minute = int(now) // MINUTE_S * MINUTE_S
    metered = metered_until(covered_to, newest_event)
    if metered is not None:
        return min(metered, last_minute)
    if newest_event is not None:
        return min(newest_event // MINUTE_S * MINUTE_S + MINUTE_S, last_minute)
    return None
