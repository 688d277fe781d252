"""The postmortem of an allocation at its hard cap, overridden by two people."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from agent.ledger import open_reader
from agent.runbooks.postmortem.markdown import markdown
from agent.runbooks.postmortem.model import Postmortem
from agent.runbooks.postmortem.write import of_incident
from tests.agent.alerts.office import DAY, HOUR, NOVEMBER
from tests.agent.process.override import Override


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Override]:
    made = Override(tmp_path / "ledger.sqlite")
    for hour in range(NOVEMBER, NOVEMBER + 10 * DAY, 4 * HOUR):
        made.office.burnt("16800", hour=hour)
    yield made
    made.office.writer.close()


def written(world: Override, incident: int | None) -> Postmortem:
    assert incident is not None
    with open_reader(world.office.path) as reader:
        return of_incident(reader, world.office.settings, incident, world.clock.now())


def test_a_cap_that_was_overridden_costs_what_is_above_the_months_credits(world: Override) -> None:
    world.go_on()
    incident = world.incident()
    world.assess("eng", critical=True)
    world.ask("ada", world.top_up(50_000))
    world.approve("fin", world.action())
    world.approve("eng", world.action())

    made = written(world, incident.id)

    assert made.cost is not None
    assert made.cost.burnt.value == 16_800 * 60
    assert made.cost.expected.value == 1_000_000
    assert made.cost.above.value == 8_000
    assert made.cost.money.value == Decimal("80.000000")
    assert made.impact.production is True and made.impact.assessed.startswith("eng, ")
    (measure,) = made.measures
    assert [(each.person, each.role) for each in measure.approvals] == [
        ("fin", "finance"),
        ("eng", "engineering"),
    ]
    assert measure.undo.startswith("undoes itself at 2026-12-01")
    assert made.times is not None and made.times.mitigated == measure.accepted
    assert {each.name for each in made.people} == {"ada", "fin", "eng"}
    said = [each.text for each in made.timeline]
    assert sum("approved by fin" in text for text in said) == 1
    assert "as the alerts counted it" not in markdown(made, {})


def test_what_was_told_late_because_its_data_came_late_is_no_merit_of_other_tiers(world: Override) -> None:
    world.go_on()  # the ledger learns of ten days at once, an hour after the cap was reached

    made = written(world, world.incident().id)

    (catch,) = made.earlier.catches
    assert made.alerts[0].tier == "hard_cap"
    assert catch.earlier_s is None
    assert made.earlier.sentence.startswith("Nothing that was tried")


def test_lower_tiers_tell_of_what_became_critical_earlier(tmp_path: Path) -> None:
    world = Override(tmp_path / "other.sqlite")
    for hour in range(NOVEMBER, NOVEMBER + 10 * DAY, 4 * HOUR):
        world.office.burnt("15200", hour=hour)
    world.go_on()

    made = written(world, world.incident().id)
    world.office.writer.close()

    (catch,) = made.earlier.catches
    assert made.alerts[0].tier == "critical"
    # At 15,200 in every fourth hour 80 % of a million are burnt after 209 hours, and 90 % after 237.
    assert catch.earlier_s == (237 - 209) * HOUR
    assert made.earlier.sentence.startswith("budget tiers of warning and critical")
    assert "alerts.tiers.critical.at=0.80" in catch.setting
