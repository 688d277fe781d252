from __future__ import annotations

from dataclasses import replace

import pytest

from agent.control.policy import ALONE_S, GO, TWO, needs, starves, why_asked
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Needs
from agent.domain.allocation import Scope
from agent.domain.gateway import Limit, LimitUnit

KINDS = list(ActionKind)


def spec(kind: ActionKind, amount: int = 10, **more: bool) -> ActionSpec:
    return ActionSpec(
        kind,
        Scope.parse("team:search"),
        limit=Limit(amount, LimitUnit.RPM),
        models=("gpt-5-mini",),
        amount_nano=1,
        **more,
    )


@pytest.mark.parametrize(
    ("kind", "production", "lowers", "expected"),
    [
        (ActionKind.THROTTLE, False, False, ()),
        (ActionKind.THROTTLE, True, False, ()),
        (ActionKind.BLOCK, False, False, ()),
        (ActionKind.BLOCK, True, False, TWO),
        (ActionKind.MODELS, False, False, ()),
        (ActionKind.MODELS, True, False, TWO),
        (ActionKind.TOOLS, False, False, ()),
        (ActionKind.TOOLS, True, False, TWO),
        (ActionKind.CAP, False, True, ()),
        (ActionKind.CAP, False, False, TWO),
        (ActionKind.CAP, True, True, TWO),
        (ActionKind.REVOKE, False, False, TWO),
        (ActionKind.TOP_UP, False, False, TWO),
        (ActionKind.ALLOCATE, False, False, TWO),
    ],
)
def test_what_is_dangerous_takes_finance_and_engineering(
    kind: ActionKind, production: bool, lowers: bool, expected: Needs
) -> None:
    assert needs(spec(kind), production=production, lowers=lowers) == expected


def test_a_limit_of_nothing_in_production_is_a_block() -> None:
    assert needs(spec(ActionKind.THROTTLE, 0), production=True) == TWO
    assert needs(spec(ActionKind.THROTTLE, 0), production=False) == ()


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Limit(1, LimitUnit.RPM), TWO),
        (Limit(2, LimitUnit.RPM), ()),
        (Limit(1, LimitUnit.RPS), ()),
        (Limit(999, LimitUnit.TPM), TWO),
        (Limit(1_000, LimitUnit.TPM), ()),
        (Limit(0, LimitUnit.PARALLEL), TWO),
        (Limit(1, LimitUnit.PARALLEL), ()),
    ],
)
def test_a_limit_that_leaves_next_to_nothing_of_production_is_a_block(limit: Limit, expected: Needs) -> None:
    throttle = replace(spec(ActionKind.THROTTLE), limit=limit)

    assert needs(throttle, production=True) == expected
    assert needs(throttle, production=False) == ()


def test_a_limit_that_refuses_nearly_all_calls_of_production_is_a_block() -> None:
    throttle = spec(ActionKind.THROTTLE)

    assert needs(throttle, production=True, starves=starves(95, 100)) == TWO
    assert needs(throttle, production=True, starves=starves(94, 100)) == ()
    assert needs(throttle, production=False, starves=starves(100, 100)) == ()
    assert not starves(0, 0)


def test_one_person_throttles_production_for_a_day_at_most() -> None:
    throttle = replace(spec(ActionKind.THROTTLE), expires_s=ALONE_S)

    assert needs(throttle, production=True) == ()
    assert needs(replace(throttle, expires_s=ALONE_S + 1), production=True) == TWO


def test_why_a_request_takes_two_is_known_by_what_was_known_when_it_was_made() -> None:
    def why(kind: ActionKind, wanted: Needs, **seen: object) -> str:
        return why_asked(Action(spec(kind), ActionState.STANDBY, "bo", 0, "x", needs=wanted, preview=seen))

    assert why(ActionKind.BLOCK, TWO, production=True) == "production is hit"
    assert why(ActionKind.CAP, TWO, production=False) == "it is not lower than what holds there"
    assert why(ActionKind.THROTTLE, TWO, production=True, refused=99, requests=100) == (
        "it would have refused 95 % of the calls or more"
    )
    assert why(ActionKind.THROTTLE, GO, production=True, refused=99, requests=100) == ""
    assert why(ActionKind.THROTTLE, (), production=False, refused=99, requests=100) == ""
    assert why(ActionKind.TOP_UP, TWO) == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("production", [True, False])
def test_what_the_agent_proposes_never_begins_without_a_person(kind: ActionKind, production: bool) -> None:
    assert needs(spec(kind), production=production, lowers=True, proposed=True) in (TWO, GO)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("production", [True, False])
def test_a_drill_takes_whom_the_real_change_takes(kind: ActionKind, production: bool) -> None:
    assert needs(spec(kind, drill=True), production=production) == needs(spec(kind), production=production)
    assert needs(replace(spec(kind, drill=True), emergency=True), production=production) == ()


def test_an_allocation_names_who_approves_its_override() -> None:
    approvers = ("finance", "lead", "engineering")

    wanted = needs(spec(ActionKind.TOP_UP), production=False, approvers=approvers)

    assert wanted == (("finance",), ("lead",), ("engineering",))


def test_finance_and_engineering_approve_every_override_whoever_else_is_named() -> None:
    for approvers in ((), ("operator",), ("operator", "lead")):
        wanted = needs(spec(ActionKind.TOP_UP), production=False, approvers=approvers)
        assert set(TWO) <= set(wanted)
