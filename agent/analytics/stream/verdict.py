"""What the streaming detector says of a point."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

THRESHOLD = 0.5  # the shipped one: a score from here on is a finding


class Reason(IntEnum):
    """What stands out most at a point, whether or not it is a finding."""

    NONE = 0  # nothing is known yet, or nothing came
    START = 1  # burns for the first time after a silence
    SPIKE = 2  # jumped up from one point to the next
    RISE = 3  # a few points lie above the recent level, or above what this hour usually has
    FALL = 4  # a few points lie below the recent level, or one fell
    UNUSUAL_HOUR = 5  # for a while not what this time of the day or week usually has

    @property
    def word(self) -> str:
        """The reason as it is written into files and JSON."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One entry a series of a panel, or a row of a series."""

    score: Floats  # 0..1, `THRESHOLD` and above is a finding
    expected: Floats  # usual value at this time; NaN while nothing is known
    low: Floats  # the band in which nearly all ordinary values lie
    high: Floats
    reason: NDArray[np.int8]  # a `Reason`
    rising: Flags  # whether what stands out is above what is usual

    @property
    def flagged(self) -> Flags:
        """Which entries are findings."""
        found: Flags = self.score >= THRESHOLD
        return found
