from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step, StepState
from agent.domain.gateway import Target, TargetKind
from agent.domain.intent import IntentKind
from agent.domain.money import NANO
from agent.domain.person import AGENT
from tests.agent.control.court import BLOCK_PROD, TEAM, THROTTLE, TOP_UP, Court, ask
from tests.agent.ledger.look import rows

CAP = ActionSpec(ActionKind.CAP, TEAM, amount_nano=100 * NANO, expires_s=3_600)
TWO = (("finance",), ("engineering",))


def in_force(court: Court, spec: ActionSpec, by: str = "olga", **more: Any) -> Action:
    """An action that holds, and ends within the hour."""
    action = Action(
        spec, ActionState.ACCEPTED, by, court.now, "it burns", begun_at=court.now, expires_at=court.now + 600
    )
    return court.writer.actions.add(replace(action, **more))


def cap_from(court: Court, before: str | None) -> Action:
    """A cap of 100 where something else stood before."""
    target = Target("gate", TargetKind.TEAM, "search")
    step = Step(0, target, {"max_budget": "100"}, {"max_budget": before}, state=StepState.APPLIED)
    return in_force(court, CAP, by="fred", needs=TWO, steps=(step,))


def test_nothing_is_renewed_for_longer_than_it_was_asked_for(court: Court) -> None:
    in_force(court, THROTTLE)

    assert "for 1 h at most" in court.renew("omar", 3_601)
    assert "more than nothing" in court.renew("omar", 0)
    assert court.renew("omar", 3_600) == ""


def test_renewing_shortens_nothing(court: Court) -> None:
    held = in_force(court, BLOCK_PROD, by=AGENT, needs=())

    assert "never shortens it" in court.renew("olga", 1)
    assert court.action().expires_at == held.expires_at


@pytest.mark.parametrize(
    "spec", [CAP, replace(TOP_UP, expires_s=3_600), ActionSpec(ActionKind.ALLOCATE, TEAM, expires_s=3_600)]
)
@pytest.mark.parametrize("name", ["olga", "both", "root"])
def test_an_end_that_was_approved_with_an_amount_is_never_moved(
    court: Court, spec: ActionSpec, name: str
) -> None:
    held = in_force(court, spec, by="fred", needs=TWO)

    assert "is never renewed" in court.renew(name, 3_600)
    assert court.action().expires_at == held.expires_at


@pytest.mark.parametrize("kind", [ActionKind.BLOCK, ActionKind.MODELS, ActionKind.THROTTLE])
def test_what_took_two_is_prolonged_by_one_of_their_roles_who_did_not_ask(
    court: Court, kind: ActionKind
) -> None:
    in_force(court, replace(THROTTLE, kind=kind, models=("gpt-5",)), by="eve", needs=TWO)

    assert "renewed by engineering or finance" in court.renew("olga", 3_600)
    assert "somebody else renews it" in court.renew("eve", 3_600)
    for name in ("emil", "fred"):
        assert court.renew(name, 3_600) == ""


def test_finance_renews_nothing_that_took_no_approval_of_it(court: Court) -> None:
    in_force(court, THROTTLE)

    assert "fred is none of them" in court.renew("fred", 3_600)


def test_one_person_alone_holds_production_for_a_day(court: Court) -> None:
    day = 86_400
    in_force(court, replace(THROTTLE, non_prod=False, expires_s=day))
    court.now += 300

    assert "somebody else renews it" in court.renew("olga", day)
    assert court.renew("olga", day - 300) == ""
    assert court.renew("omar", day) == ""


@pytest.mark.parametrize("name", ["olga", "lea"])
def test_a_cap_is_taken_back_by_whoever_may_ask_for_one(court: Court, name: str) -> None:
    cap_from(court, "50")

    assert "a cap is taken back by admin or engineering or finance" in court.release(name)
    assert court.release("fay") == ""


@pytest.mark.parametrize(("before", "raises"), [(None, True), ("100.01", True), ("100", False), ("9", False)])
def test_undoing_a_cap_raises_nothing_without_two_approvals(
    court: Court, before: str | None, raises: bool
) -> None:
    cap_from(court, before)

    refusal = court.release("both")

    assert ("with two approvals" in refusal) is raises
    assert court.state == ("accepted" if raises else "reversing")


def test_a_request_that_waits_is_taken_back_by_whoever_asked_or_decides(court: Court) -> None:
    court.request("olga", BLOCK_PROD)

    for name in ("omar", "lea", "root"):
        assert "olga may withdraw it, or engineering or finance" in court.release(name)
    assert court.state == "standby"
    assert court.release("fay") == ""
    assert court.state == "declined"


def test_what_the_agent_proposes_is_declined_by_whoever_may_act(court: Court) -> None:
    in_force(court, BLOCK_PROD, by=AGENT, state=ActionState.STANDBY, needs=TWO)

    assert court.release("omar") == ""


def test_what_of_an_incident_is_not_released_is_told_with_its_reason(court: Court) -> None:
    incident = court.incident()
    in_force(court, THROTTLE, incident=incident)
    top_up = in_force(court, TOP_UP, by="fred", needs=TWO, incident=incident)

    assert court.say("olga", ask(IntentKind.RELEASE, f"incident:{incident}")) == ""

    assert [each.state.value for each in court.writer.actions.of_incident(incident)] == [
        "reversing",
        "accepted",
    ]
    told = rows(court.writer.path, "SELECT text FROM timeline WHERE kind = 'not_released'")
    assert told == [(f"action {top_up.id}: not released: a top-up is taken back by finance",)]
    audited = rows(court.writer.path, "SELECT subject FROM audit WHERE kind = 'action.not_released'")
    assert audited == [(f"action:{top_up.id}",)]


def test_what_the_agent_asks_for_itself_is_not_answered_by_the_undo_of_its_incident(court: Court) -> None:
    incident = court.incident()
    asked = in_force(court, BLOCK_PROD, by=AGENT, state=ActionState.STANDBY, needs=TWO, incident=incident)
    undo = ask(IntentKind.RELEASE, f"incident:{incident}")

    assert court.say("lea", undo) == (
        "nothing of this incident is in force; 1 request of the agent still waits"
    )
    held = in_force(court, THROTTLE, incident=incident)
    assert court.say("lea", undo) == ""

    assert court.action(asked.id or 0).state is ActionState.STANDBY
    assert court.action(held.id or 0).state is ActionState.REVERSING


def test_an_incident_of_which_nothing_can_be_released_says_why(court: Court) -> None:
    incident = court.incident()
    in_force(court, TOP_UP, by="fred", incident=incident)

    assert "taken back by finance" in court.say("olga", ask(IntentKind.RELEASE, f"incident:{incident}"))
