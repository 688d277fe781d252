"""An allocation as an error budget: how fast it burns beside the pace at which it lasts its month. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from agent.domain.duration import Duration

_SHAPE = re.compile(r"\s*(?P<times>[0-9.]+)\s*x?\s+over\s+(?P<long>\w+)\s+and\s+(?P<short>\w+)\s*")


@dataclass(frozen=True, slots=True)
class PaceStep:
    """A multiple of the even pace that must hold over a long and a short window, both at once.

    The long one says that it matters, the short one that it is still going on.
    """

    times: Decimal
    long_s: int
    short_s: int

    @classmethod
    def parse(cls, text: str) -> PaceStep:
        """`"14.4x over 1h and 5m"` as a step; raises `ValueError` saying how to write one."""
        match = _SHAPE.fullmatch(text)
        try:
            if match is None:
                raise ValueError
            step = cls(Decimal(match["times"]), Duration.parse(match["long"]), Duration.parse(match["short"]))
        except (ValueError, InvalidOperation):
            raise ValueError(f"{text!r} is not written like '14.4x over 1h and 5m'") from None
        if step.times <= 0 or step.short_s <= 0 or step.long_s <= step.short_s:
            raise ValueError(f"{text!r}: the first window must be longer than the second")
        return step

    def __str__(self) -> str:
        return f"{self.times:f}x over {Duration(self.long_s)} and {Duration(self.short_s)}"


@dataclass(frozen=True, slots=True)
class MonthPace:
    """What an allocation has for how many seconds of a month."""

    monthly_nano: int
    month_s: int

    def reached(self, times: Decimal, burnt_nano: int, seconds: int) -> bool:
        """Whether a stretch burnt so many times the even pace, or more."""
        return burnt_nano * self.month_s >= times * self.monthly_nano * seconds

    def multiple(self, burnt_nano: int, seconds: int) -> Decimal:
        """How many times the even pace a stretch burnt; 0 for an allocation of nothing."""
        whole = self.monthly_nano * seconds
        return Decimal(burnt_nano * self.month_s) / whole if whole else Decimal(0)

    def even_nano(self, seconds: int) -> int:
        """What the even pace burns in so many seconds."""
        return self.monthly_nano * seconds // self.month_s


def projected(used_nano: int, burnt_nano: int, seconds: int, left_s: int) -> int:
    """What is used at the end if the pace of a stretch holds for the `left_s` that are left."""
    return used_nano + burnt_nano * max(left_s, 0) // seconds
