"""Up to when the ledger is complete: a minute that is still filling is never judged."""

from __future__ import annotations

from collections.abc import Sequence

MINUTE_S = 60
_LAGGARD_S = 900  # an account further behind the newest one is judged when it has caught up
_STALE_S = 10_800  # older data says nothing about now


def complete_until(covered_to: Sequence[int], newest_event: int | None, now: float) -> int | None:
    """End of the newest complete minute (epoch seconds); None when there is nothing recent to judge.

    Metered accounts are complete up to their coverage, accounts seen by events alone up to the last whole
    minute, as long as events come in.
    """
    recent = [end for end in covered_to if now - _STALE_S <= end <= now + MINUTE_S]
    if recent:
        newest = max(recent)
        return min(end for end in recent if end >= newest - _LAGGARD_S) // MINUTE_S * MINUTE_S
    if newest_event is None or not now - _LAGGARD_S <= newest_event <= now + MINUTE_S:
        return None
    return int(now) // MINUTE_S * MINUTE_S
