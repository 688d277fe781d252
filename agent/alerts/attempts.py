"""When a message is tried again, and which of those that wait may go now. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.alerts.channels.base import DeliveryFailed
    from agent.ledger.outbox import Waiting

FIRST_WAIT_S = 1.0
SLOW_WAIT_S = 60.0  # where somebody has to do something first
LONGEST_WAIT_S = 3_600.0
GIVE_UP_S = 3 * 86_400
LEAST_ATTEMPTS = 20  # age alone says nothing: the laptop slept, the agent stood still, the clock jumped


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failed attempt means for its message: another one at `next_at`, or none."""

    next_at: int | None  # None: given up
    gone: bool = False


def verdict(row: Waiting, failure: DeliveryFailed, now: float, luck: float, *, speed: float = 1.0) -> Verdict:
    """The verdict on a failed attempt. `luck` in 0..1 spreads attempts, so that not all come at once.

    A wait that the receiver asks for is kept, up to an hour. Waits are real seconds, of which one is `speed`
    of the clock's. Only what is old and was tried often is given up.
    """
    if failure.gone or failure.permanent:
        return Verdict(None, gone=failure.gone)
    first = SLOW_WAIT_S if failure.slow else FIRST_WAIT_S
    # 2 to the power of some dozen attempts is beyond the longest wait anyway.
    wait = min(first * 2 ** min(row.attempts, 30), LONGEST_WAIT_S) * (0.75 + luck / 2)
    if failure.retry_after is not None:
        wait = max(wait, min(failure.retry_after, LONGEST_WAIT_S))
    next_at = math.ceil(now + wait * speed)
    old = next_at > row.created_at + GIVE_UP_S * speed
    return Verdict(None if old and row.attempts + 1 >= LEAST_ATTEMPTS else next_at)


def ready(
    waiting: Iterable[Waiting],
    under_way: Collection[Waiting],
    free: Mapping[str, int],
    now: float,
    *,
    speed: float = 1.0,
) -> list[Waiting]:
    """What may go now, of messages in their order; `free` says how many more each channel takes.

    One destination gets one message at a time, and those of one episode in their order: a page is never
    closed before it was opened. A message that waits for another attempt holds up only its own episode.
    """
    left = dict(free)
    going = {row.id for row in under_way}
    busy = {(row.channel, row.target) for row in under_way}
    held: set[tuple[str, str, str]] = set()
    chosen = []
    for row in waiting:
        place, episode = (row.channel, row.target), (row.channel, row.target, row.dedup_key)
        if row.id in going or episode in held:
            held.add(episode)
            continue
        held.add(episode)
        if not _due(row, now, speed) or place in busy or left.get(row.channel, 1) <= 0:
            continue
        busy.add(place)
        left[row.channel] = left.get(row.channel, 1) - 1
        chosen.append(row)
    return chosen


def next_due(waiting: Iterable[Waiting], now: float) -> float | None:
    """When the next message becomes due; None where nothing waits for a later time."""
    return min((float(row.next_at) for row in waiting if row.next_at > now), default=None)


def _due(row: Waiting, now: float, speed: float) -> bool:
    """Whether its time has come. Further away than any wait it is only where the clock was set back."""
    longest = min(SLOW_WAIT_S * 2 ** min(row.attempts, 30), LONGEST_WAIT_S) * 1.25 * speed
    return row.next_at <= now or row.next_at - now > longest + 1
