"""The override of a hard cap as it is shipped, walked on a real ledger by the people whom it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.asking import decision_on
from agent.domain.action import ActionKind
from agent.domain.run import RunState, StepState
from agent.runbooks import asks
from tests.agent.runbooks.walking import Walking

LEARNT = "Cause: nobody had seen the launch coming. Follow-up: fin raises it by Monday."


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    made.reach_the_cap()
    yield made
    made.office.writer.close()


def begin(world: Walking, *, drill: bool = False, **parameters: str) -> None:
    """Ada answers the alert of the hard cap; the agent does its part."""
    alert = next(
        each.id for each in world.office.writer.alerts.open_alerts() if each.signal.tier == "hard_cap"
    )
    assert world.start("hard-cap-override", alert=alert, drill=drill, **parameters) == ""
    world.conduct()


def here(world: Walking) -> str:
    """The id of the step that the run is at."""
    world.go_on()
    declared = world.run().declared
    return "" if declared is None else declared.id


def approve(world: Walking, *people: str) -> None:
    """People approve the action that waits, one after the other."""
    for name in people:
        waiting = max(world.office.writer.actions.open_actions(), key=lambda each: each.id or 0)
        assert world.ask(name, decision_on(waiting, approve=True)) == ""


def write_down(world: Walking, *steps: str) -> None:
    """Notes at the end of a run, in their order."""
    for ident in steps:
        assert here(world) == ident
        assert world.do("answer", answer=f"{ident} is written") == ""


def test_production_gets_credits_when_finance_and_engineering_agree(world: Walking) -> None:
    begin(world, amount="50,000")
    assert here(world) == "assess"
    assert world.do("answer", "lea", answer="critical", reason="checkout fails") == ""
    assert here(world) == "top-up"
    assert world.act() == ""
    approve(world, "fin", "eng")

    write_down(world, "postmortem", "policy")

    run = world.run()
    assert run.state is RunState.DONE
    topped = [each for each in run.steps if each.action is not None]
    assert [world.action(each.action or 0).spec.kind for each in topped] == [ActionKind.TOP_UP]
    still_open = [each.id for each in world.office.writer.incidents.open_incidents()]
    assert run.incident not in still_open  # at 96 % another one, of a milder tier, has its own


def test_the_holder_does_not_assess_and_who_asked_does_not_approve(world: Walking) -> None:
    begin(world, amount="50,000")

    assert "may not assess" in world.do("answer", answer="critical")
    assert world.do("answer", "eng", answer="critical") == ""
    assert here(world) == "top-up"
    assert world.act() == ""
    waiting = world.action()

    assert world.ask("ada", decision_on(waiting, approve=True)) != ""
    assert here(world) == "approve"


def test_what_is_not_critical_ends_without_a_top_up(world: Walking) -> None:
    begin(world)
    assert here(world) == "assess"
    assert world.do("answer", "eng", answer="not-critical", reason="batch only") == ""

    write_down(world, "hold-note")

    assert world.run().state is RunState.DONE
    assert all(each.spec.kind is not ActionKind.TOP_UP for each in world.office.writer.actions.open_actions())
    assert all(step.action is None for step in world.run().steps)


def test_a_short_pool_leads_to_the_smaller_amount(world: Walking) -> None:
    begin(world, amount="900,000,000", smaller="60,000")
    assert here(world) == "assess"
    assert world.do("answer", "eng", answer="critical") == ""
    assert here(world) == "short"
    assert world.do("answer", answer="less") == ""
    assert here(world) == "top-up-less"
    assert world.act() == ""
    approve(world, "flo", "eng")

    write_down(world, "postmortem", "policy")

    assert world.run().state is RunState.DONE


def test_a_broken_glass_asks_nobody_and_owes_the_postmortem_that_the_run_signs(world: Walking) -> None:
    begin(world, amount="900,000,000", smaller="25,000")
    assert here(world) == "assess"
    assert world.do("answer", "eng", answer="critical") == ""
    assert here(world) == "short"
    assert world.do("answer", answer="glass") == ""
    assert here(world) == "glass"
    assert world.act() == ""

    assert here(world) == "postmortem"
    assert "ada broke the glass" in world.do("answer", answer=LEARNT)
    assert world.ask("lea", asks.hold_of(world.run())) == ""
    assert "states its cause and what follows" in world.do("answer", "lea", answer="it is written")
    assert world.do("answer", "lea", answer=LEARNT) == ""

    duties = world.office.writer.actions.duties([world.run().incident or 0])
    signed = {row["kind"]: row["person"] for row in duties}
    assert signed["postmortem"] == "lea"


def test_a_drill_of_a_broken_glass_is_signed_by_somebody_else_too(world: Walking) -> None:
    begin(world, drill=True, amount="900,000,000", smaller="25,000")
    assert here(world) == "assess"
    assert world.do("answer", "eng", answer="critical") == ""
    assert here(world) == "short"
    assert world.do("answer", answer="glass") == ""
    assert here(world) == "glass"
    assert world.act() == ""

    assert here(world) == "postmortem"
    assert "ada broke the glass" in world.do("answer", answer=LEARNT)
    assert world.ask("lea", asks.hold_of(world.run())) == ""
    assert world.do("answer", "lea", answer=LEARNT) == ""


def test_a_denied_top_up_is_asked_for_again_or_given_up(world: Walking) -> None:
    begin(world, amount="50,000")
    assert here(world) == "assess"
    assert world.do("answer", "eng", answer="critical") == ""
    assert here(world) == "top-up"
    assert world.act() == ""
    assert world.ask("fin", decision_on(world.action(), approve=False)) == ""

    assert here(world) == "denied"
    assert world.do("answer", answer="hold") == ""
    write_down(world, "hold-note")

    assert world.run().state is RunState.DONE


def test_a_drill_of_it_gives_nothing(world: Walking) -> None:
    before = world.office.writer.actions.duties([world.incident().id or 0])
    begin(world, drill=True, amount="50,000")
    assert here(world) == "assess"
    assert "may not assess" in world.do("answer", "ada", answer="critical")
    assert world.do("answer", "eng", answer="critical") == ""
    assert here(world) == "top-up"
    assert world.act() == ""
    assert here(world) == "approve"
    assert "ada asked for it" in world.ask("ada", decision_on(world.action(), approve=True))
    approve(world, "fin", "eng")

    write_down(world, "postmortem", "policy")

    assert world.run().state is RunState.DONE
    assert (
        "approved by fin (finance), eng (engineering); that counts for it alone"
        in world.run().step(7).outcome
    )
    assert world.office.writer.actions.allocation_changes(world.clock.now()) == []
    assert world.office.writer.actions.duties([world.incident().id or 0]) == before
    assert world.run().step(6).state is StepState.DONE
