"""Whether more credits lift a hard cap that is reached, and which blocks of the agent they release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionKind
from agent.domain.action_words import CAP_LIFTED, CAP_STAYS, spec_title
from agent.domain.allocation import Allocation
from agent.domain.money import NANO, to_credits
from agent.domain.person import AGENT
from agent.domain.words import duration
from agent.runways import standings

if TYPE_CHECKING:
    from agent.control.planning.books import Books

_MINUTE_S = 60


def cap_words(books: Books, allocation: Allocation, more_nano: int, time_zone: str, now: float) -> list[str]:
    """What becomes of a hard cap that is reached with so much more; nothing of one that is not."""
    at = books.complete_to(now) or int(now) // _MINUTE_S * _MINUTE_S
    stands = standings(books.rules, [allocation], at, time_zone, known_to=at)[allocation.id]
    if not stands.hard.over:
        return []
    topped = replace(allocation, monthly_nano=allocation.monthly_nano + more_nano)
    cap = replace(stands, allocation=topped).hard
    blocks = [*_blocks(books, allocation)]
    if cap.over:
        lacking = _credits_needed(allocation, more_nano, cap.used_nano)
        return [
            f"{CAP_STAYS}: {_credits(cap.used_nano)} of {_credits(cap.limit_nano)} credits are burnt, "
            f"{lacking:,} credits more are needed",
            *(f"{each} stays" for each in blocks),
        ]
    lasts = "nothing burns now"
    if cap.reach_s is not None:
        lasts = f"about {duration(cap.reach_s)} at the present burn"
    return [
        f"{CAP_LIFTED}: {_credits(cap.left_nano)} credits left, {lasts}",
        *(f"{each} is released" for each in blocks),
    ]


def _credits_needed(allocation: Allocation, more_nano: int, used_nano: int) -> int:
    """Whole credits beside `more_nano` after which less is used than the cap allows."""
    month = int((Decimal(used_nano + 1) / allocation.hard_cap).to_integral_value(ROUND_CEILING))
    return -((allocation.monthly_nano + more_nano - month) // NANO)


def _blocks(books: Books, allocation: Allocation) -> Iterator[str]:
    """What the agent holds, or has asked people for, because of this cap."""
    for action in books.actions.open_actions():
        if _answers(action, allocation):
            what = spec_title(action.spec)
            yield (
                f"action {action.id}, {what}," if action.state.active else f"the request {action.id}, {what},"
            )


def _answers(action: Action, allocation: Allocation) -> bool:
    spec = action.spec
    return (
        action.requested_by == AGENT
        and action.alert is not None
        and spec.kind is ActionKind.BLOCK
        and spec.scope == allocation.scope
    )


def _credits(nano: int) -> str:
    """Amounts near a cap to the credit hide which side of it they are on: these are to the hundredth."""
    return f"{to_credits(nano):,.2f}".rstrip("0").rstrip(".")
