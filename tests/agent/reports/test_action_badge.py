"""The badge of acting: what is in force, and what waits for whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import (
    Action,
    ActionKind,
    ActionSpec,
    ActionState,
    Approval,
    Step,
    StepState,
    Verdict,
)
from agent.domain.allocation import Scope
from agent.domain.gateway import Target, TargetKind
from agent.domain.person import Person, Role
from agent.ledger import open_reader, open_writer
from agent.reports.action_badge import ActionBadge, action_badge

NOW = 1_795_000_000
BLOCK = ActionSpec(ActionKind.BLOCK, Scope.parse("team:search"), expires_s=3_600)
WAITS = Action(
    BLOCK,
    ActionState.STANDBY,
    "ada",
    NOW - 60,
    "leaked",
    needs=(("finance",), ("engineering",)),
    approve_by=NOW + 60,
)


def person(name: str, *roles: Role) -> Person:
    return Person(name, bytes(32), roles)


def badge(path: Path) -> ActionBadge:
    with open_reader(path) as reader:
        return action_badge(reader, NOW)


@pytest.mark.parametrize(
    ("taken", "in_force"), [(StepState.PLANNED, 3), (StepState.APPLYING, 5), (StepState.APPLIED, 5)]
)
def test_what_a_gateway_has_taken_counts_and_what_is_over_or_a_drill_does_not(
    tmp_path: Path, taken: StepState, in_force: int
) -> None:
    path = tmp_path / "ledger.sqlite"
    steps = [Step(seq, Target("edge", TargetKind.KEY, f"k{seq}"), {"rps": 1}, {}) for seq in range(2)]
    steps[1] = replace(steps[1], state=taken)
    with open_writer(path) as writer:
        for state in ActionState:
            writer.actions.add(replace(WAITS, state=state, needs=(), steps=steps))
        writer.actions.add(replace(WAITS, spec=replace(BLOCK, drill=True), state=ActionState.ACCEPTED))

    assert badge(path).in_force == in_force


def test_credits_that_were_given_are_no_brake(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    given = ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=10**9)
    with open_writer(path) as writer:
        writer.actions.add(replace(WAITS, spec=given, state=ActionState.ACCEPTED, needs=()))
        writer.actions.add(replace(WAITS, state=ActionState.ACCEPTED, needs=()))

    assert badge(path).in_force == 1


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        (person("ada", Role.FINANCE), 0),  # who asked
        (person("bo", Role.FINANCE), 1),
        (person("bo", Role.ENGINEERING, Role.OPERATOR), 1),
        (person("bo", Role.OPERATOR), 0),
        (None, 0),
    ],
)
def test_a_request_waits_for_those_whose_approval_would_count(tmp_path: Path, who, asked) -> None:
    path = tmp_path / "ledger.sqlite"
    with open_writer(path) as writer:
        writer.actions.add(WAITS)

    assert badge(path).asked_of(who) == asked


def test_a_drill_waits_apart_from_what_is_real(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    bo = person("bo", Role.FINANCE)
    with open_writer(path) as writer:
        writer.actions.add(replace(WAITS, spec=replace(BLOCK, drill=True)))

    found = badge(path)
    assert (found.asked_of(bo), found.asked_of(bo, drill=True)) == (0, 1)


def test_an_approval_that_was_given_is_asked_for_no_more(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with open_writer(path) as writer:
        made = writer.actions.add(WAITS)
        given = Approval(made.id or 0, made.digest, "bo", "finance", Verdict.APPROVED, NOW)
        writer.actions.add_approval(given)
        writer.actions.add_approval(replace(given, person="cy", role="engineering", void="changed"))

    found = badge(path)
    assert found.asked_of(person("bo", Role.FINANCE, Role.ENGINEERING)) == 0
    assert found.asked_of(person("di", Role.FINANCE)) == 0
    assert found.asked_of(person("di", Role.ENGINEERING)) == 1


def test_what_was_not_approved_in_time_waits_for_nobody(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with open_writer(path) as writer:
        writer.actions.add(replace(WAITS, approve_by=NOW))

    assert badge(path) == ActionBadge()
