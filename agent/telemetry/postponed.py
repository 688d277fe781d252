"""Stretches of the past that cannot be read at the moment, so that they do not hold up all the others."""

from __future__ import annotations

from collections import Counter

Stretch = tuple[int, int]

_ATTEMPTS = 3
_AFTER_FAILURES_S = 3600
_AFTER_NO_ANSWER_S = 6 * 3600


class Postponed:
    """What to leave out for some hours: stretches that failed time after time or were not answered."""

    def __init__(self) -> None:
        self._until: dict[Stretch, int] = {}
        self._failures: Counter[Stretch] = Counter()

    def failed(self, stretch: Stretch, now: float) -> bool:
        """Counts a failure; True when it was one too many and the stretch is left out for an hour."""
        self._failures[stretch] += 1
        if self._failures[stretch] < _ATTEMPTS:
            return False
        del self._failures[stretch]
        self._until[stretch] = int(now) + _AFTER_FAILURES_S
        return True

    def unanswered(self, stretch: Stretch, now: float) -> None:
        """Leaves out, for some hours, a stretch that was asked for and not answered."""
        self._until[stretch] = int(now) + _AFTER_NO_ANSWER_S

    def __len__(self) -> int:
        """How many stretches were left out when that was last asked for."""
        return len(self._until)

    def at(self, now: float) -> tuple[Stretch, ...]:
        """The stretches to leave out now."""
        # An end that is too far away was set before the clock was set back.
        self._until = {
            stretch: until for stretch, until in self._until.items() if 0 < until - now <= _AFTER_NO_ANSWER_S
        }
        return tuple(self._until)
