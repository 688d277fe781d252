"""The cached share of input tokens beside its usual, and what a fall of it costs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

_LEAST_DAYS = 5
_LEAST_REACH = 7  # days back that the oldest of them must lie
_LEAST_TOKENS = 0.1  # of the present ones: a day with fewer says nothing of the share
_LEAST_USUAL = 0.10  # a share that was never worth anything cannot be lost


@dataclass(frozen=True, slots=True)
class Input:
    """Input tokens, and those of them that came from the cache."""

    tokens: int = 0
    cached: int = 0

    @property
    def share(self) -> float:
        """The cached part; 0 of nothing."""
        return self.cached / self.tokens if self.tokens > 0 else 0.0


def usual_share(now: Input, days: Mapping[int, Input]) -> float | None:
    """The median share of earlier days, by how many days back; None where too little is known of them."""
    known = {back: day for back, day in days.items() if day.tokens > _LEAST_TOKENS * now.tokens}
    if len(known) < _LEAST_DAYS or max(known) < _LEAST_REACH:
        return None
    return median(day.share for day in known.values())


def collapsed(now: Input, usual: float, drop: Decimal) -> bool:
    """Whether at least the part `drop` of a usual share worth having is gone."""
    return usual >= _LEAST_USUAL and now.share <= usual * (1 - float(drop))


def lost_tokens(now: Input, usual: float) -> int:
    """Input tokens that would have come from the cache at the usual share."""
    return max(0, round(usual * now.tokens) - now.cached)


def lost_nano(tokens: int, input_rate: int, cached_rate: int) -> int:
    """What tokens cost more because they were not cached; rates are nano-credits per million tokens."""
    return tokens * max(0, input_rate - cached_rate) // 1_000_000
