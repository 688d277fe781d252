"""One limit for several targets: how high it may be at each so that together they stay at a rate. Pure.

What is typed holds at each target by itself. What nobody has typed yet is to hold the whole scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.control.planning.calls import MINUTE_S, Caller
from agent.domain.gateway import TargetKind
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.planning.drafts import Drafts
    from agent.control.planning.lately import Lately
    from agent.domain.action import Step
    from agent.domain.gateway import Limit


@dataclass(frozen=True, slots=True)
class Load:
    """Calls a minute that one target has now."""

    asked: Decimal = Decimal(0)  # of the keys that are to be held
    beside: Decimal = Decimal(0)  # of others that share it
    loose: Decimal = Decimal(0)  # that a limit there does not hold

    @property
    def held(self) -> Decimal:
        """What a limit counts."""
        return self.asked + self.beside


def loads_of(
    drafts: Drafts, borne: Sequence[tuple[Step, Sequence[Caller]]], recent: Lately, asked: Collection[str]
) -> tuple[Load, ...]:
    """What steps would count now of the callers that they bear on; `asked`: the keys that are meant."""

    def rate(callers: Iterable[Caller]) -> Decimal:
        calls = sum(each.requests for caller in callers for each in recent.calls[caller].values())
        return Decimal(calls) * MINUTE_S / recent.width_s

    found = []
    for step, callers in borne:
        held = [caller for caller in callers if drafts.holds(step, caller)]
        found.append(
            Load(
                rate(caller for caller in held if caller.api_key in asked),
                rate(caller for caller in held if caller.api_key not in asked),
                rate(caller for caller in callers if not drafts.holds(step, caller)),
            )
        )
    return tuple(found)


def limit_at_each(loads: Sequence[Load], usual: Decimal) -> Decimal:
    """The highest rate at each target with which the scope's calls come to `usual` a minute at most.

    Who calls little passes as before, who calls most is held. Where it calls no more than is usual already,
    it is what the busiest target has when all of it is usual.
    """
    asked, beside = (sum((getattr(load, name) for load in loads), Decimal(0)) for name in ("asked", "beside"))
    loose = sum((load.loose for load in loads), Decimal(0))
    left = beside + (usual * asked / (asked + loose) if asked else usual)
    held = sorted(load.held for load in loads)
    if sum(held) <= left:
        return held[-1] * left / sum(held) if sum(held) else left / len(held)
    for place, rate in enumerate(held):
        among = len(held) - place
        if rate * among >= left:
            return left / among
        left -= rate
    return held[-1]


def told_at_each(steps: Sequence[Step], limit: Limit | None) -> str:
    """That a limit holds at every target by itself, and what that comes to; nothing for a single one."""
    if limit is None or len(steps) < 2:
        return ""
    models = {step.target.kind for step in steps} == {TargetKind.PROJECT_MODEL}
    what = f"{len(steps)} projects and models" if models else plural(len(steps), "target")
    most = f"{limit.amount * len(steps):,} {limit.unit.value}"
    return f"{limit} at each of {what} by itself, {most} together at most"
