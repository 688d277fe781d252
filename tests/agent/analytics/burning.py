"""Burn series made for tests: traffic of requests that comes and costs by chance, with days and weekends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MONDAY = 1_772_409_600  # 2026-03-02 00:00 UTC


@dataclass(frozen=True, slots=True)
class Burn:
    """Epoch seconds and credits, row by row."""

    at: NDArray[np.int64]
    credits: NDArray[np.float64]

    def times(self, factor: float, first: int, last: int | None = None) -> Burn:
        """The same burn with rows `first` up to `last` multiplied."""
        changed = self.credits.copy()
        changed[first:last] *= factor
        return Burn(self.at, changed)

    def until(self, row: int) -> Burn:
        """The first rows only."""
        return Burn(self.at[:row], self.credits[:row])


def traffic(
    *, days: float, step: int = MINUTE, requests: float = 100.0, seed: int = 1, start: int = MONDAY
) -> Burn:
    """`requests` a step on average, each of about one credit: more by day than by night, half on weekends."""
    rng = np.random.default_rng(seed)
    at = start + step * np.arange(int(days * DAY / step))
    by_hour = 1 + 0.6 * np.sin(2 * np.pi * (at % DAY / DAY - 0.3))
    weekend = (at // DAY - 2) % 7 < 2
    count = rng.poisson(requests * by_hour * np.where(weekend, 0.5, 1.0))
    return Burn(at, np.where(count > 0, rng.gamma(np.maximum(count, 1.0)), 0.0))
