"""A plan in the lines of a preview, and what of it stands in sight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.control.planning import Plan
from agent.control.planning.keys import PlannedKey
from agent.domain.allocation import Scope
from console.screens.acting.aim import aim_of_alert
from console.screens.acting.words import draw_plan
from tests.agent.reports.world import NOW
from tests.console.acting_world import throttle
from tests.console.alert_samples import SPIKE


def test_keys_that_nobody_asked_for_are_told_before_anything_else_of_what_is_hit():
    spec = replace(throttle(), scope=Scope.parse("api_key:key_search"))
    mine, other = (PlannedKey(name, name, "search") for name in ("key_search", "key_other"))
    made = Plan(spec, (), (mine,), bystanders=(other,))

    labels = [line[0].text.strip() for line in draw_plan(made, aim_of_alert(SPIKE), NOW, 200)]

    assert labels == ["hits", "", "burn", "when"]


@pytest.mark.parametrize(
    ("burns", "said"), [(9, "environment"), (0, "nothing else burns; n in non-prod hits them too")]
)
def test_sparing_all_that_burns_is_said(burns, said):
    key = PlannedKey("key_dev", "key_dev", "search", production=False)
    made = Plan(throttle(non_prod=True), (), (key,), spared=2, burn_nano=burns)

    *_, spares = draw_plan(made, aim_of_alert(SPIKE), NOW, 200)

    assert spares[0].text.strip() == "spares" and spares[1].text.endswith(said)


@pytest.mark.parametrize(("refused", "loose"), [(0, True), (9, True), (10, False), (600, False)])
def test_a_limit_that_would_hardly_have_been_felt_says_so(refused, loose):
    key = PlannedKey("key_dev", "key_dev", "search", production=False)
    made = Plan(throttle(), (), (key,), requests=1_000, refused=refused, burn_nano=9)

    said = ["".join(span.text for span in line) for line in draw_plan(made, aim_of_alert(SPIKE), NOW, 200)]

    assert any("▲ hardly anything at 60 rpm: type a lower limit" in line for line in said) is loose
