"""An action or a change of an allocation that somebody else has written is never told as truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Approval, Step, Verdict
from agent.domain.allocation import Scope
from agent.domain.audit import NOT_OURS
from agent.domain.gateway import Target, TargetKind
from agent.ledger import open_writer
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.reader import LedgerReader
from agent.reports.action_report import ActionDetail
from agent.reports.actions import action_detail, action_entry, actions
from agent.reports.allocation_tree import allocation_tree
from agent.reports.incident_actions import incident_actions
from console.cli import burndeck
from console.screens.actions.detail import draw_detail
from console.screens.actions.rows import Part, row
from console.screens.allocations.detail import draw_detail as draw_allocation
from console.screens.allocations.rows import draw_pool
from tests.agent.control.build import tamper
from tests.agent.reports.world import NANO, NOW, SETTINGS, fill

TEAM = SETTINGS.allocations[2]
TEN = Step(0, Target("proxy", TargetKind.KEY, "k"), {"rpm_limit": 10}, {"rpm_limit": None})
SPEC = ActionSpec(ActionKind.BLOCK, Scope.parse("team:search"), expires_s=3_600)
WORDS = "approval row 1 of action 1 was changed"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "l.sqlite"
    fill(path)
    asked = Action(
        SPEC,
        ActionState.STANDBY,
        "ada",
        NOW - 60,
        "it burns",
        needs=(("finance",),),
        steps=(TEN,),
        incident=3,
    )
    with open_writer(path) as writer:
        action = writer.actions.add(asked)
        said = Approval(1, action.digest, "bo", "finance", Verdict.APPROVED, NOW - 30, "yes")
        writer.actions.add_approval(said)
        writer.actions.save(replace(action, state=ActionState.REVERSED, ended_at=NOW - 10))
        for number, monthly in ((8, 50_000), (9, 70_000)):
            change = AllocationChange(number, TEAM.id, {"monthly_nano": monthly * NANO}, NOW - 90 + number)
            writer.actions.add_allocation_change(change)
    return path


def shown(path: Path) -> ActionDetail:
    with LedgerReader(path) as reader:
        found = action_detail(reader, 1, NOW)
        assert found is not None
        (listed,), once = actions(reader, NOW), action_entry(reader, 1, NOW)
        (taken,) = incident_actions(reader, 3, NOW)
    assert once is not None
    assert listed.foreign == once.foreign == taken.entry.foreign == found.entry.foreign
    return found


def text(lines) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def test_what_the_agent_wrote_is_told_without_a_word(path: Path) -> None:
    found = shown(path)

    assert found.entry.foreign == ()
    assert NOT_OURS not in text(draw_detail(found, NOW, 90, 40))


def test_a_changed_approval_is_marked_wherever_the_action_is_told(path: Path) -> None:
    tamper(path, "UPDATE approval SET person = 'eve'")

    found = shown(path)

    assert found.entry.foreign == (WORDS,)
    assert [each.foreign for each in found.approvals] == [True]
    assert f"{NOT_OURS}: {WORDS}" in row(found.entry, Part.HISTORY, NOW).cells[4].text
    assert row(found.entry, Part.HISTORY, NOW).cells[0].text == "▲ unproved"
    drawn = text(draw_detail(found, NOW, 200, 40))
    assert f"▲ {NOT_OURS}: {WORDS}" in drawn
    assert f"▲ {NOT_OURS}: yes by eve for finance" in drawn


def test_a_reader_that_has_proved_an_action_proves_it_anew_when_it_reads_differently(path: Path) -> None:
    with LedgerReader(path) as reader:
        (before,) = actions(reader, NOW)
        tamper(path, "UPDATE action_step SET want = '{}'")
        (after,) = actions(reader, NOW)

    assert before.foreign == ()
    assert after.foreign == ("action_step row 0 of action 1 was changed",)


def test_the_commands_say_it(path: Path) -> None:
    tamper(path, "UPDATE approval SET person = 'eve'")

    show = CliRunner().invoke(burndeck, ["actions", "show", "1", "--db", str(path)])
    listed = CliRunner().invoke(
        burndeck, ["actions", "--since", "9999d", "--db", str(path)], terminal_width=300
    )

    assert f"{NOT_OURS}: {WORDS}; `burndeck audit verify` says more" in show.stdout
    assert f"{NOT_OURS}: approved  by eve for finance" in show.stdout
    assert "not proved" in listed.stdout
    assert NOT_OURS in listed.stdout


def test_of_a_forged_change_of_an_allocation_the_last_proved_value_stays_and_it_is_said(path: Path) -> None:
    tamper(
        path, "UPDATE allocation_change SET change = '{\"monthly_nano\":9000000000000000}' WHERE action = 9"
    )

    with LedgerReader(path) as reader:
        tree = allocation_tree(reader, SETTINGS, NOW)

    found = tree.row(TEAM.id)
    assert found is not None
    assert found.budget.monthly.value == 70_000  # neither what was written there nor the change before
    words = f"{NOT_OURS}: the change of {TEAM.id} by action 9: what the agent had written there holds on"
    assert (found.forged, tree.forged) == ((words,), (words,))
    assert words in "".join(span.text for span in draw_pool(tree, 200))
    assert f"▲ {words}" in text(draw_allocation(tree, found, None, NOW, 200, 40))
