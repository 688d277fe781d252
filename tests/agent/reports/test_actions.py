"""The report of actions: open ones first, who has still to approve, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.occasion import Occasion, nobody, record
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
from agent.domain.gateway import Limit, LimitUnit, Target, TargetKind
from agent.ledger import open_reader, open_writer
from agent.ledger.writer import LedgerWriter
from agent.reports.actions import ActionDetail, action_detail, action_details, actions

NOW = 1_795_003_200
SPEC = ActionSpec(
    ActionKind.THROTTLE, Scope.parse("team:search"), limit=Limit(10, LimitUnit.RPS), expires_s=3_600
)
STEP = Step(0, Target("proxy", TargetKind.KEY, "k-1"), {"rpm_limit": 600}, {"rpm_limit": None})


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "ledger.sqlite") as opened:
        yield opened


def kept(writer: LedgerWriter, state: ActionState, **fields: object) -> Action:
    made = Action(SPEC, state, "ada", NOW - 600, "a spike", steps=(STEP,))
    return writer.actions.add(replace(made, **fields))  # type: ignore[arg-type]


def detail(writer: LedgerWriter, action: Action) -> ActionDetail:
    with open_reader(writer.path) as reader:
        found = action_detail(reader, action.id or 0, NOW)
    assert found is not None
    return found


def test_open_actions_come_first_and_old_ended_ones_are_left_out(writer: LedgerWriter) -> None:
    kept(writer, ActionState.CONFIRMED, requested_at=NOW - 90 * 86_400, expires_at=NOW + 60)
    kept(writer, ActionState.EXPIRED, requested_at=NOW - 90 * 86_400)
    kept(writer, ActionState.REVERSED)
    kept(writer, ActionState.STANDBY, needs=(("finance",),))

    with open_reader(writer.path) as reader:
        found = actions(reader, NOW)

    assert [(each.id, each.state) for each in found] == [(4, "standby"), (1, "confirmed"), (3, "reversed")]
    assert [each.open for each in found] == [True, True, False]
    assert found[1].expires_in_s == 60
    assert found[1].title == "throttle team:search to 10 rps for 1 h"


def test_an_approval_counts_only_for_the_text_that_is_asked_for_now(writer: LedgerWriter) -> None:
    made = kept(writer, ActionState.STANDBY, needs=(("finance",), ("engineering",)), approve_by=NOW + 60)
    ident = made.id or 0
    for person, role, digest in (("bo", "finance", made.digest), ("cy", "engineering", "0" * 64)):
        writer.actions.add_approval(Approval(ident, digest, person, role, Verdict.APPROVED, NOW))

    found = detail(writer, made)

    assert [each.person for each in found.entry.given] == ["bo"]
    assert found.entry.waits_for == (("engineering",),)
    assert found.entry.approve_by == NOW + 60
    assert [bool(each.void) for each in found.approvals] == [False, True]
    assert found.digest == made.digest
    assert found.commands[0].text == f"burndeck approve {ident}"


def test_a_step_says_what_was_and_what_is_and_why_it_failed(writer: LedgerWriter) -> None:
    failed = replace(STEP, state=StepState.FAILED, detail="the key is gone")
    found = detail(writer, kept(writer, ActionState.FAILED, steps=(failed,)))

    (step,) = found.steps
    assert (step.before, step.after, step.error) == ("nothing", "rpm_limit 600", "the key is gone")
    assert found.entry.failed == 1


def test_the_timeline_has_what_the_agent_did_and_the_refusals_of_this_action_alone(
    writer: LedgerWriter,
) -> None:
    made, other = kept(writer, ActionState.ACCEPTED), kept(writer, ActionState.ACCEPTED)
    with writer.transaction():
        record(writer, Occasion("accepted", made, "taken by proxy"), NOW, nobody)
        record(writer, Occasion("accepted", other, "not mine"), NOW, nobody)
        writer.control.audit(
            NOW, "bo", "intent_refused", f"action:{made.id}", {"kind": "approve", "reason": "too late"}
        )
        writer.control.audit(NOW, "bo", "renew", f"action:{made.id}", {"intent": 3})

    lines = [(line.actor, line.kind, line.text) for line in detail(writer, made).timeline]

    assert lines == [("agent", "accepted", "taken by proxy"), ("bo", "refused", "approve: too late")]


def test_rows_that_the_agent_never_wrote_stop_nothing(writer: LedgerWriter) -> None:
    fine, spoilt = kept(writer, ActionState.ACCEPTED), kept(writer, ActionState.ACCEPTED)
    with writer.transaction() as conn:
        conn.execute("UPDATE action SET preview = ? WHERE id = ?", ('{"key_count": "many"}', spoilt.id))
        conn.execute(
            "INSERT INTO approval (action, digest, person, role, verdict, at)"
            " VALUES (?, '', 'eve', '', '?', 0)",
            (spoilt.id,),
        )

    with open_reader(writer.path) as reader:
        found = actions(reader, NOW)

    assert [(each.id, each.keys) for each in found] == [(spoilt.id, 0), (fine.id, 0)]
    assert detail(writer, spoilt).approvals == ()


def test_there_is_no_detail_of_an_action_that_never_was(writer: LedgerWriter) -> None:
    with open_reader(writer.path) as reader:
        assert action_detail(reader, 7, NOW) is None


def test_several_are_read_at_once_in_the_order_asked_without_those_that_are_not_there(
    writer: LedgerWriter,
) -> None:
    kept(writer, ActionState.CONFIRMED)
    kept(writer, ActionState.STANDBY, needs=(("finance",),))

    with open_reader(writer.path) as reader:
        found = action_details(reader, (2, 99, 1), NOW)
        alone = [action_detail(reader, ident, NOW) for ident in (2, 1)]

    assert found == alone


TEAM = ActionSpec(ActionKind.BLOCK, Scope.parse("team:support"))


@pytest.mark.parametrize(
    ("spec", "preview", "decided"),
    [
        (TEAM, {"key_count": 22}, "off-board team:support: block of all 22 keys, without end until released"),
        (TEAM, {"key_count": 1}, "off-board team:support: block of its one key, without end until released"),
        (
            replace(TEAM, drill=True),
            {"key_count": 3, "unreached": ["key_ci"]},
            "drill: off-board team:support: block of 2 of 3 keys, without end until released",
        ),
        (
            replace(TEAM, scope=Scope.parse("api_key:k")),
            {"key_count": 1},
            "block api_key:k, without end until released",
        ),
        (replace(TEAM, expires_s=3_600), {"key_count": 22}, "block team:support for 1 h"),
    ],
)
def test_whoever_decides_reads_that_a_block_has_no_end_and_how_much_it_blocks(
    writer: LedgerWriter, spec: ActionSpec, preview: dict[str, object], decided: str
) -> None:
    action = kept(writer, ActionState.STANDBY, spec=spec, preview=preview, needs=(("finance",),))

    assert detail(writer, action).decided == decided
