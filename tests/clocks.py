"""Clocks of tests."""

from __future__ import annotations

import time

from agent.clock import ScaledClock

_SPEED = 1e-6
_WITHIN_THE_SECOND_S = 1e-3


def standing(at: float) -> ScaledClock:
    """A clock that stands still for whatever a test can see, a moment after `at`.

    It moves by 0.25 us (what a float of today can tell) within the first quarter of a real second. On the
    edge of a second that would be enough for a countdown to show one second more to who is quick.
    """
    return ScaledClock(at + _WITHIN_THE_SECOND_S, time.time(), _SPEED)
