"""What somebody else than the agent has written into a run shows, and nothing comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.domain.action import Action
from agent.domain.audit import NOT_OURS
from agent.domain.run import RunState, StepState
from agent.ledger.action_store import ActionStore
from agent.ledger.reader import LedgerReader
from agent.runbooks import asks
from agent.runbooks.postmortem.record import record_of
from console.cli import burndeck
from tests.agent.runbooks.step_texts import APPROVED, NOTE, SIGNED, TOLD, TOP_UP
from tests.agent.runbooks.walking import Walking


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    made.write("walk", NOTE, TOLD + "auto = true", SIGNED, NOTE)
    made.write("signed", SIGNED, NOTE)
    yield made
    made.office.writer.close()


def forge(world: Walking, *statements: str) -> None:
    """Somebody writes into the file."""
    with world.office.writer.transaction() as conn:
        for each in statements:
            conn.execute(each)


def shown(world: Walking) -> list[str]:
    """What the screen, the command and the postmortem say is not the agent's."""
    with LedgerReader(world.office.path) as reader:
        record = record_of(reader, 1)
    assert record is not None
    view = world.view()
    lines = [event.text for event in view.events if event.kind == "forged"]
    assert lines == [event.text for event in record.events if event.kind == "forged"]
    assert [each.text for each in view.steps] == [each.outcome or each.reason for each in record.run.steps]
    return [each.text for each in view.steps if each.text.startswith(NOT_OURS)] + lines


def proved(world: Walking) -> tuple[int, list[str]]:
    """Exit code of `burndeck audit verify`, and which runs it names."""
    done = CliRunner().invoke(burndeck, ["audit", "verify", "--json", "--db", str(world.office.path)])
    return done.exit_code, json.loads(done.stdout)["not_as_written"]


def test_a_run_that_only_the_agent_has_written_shows_nothing(world: Walking) -> None:
    world.start("walk")
    world.do("answer", answer="I saw it")
    world.do("sign", "fin", approve=True)
    world.do("sign", "eng", approve=True)
    world.do("reopen", step=1)
    world.ask("eng", asks.hold_of(world.run()))

    assert shown(world) == []
    assert proved(world) == (0, [])


@pytest.mark.parametrize(
    ("forgery", "named"),
    [
        ("UPDATE run_step SET outcome = 'all is well', answer = 'fine' WHERE seq = 1", "step 1"),
        ("UPDATE run_step SET state = 'working', attempt = 1 WHERE seq = 4", "step 4"),
        ("UPDATE run SET holder = 'eve'", "the run"),
        ("UPDATE run SET title = 'Another'", "the run"),
        ("DELETE FROM run_event WHERE kind = 'done'", "the timeline"),
        ("INSERT INTO run_event VALUES (99, 1, 1, 1, 'done', 'lea', 'I did it')", "the timeline"),
    ],
)
def test_what_was_forged_is_named_and_takes_nothing_more(world: Walking, forgery: str, named: str) -> None:
    world.start("walk")
    world.do("answer", answer="I saw it")
    wish = asks.step_of(world.run(), 3, "sign", approve=True)
    forge(world, forgery)

    assert named in shown(world)[-1]
    assert proved(world) == (1, [f"run 1: {named}"])
    assert f"{named} of run 1 was changed by somebody else than the agent" in world.ask("fin", wish)


def test_a_step_that_was_forged_into_work_sends_no_message(world: Walking) -> None:
    world.start("walk")
    forge(
        world,
        "UPDATE run SET at_step = 2",
        "UPDATE run_step SET state = 'working', attempt = 1 WHERE seq = 2",
    )

    world.conduct()

    assert world.run().step(2).state is StepState.WORKING
    assert not [notice for notice in world.office.notices() if notice.rule == "runbook"]


def test_a_signature_that_somebody_wrote_counts_for_nothing(world: Walking) -> None:
    world.start("signed")
    forge(world, "INSERT INTO run_sign_off VALUES (1, 1, 1, 'fin', 'finance', 1, 1, '')")

    assert "what was signed of run 1" in world.do("sign", "eng", approve=True)
    assert world.run().at == 1


def test_an_action_that_the_agent_changes_while_a_step_is_looked_at_stays_its_own(
    world: Walking, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("raise", TOP_UP, APPROVED, NOTE)
    incident = world.reach_the_cap()
    world.assess("lea", critical=True)
    world.start("raise", incident=incident.id)
    world.act()
    writer, own, looks = world.office.writer, ActionStore.own, []

    def moved_before_it_is_proved(store: ActionStore, action: Action) -> bool:
        if store is not writer.actions:
            looks.append(action.id)
            writer.actions.save(replace(action, reason=f"{action.reason}, look {len(looks)}"))
        return own(store, action)

    monkeypatch.setattr(ActionStore, "own", moved_before_it_is_proved)
    world.conduct()

    assert looks
    assert world.run().current.state is StepState.WORKING


def test_a_forged_run_is_named_one_that_was_taken_away_too_and_the_end_makes_nothing_good(
    world: Walking,
) -> None:
    world.start("signed")
    world.start("walk", "eng")
    columns = (
        "title, text, source, parameters, drill, started_by, started_at, holder, at_step, state, revision"
    )
    forge(
        world,
        f"INSERT INTO run (id, runbook, {columns}) SELECT 7, runbook, {columns} FROM run WHERE id = 1",
        "INSERT INTO run_step SELECT 7, seq, state, attempt, began_at, ended_at, actor, outcome, answer,"
        " reason, action, due_at FROM run_step WHERE run = 1",
        "DELETE FROM run WHERE id = 2",
        "DELETE FROM run_step WHERE run = 2",
    )
    assert [each.partition(":")[0] for each in proved(world)[1]] == ["run 2", "run 7"]

    assert world.ask("ada", asks.close_of(world.run(7), "it is not ours")) == ""

    assert world.run(7).state is RunState.ABANDONED
    assert [each.partition(":")[0] for each in proved(world)[1]] == ["run 2", "run 7"]


def test_runs_of_an_older_version_open_and_go_on(world: Walking) -> None:
    world.start("signed")
    world.start("walk", "eng")
    forge(world, "DELETE FROM audit WHERE kind = 'run.kept'")

    assert proved(world)[1] == []
    assert world.ask("eng", asks.step_of(world.run(2), 1, "answer", answer="I saw it")) == ""
    assert world.do("sign", "fin", approve=True) == ""

    assert proved(world)[1] == []
    assert world.run(2).at == 3
