"""Up to when the ledger can be judged."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain.watermark import LAGGARD_S, MINUTE_S, STALE_S, metered_until


def complete_until(covered_to: Sequence[int], newest_event: int | None, now: float) -> int | None:
    """End of the newest complete minute (epoch seconds); None when there is nothing recent to judge.

    Metered accounts are complete up to their coverage, accounts seen by events alone up to the last whole
    minute, as long as events come in.
    """
    metered = metered_until([end for end in covered_to if end <= now + MINUTE_S], newest_event)
    if metered is not None and metered >= now - STALE_S:
        return metered
    if newest_event is None or not now - LAGGARD_S <= newest_event <= now + MINUTE_S:
        return None
    return int(now) // MINUTE_S * MINUTE_S
