"""Hours of the week as people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from agent.domain.hours import Hours

MONDAY = datetime(2026, 11, 16)


@pytest.mark.parametrize(
    ("text", "at", "inside"),
    [
        ("08:00-18:00", (0, 8, 0), True),
        ("08:00-18:00", (0, 17, 59), True),
        ("08:00-18:00", (0, 18, 0), False),
        ("mon-fri 08:00-18:00", (4, 12, 0), True),
        ("mon-fri 08:00-18:00", (5, 12, 0), False),
        ("sat,sun", (6, 23, 59), True),
        ("sat,sun", (0, 0, 0), False),
        ("fri-mon", (6, 3, 0), True),
        ("fri-mon", (2, 3, 0), False),
        ("mon 22:00-06:00", (0, 23, 0), True),
        ("mon 22:00-06:00", (1, 5, 59), True),
        ("mon 22:00-06:00", (0, 5, 0), False),
        ("mon-fri 18:00-24:00", (0, 23, 59), True),
    ],
)
def test_hours_contain_an_instant(text: str, at: tuple[int, int, int], inside: bool) -> None:
    day, hour, minute = at

    assert Hours.parse(text).contain(MONDAY.replace(day=16 + day, hour=hour, minute=minute)) is inside


@pytest.mark.parametrize("text", ["", "noon", "mon-fry", "08:00", "25:00-26:00", "mon 8-18"])
def test_what_are_no_hours_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="mon-fri 08:00-18:00"):
        Hours.parse(text)
