"""How long credits last at the present burn. Pure integer arithmetic on nano-credits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap of an allocation, with what is used of it and what burns against it."""

    allocation_id: str
    name: str  # soft | hard
    limit_nano: int
    used_nano: int
    burn_nano_per_hour: int

    @property
    def over(self) -> bool:
        """Whether the cap is reached or passed."""
        return self.used_nano >= self.limit_nano

    @property
    def seconds(self) -> int | None:
        """Whole seconds until the cap is reached, rounded down; 0 when it is, None when nothing burns."""
        if self.over:
            return 0
        if self.burn_nano_per_hour <= 0:
            return None
        return (self.limit_nano - self.used_nano) * 3600 // self.burn_nano_per_hour


def binding(caps: Iterable[Cap]) -> Cap | None:
    """The cap that bites first; of several that are over, the one furthest over. None without caps."""

    def urgency(cap: Cap) -> tuple[int, float, float]:
        seconds = cap.seconds
        used = cap.used_nano / cap.limit_nano if cap.limit_nano else 0.0
        return (0 if seconds is not None else 1, seconds or 0, -used)

    return min(caps, key=urgency, default=None)
