"""What one person can do at once where a block waits for others: the tightest throttle that nobody approves.

Runs in the thread of the live link.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind
from agent.domain.gateway import Limit, LimitUnit
from console.screens.acting.look import Looked, look_at, off_boards

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_STEPS = (1, 2, 3, 4, 5, 6, 8)
_MOST_PLANS = 8
"""So many limits are looked at: beyond that the throttle is no brake any more."""
_PASSES = 20
"""A limit that lets less than one call in so many pass is a block by another name, and is approved."""


def alone(reader: LedgerReader, settings: Settings, found: Looked, now: float) -> Plan | None:
    """The plan of the throttle; None where the change waits for nobody, or no throttle goes without."""
    made = found.plan
    if made is None or made.spec.kind is not ActionKind.BLOCK or not made.needs or off_boards(made.spec):
        return None
    a_minute = made.requests / 60 / max(1, len(made.hit)) / _PASSES
    for unit, least in ((LimitUnit.RPM, max(2.0, a_minute)), (LimitUnit.RPS, max(1.0, a_minute / 60))):
        for _, amount in zip(range(_MOST_PLANS), _rising(least), strict=False):
            spec = replace(
                made.spec,
                kind=ActionKind.THROTTLE,
                limit=Limit(amount, unit),
                expires_s=int(settings.acting.throttle_expires),
            )
            plan = look_at(reader, settings, spec, now).plan
            if plan is None:
                break  # no gateway there counts in this unit
            if not plan.needs:
                return plan
    return None


def _rising(least: float) -> Iterator[int]:
    """Amounts that are easily typed, from about the least on."""
    ten = 1
    while True:
        for step in _STEPS:
            if step * ten >= least * 0.7 and step * ten >= 1:
                yield step * ten
        ten *= 10
