"""What is left out for a while, and for how long."""

from __future__ import annotations

from agent.telemetry.postponed import Postponed

NOW = 1_790_003_000.0
HOUR = 3600
HERE = (0, 60)


def test_a_stretch_is_left_out_for_an_hour_after_its_third_failure() -> None:
    postponed = Postponed()

    outcomes = [postponed.failed(HERE, NOW) for _ in range(3)]

    assert outcomes == [False, False, True]
    assert postponed.at(NOW) == (HERE,)
    assert postponed.at(NOW + HOUR) == ()


def test_a_stretch_that_was_not_answered_is_left_out_at_once() -> None:
    postponed = Postponed()

    postponed.unanswered(HERE, NOW)

    assert postponed.at(NOW + HOUR) == (HERE,)
    assert postponed.at(NOW + 6 * HOUR) == ()


def test_a_clock_that_is_set_back_makes_nothing_wait_longer() -> None:
    postponed = Postponed()

    postponed.unanswered(HERE, NOW)

    assert postponed.at(NOW - 24 * HOUR) == ()
