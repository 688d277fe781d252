"""The one clock of the process: real, scaled (demo) or set by hand (tests, headless demo)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Tells the time of the ledger and how long a stretch of it takes in real seconds."""

    def now(self) -> float:
        """UTC epoch seconds."""
        ...

    def real_seconds(self, seconds: float) -> float:
        """Real seconds to wait until `seconds` of this clock have passed."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """Wall-clock time."""

    def now(self) -> float:
        return time.time()

    def real_seconds(self, seconds: float) -> float:
        return seconds


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Time that started at `epoch` when the wall clock read `started` and runs `speed` times as fast."""

    epoch: float
    started: float
    speed: float

    def now(self) -> float:
        return self.epoch + (time.time() - self.started) * self.speed

    def real_seconds(self, seconds: float) -> float:
        return seconds / self.speed


@dataclass(slots=True)
class ManualClock:
    """Time that moves only when told to; waiting costs nothing."""

    at: float

    def now(self) -> float:
        return self.at

    def real_seconds(self, seconds: float) -> float:
        return 0.0

    def advance(self, seconds: float) -> None:
        self.at += seconds
