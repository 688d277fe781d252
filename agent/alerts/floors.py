"""What is too little to trouble anybody: a floor in credits an hour and one in share of all burn. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from agent.domain.money import NANO

if TYPE_CHECKING:
    from agent.settings_rules import Floored

HOUR_S = 3_600


def matters(floors: Floored, nano: int, whole_nano: int, seconds: int) -> bool:
    """Whether so many nano-credits in so many seconds reach both floors; `whole_nano` is everybody's."""
    return nano >= least(floors, whole_nano, seconds)


def least(floors: Floored, whole_nano: int, seconds: int) -> int:
    """The smallest amount of so many seconds that reaches both floors, never less than one nano-credit."""
    by_rate = floors.min_credits_per_hour * NANO * seconds / HOUR_S
    by_share = floors.min_share * whole_nano
    return max(1, int(max(by_rate, by_share).to_integral_value(ROUND_CEILING)))


def per_minute(nano: int, seconds: int) -> int:
    """Nano-credits of so many seconds as nano-credits a minute, rounded down."""
    return nano * 60 // seconds


def share_of(part: int, whole: int) -> Decimal:
    """A share to four decimals; 0 of nothing."""
    return (Decimal(part) / whole).quantize(Decimal("0.0001")) if whole else Decimal(0)
