"""Has a burn changed within a quarter of an hour? Beside what came just before, and other days. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_CHANCE = 3.0  # standard deviations that a rise must exceed
# Costs of single requests vary about as much as their mean, which doubles the variance of their count.
_REQUEST_VARIANCE = 2.0
_ABOVE_OTHER_DAYS = Decimal("1.5")  # times what the same time of another day burnt


@dataclass(frozen=True, slots=True)
class Quarter:
    """What a quarter of an hour burnt, in how many requests, and its variance by chance alone."""

    nano: int = 0
    requests: int = 0
    variance: float = 0.0

    @classmethod
    def of(cls, parts: Iterable[tuple[int, int]]) -> Quarter:
        """The sum of nano-credits and requests by kind of traffic: a few dear calls vary for themselves."""
        known = list(parts)
        variance = sum(_REQUEST_VARIANCE * float(nano) ** 2 / count for nano, count in known if count > 0)
        return cls(sum(nano for nano, _ in known), sum(count for _, count in known), variance)


@dataclass(frozen=True, slots=True)
class Change:
    """The last quarter of an hour, and those of the hour before it, newest first."""

    now: Quarter
    earlier: tuple[Quarter, ...]

    @property
    def reference(self) -> Quarter:
        """The largest of those before: what comes and goes within the hour is no change."""
        return max(self.earlier, key=lambda quarter: quarter.nano)

    @property
    def rise_nano(self) -> int:
        """Nano-credits above what came before."""
        return self.now.nano - self.reference.nano

    def multiplied(self, factor: Decimal) -> bool:
        """Whether the burn is at least `factor` times what came before, and chance does not explain it."""
        if self.now.requests <= 0 or self.now.nano < factor * self.reference.nano:
            return False
        return self.rise_nano > _CHANCE * math.sqrt(self.now.variance + self.reference.variance)


def above_other_days(now_nano: int, others: Iterable[int]) -> bool:
    """Whether a quarter of an hour burns well above the same time of every other day; true without any."""
    return all(now_nano > _ABOVE_OTHER_DAYS * other for other in others)
