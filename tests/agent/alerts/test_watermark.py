"""Which minute is the newest that may be judged."""

from __future__ import annotations

import pytest

from agent.alerts.watermark import complete_until

NOW = 1_000_000 * 60


@pytest.mark.parametrize(
    ("covered_to", "newest_event", "expected"),
    [
        pytest.param([], None, None, id="an empty ledger"),
        pytest.param([NOW - 120], None, NOW - 120, id="one metered account"),
        pytest.param([NOW - 120, NOW - 300], None, NOW - 300, id="the slower of two accounts"),
        pytest.param([NOW - 120, NOW - 3_600], None, NOW - 120, id="an account that fell far behind"),
        pytest.param([NOW - 86_400], None, None, id="data of yesterday"),
        pytest.param([], NOW - 5, NOW, id="events as they happen"),
        pytest.param([], NOW - 86_400, None, id="events of yesterday"),
        pytest.param([NOW - 90], None, NOW - 120, id="half a minute"),
    ],
)
def test_the_newest_complete_minute(
    covered_to: list[int], newest_event: int | None, expected: int | None
) -> None:
    assert complete_until(covered_to, newest_event, NOW) == expected
