"""Every labelled scenario, headless, over real HTTP: the right key, team and cause; silence on a quiet day.

Two to five minutes: `make scenarios`, and in CI; not part of `make test`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.scenario import list_scenarios
from tests.e2e.test_demo import play

pytestmark = [pytest.mark.e2e, pytest.mark.scenarios]


SUDDEN = {scenario.name for scenario in list_scenarios()} - {"quiet-day", "slow-creep"}
SOON_S = 240
"""The provider shows a minute two minutes after it began, when none of the rises is a quarter there."""


@pytest.mark.parametrize("seed", ["2"])
@pytest.mark.parametrize("name", [scenario.name for scenario in list_scenarios()])
def test_the_agent_finds_what_the_scenario_hides(tmp_path: Path, name: str, seed: str) -> None:
    answer = play(tmp_path, "--scenario", name, "--seed", seed)

    truth, found = answer["truth"], answer["found"]
    assert {field: found[field] for field in truth} == truth
    if name in SUDDEN:
        assert found["detected_after_s"] <= SOON_S
