"""The guide's way past a hard cap, in its six steps, and every way in which it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control import IntentKind
from agent.control.asking import Ask, decision_on, release_of
from agent.domain.action import ActionState
from agent.domain.alert import HARD_CAP
from agent.ledger.reader import LedgerReader
from agent.reports.incident_view import IncidentView, incident_view
from tests.agent.alerts.office import DAY
from tests.agent.process.override import Override


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Override]:
    made = Override(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def test_a_critical_cap_is_overridden_by_two_people_and_its_incident_ends(world: Override) -> None:
    incident = world.reach_the_cap()
    told = [notice.notify for notice in world.office.notices() if notice.tier == HARD_CAP]
    assert world.assess("eng", critical=True) == ""

    assert world.ask("ada", world.top_up(50_000)) == ""
    waiting = world.action()
    first = world.approve("fin", waiting)
    half = world.action().state
    second = world.approve("eng", world.action())

    assert incident.tier == HARD_CAP
    assert told  # finance hears of it, by the tier's route
    assert (first, half, second) == ("", ActionState.STANDBY, "")
    assert world.action().state is ActionState.ACCEPTED
    assert world.action().incident == incident.id
    assert incident.id not in [each.id for each in world.office.writer.incidents.open_incidents()]
    assert not [alert for alert in world.office.writer.alerts.open_alerts() if alert.signal.tier == HARD_CAP]


def test_a_top_up_ends_with_the_month(world: Override) -> None:
    world.reach_the_cap()
    world.assess("lea", critical=True)
    world.ask("ada", world.top_up(50_000))
    world.approve("fin", world.action())
    world.approve("eng", world.action())

    world.go_on(21 * DAY)

    assert world.action().state is ActionState.EXPIRED
    assert world.office.writer.actions.allocation_changes(world.office.now) == []


def test_nobody_tops_up_before_somebody_has_said_whether_production_is_affected(world: Override) -> None:
    world.reach_the_cap()

    assert "nobody has assessed" in world.ask("ada", world.top_up(50_000))


def test_not_critical_ends_without_a_top_up(world: Override) -> None:
    world.reach_the_cap()
    world.assess("eng", critical=True)
    world.ask("ada", world.top_up(50_000))

    assert world.assess("lea", critical=False) == ""

    assert world.action().state is ActionState.DECLINED
    assert "not affected" in world.ask("ada", world.top_up(50_000))


def test_an_operator_does_not_assess(world: Override) -> None:
    world.reach_the_cap()

    with pytest.raises(Exception, match="may not assess"):
        world.assess("ada", critical=True)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (["fin", "fin"], "has approved it already"),
        (["fin", "flo"], "still to be given is the approval of engineering"),
        (["eng", "lea"], "still to be given is the approval of finance"),
        (["ada"], "asked for it"),
    ],
)
def test_two_people_of_two_sides_and_never_the_one_who_asked(
    world: Override, who: list[str], why: str
) -> None:
    world.reach_the_cap()
    world.assess("eng", critical=True)
    world.ask("ada", world.top_up(50_000))

    reasons = [world.approve(name, world.action()) for name in who]

    assert why in reasons[-1]
    assert world.action().state is ActionState.STANDBY
    assert any(why in detail for _, detail in world.audited())


def test_an_engineer_who_asks_does_not_approve_for_engineering(world: Override) -> None:
    world.reach_the_cap()
    world.assess("eng", critical=True)
    world.ask("eng", world.top_up(50_000))

    assert world.approve("fin", world.action()) == ""
    assert "asked for it" in world.approve("eng", world.action())
    assert world.approve("lea", world.action()) == ""
    assert world.action().state is ActionState.ACCEPTED


def test_an_approval_after_its_time_counts_for_nothing(world: Override) -> None:
    world.reach_the_cap()
    world.assess("eng", critical=True)
    world.ask("ada", world.top_up(50_000))
    late = decision_on(world.action(), approve=True)

    world.go_on(5 * 3_600)

    assert world.action().state is ActionState.DECLINED
    assert "nothing to decide" in world.ask("fin", late)


def test_another_amount_voids_what_was_approved_before(world: Override) -> None:
    world.reach_the_cap()
    world.assess("eng", critical=True)
    world.ask("ada", world.top_up(50_000))
    world.approve("fin", world.action())
    stale = decision_on(world.action(), approve=True)
    more = world.top_up(60_000)

    amended = world.ask("ada", Ask(IntentKind.AMEND, "action:1", {**more.payload, "reason": "too little"}))

    assert amended == ""
    assert "not what is asked for now" in world.ask("eng", stale)
    assert world.approve("eng", world.action()) == ""
    assert world.action().state is ActionState.STANDBY
    assert world.approve("flo", world.action()) == ""
    assert world.action().state is ActionState.ACCEPTED


def test_a_pool_that_is_short_gives_nothing(world: Override) -> None:
    world.reach_the_cap()
    world.assess("eng", critical=True)

    with pytest.raises(Exception, match="the pool is short"):
        world.top_up(1_500_000)


def test_breaking_the_glass_is_loud_and_owes_a_postmortem(world: Override) -> None:
    incident = world.reach_the_cap()

    assert world.ask("ada", world.top_up(20_000, emergency=True)) == ""

    done = world.action()
    loud = [notice for notice in world.office.notices() if "GLASS BROKEN" in notice.summary]
    assert done.state is ActionState.ACCEPTED
    assert loud
    open_ones = [each.id for each in world.office.writer.incidents.open_incidents()]
    assert incident.id in open_ones
    payload = {"text": "Cause: the cap was set before the launch. Follow-up: raised from December on."}
    assert world.ask("lea", Ask(IntentKind.POSTMORTEM, f"incident:{incident.id}", payload)) == ""
    world.go_on()
    assert incident.id not in [each.id for each in world.office.writer.incidents.open_incidents()]


def reached_again(world: Override, first: int) -> int:
    """Finance takes the credits back: the cap is reached once more; the incident that it opens."""
    assert first not in [each.id for each in world.office.writer.incidents.open_incidents()]
    assert world.ask("fin", release_of("action:1")) == ""
    world.go_on()
    (again,) = [each for each in world.office.writer.incidents.open_incidents() if each.tier == HARD_CAP]
    assert again.id is not None and again.id != first
    return again.id


def test_that_production_is_affected_counts_on_when_the_same_cap_is_reached_again(world: Override) -> None:
    first = world.reach_the_cap().id or 0
    world.assess("eng", critical=True)
    world.ask("ada", world.top_up(50_000))
    world.approve("fin", world.action())
    world.approve("eng", world.action())

    again = reached_again(world, first)

    view = seen(world, again)
    assert view.criticality is not None
    assert (view.criticality.answer, view.criticality.person) == ("critical", "eng")
    assert (view.criticality.assessed_in, view.assessed_before) == (first, None)
    said = f"production is affected, as assessed in incident {first} by eng at "
    assert [each.actor for each in view.timeline if each.text.startswith(said)] == ["agent"]
    assert world.ask("ada", world.top_up(40_000)) == ""
    assert world.assess_of(again, "lea", critical=False) == ""
    assert world.action(2).state is ActionState.DECLINED
    changed = seen(world, again).criticality
    assert changed is not None and (changed.person, changed.assessed_in) == ("lea", None)


def test_that_production_is_not_affected_is_shown_and_said_again(world: Override) -> None:
    first = world.reach_the_cap().id or 0
    assert world.ask("ada", world.top_up(20_000, emergency=True)) == ""
    assert world.assess_of(first, "eng", critical=False) == ""
    payload = {"text": "Cause: the cap was set before the launch. Follow-up: raised from December on."}
    assert world.ask("lea", Ask(IntentKind.POSTMORTEM, f"incident:{first}", payload)) == ""
    world.go_on()

    again = reached_again(world, first)

    view = seen(world, again)
    before = view.assessed_before
    assert view.criticality is None
    assert before is not None and (before.person, before.assessed_in) == ("eng", first)
    assert f"burndeck incident assess {again} --not-critical" in [each.text for each in view.commands]
    refusal = world.ask("ada", world.top_up(40_000))
    assert f"is affected (eng found it not so in incident {first})" in refusal
    assert world.ask("ada", world.top_up(5_000, emergency=True)) == ""  # it does not keep the glass whole
    assert world.assess_of(again, "lea", critical=False) == ""
    assert "production is not affected" in world.ask("ada", world.top_up(4_000, emergency=True))


def seen(world: Override, incident: int) -> IncidentView:
    """An incident as a screen shows it."""
    with LedgerReader(world.office.path) as reader:
        found = incident_view(reader, world.office.settings, incident, world.clock.now())
    assert found is not None
    return found


def test_a_denial_is_enough_and_the_requester_may_withdraw(world: Override) -> None:
    world.reach_the_cap()
    world.assess("eng", critical=True)
    world.ask("ada", world.top_up(50_000))
    world.ask("ada", world.top_up(40_000))

    denied = world.approve("fin", world.action(1), yes=False)
    withdrawn = world.ask("ada", release_of("action:2"))

    assert (denied, withdrawn) == ("", "")
    assert {world.action(ident).state for ident in (1, 2)} == {ActionState.DECLINED}
