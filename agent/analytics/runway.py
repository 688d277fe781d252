"""How long credits last at the present burn: the one definition for screens, commands, rules and messages.

    runway [s] = (cap - used) [nano-credits] * 3600 / burn [nano-credits an hour], rounded down

- **at**: the end of the newest complete minute that the ledger knows. The runway counts from there and not
  from the clock, so that its figure and the age of the data belong together: with data an hour late, take
  that hour off.
- **burn**: what the scope burnt in the `BURN_S` before `at`, as a mean. A batch counts while it runs; planned
  activity is not foreseen.
- **used**: what the scope burnt from the start of the calendar month, in the organization's time zone, up to
  `at`: days as billed where they are, else metered, else estimated. Late data counts once it is there.
- **cap**: a share of the month's credits with what was topped up or carried on. The reserve and the buffer of
  an override are no part of it.
- A cap that the month ends before is not reached: with the month the count begins anew.
- There is no range: it is arithmetic on a mean, and says what happens if nothing changes. Ranges are the
  forecast's.

The binding cap is the one that is reached first, of an allocation and those around it. Where none is reached
this month at this burn, it is the one of which least is left: a burst meets it first.
Pure integer arithmetic on nano-credits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.domain.words import duration

BURN_S = 900
"""The burn of a runway is the mean of so many seconds: less is chance, more sees a spike too late."""
AT_THIS_BURN = f"at the mean burn of the last {duration(BURN_S)}"
"""What a runway rests on, in words."""


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap of an allocation at an instant, with what is used of it and what burns against it."""

    allocation_id: str
    name: str  # soft | hard
    limit_nano: int
    used_nano: int
    burn_nano_per_hour: int
    at: int  # what is used and what burns are known up to here
    month_end: int

    @property
    def over(self) -> bool:
        """Whether the cap is reached or passed."""
        return self.used_nano >= self.limit_nano

    @property
    def left_nano(self) -> int:
        """What is left until it is reached; below zero past it."""
        return self.limit_nano - self.used_nano

    @property
    def reach_s(self) -> int | None:
        """Whole seconds until it is reached if the month never ended; 0 when it is, None without burn."""
        if self.over:
            return 0
        if self.burn_nano_per_hour <= 0:
            return None
        return self.left_nano * 3600 // self.burn_nano_per_hour

    @property
    def seconds(self) -> int | None:
        """The runway: whole seconds from `at` on; 0 when it is reached, None when not this month."""
        seconds = self.reach_s
        return None if seconds and self.at + seconds >= self.month_end else seconds

    @property
    def bites_at(self) -> int | None:
        """The instant at which it is reached; None when not this month."""
        seconds = self.seconds
        return None if seconds is None else self.at + seconds

    @property
    def sentence(self) -> str:
        """The runway in words, without a full stop."""
        if self.over:
            return f"{self.allocation_id} is over its {self.name} cap"
        if self.reach_s is None:
            return f"nothing burns towards the {self.name} cap of {self.allocation_id}"
        if self.seconds is None:
            nearest = f"{self.allocation_id} is nearest"
            return f"no {self.name} cap is reached this month at this burn; {nearest}"
        return f"{self.allocation_id} reaches its {self.name} cap in {duration(self.seconds)}"


def binding(caps: Iterable[Cap]) -> Cap | None:
    """The cap that is reached first. None without caps.

    Of several that are over it is the one furthest over; where none is reached this month, the one of which
    least is left.
    """

    def urgency(cap: Cap) -> tuple[int, float]:
        if cap.over:
            return 0, -(cap.used_nano / cap.limit_nano if cap.limit_nano else float("inf"))
        return (2, cap.left_nano) if cap.seconds is None else (1, cap.seconds)

    return min(caps, key=urgency, default=None)
