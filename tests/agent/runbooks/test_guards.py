"""What a run does not let happen: nobody alone, nothing twice, and no way that leads nowhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.control.asking import Ask, amendment_of, preview
from agent.domain.action import ActionState
from agent.domain.allocation import Scope
from agent.domain.run import RunState, StepState
from agent.domain.runbook import Runbook
from agent.ledger.reader import LedgerReader
from agent.process.conducting import Conductor
from agent.runbooks import asks, progress
from agent.runbooks.view import run_badge
from tests.agent.runbooks.step_texts import APPROVED, CHOICE, NOTE, SIGNED, TOP_UP
from tests.agent.runbooks.test_progress import begun, book, step
from tests.agent.runbooks.walking import Walking

TOLD = 'kind = "notify"\nto = ["central_finance"]\nauto = true\ntext = "{scope} burns"\n'
FRONT = '[parameters.scope]\nkind = "scope"\nrequired = false'
RELEASED = 'kind = "action"\nid = "release"\naction = "release"\nof = "top-up"'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def capped(world: Walking, *steps: str) -> None:
    """A run about an allocation at its cap, which is critical."""
    world.write("walk", *steps)
    world.reach_the_cap()
    world.assess("lea", critical=True)
    assert world.start("walk", incident=world.incident().id) == ""


def test_a_message_that_cannot_be_filled_fails_its_step_and_stops_no_other_run(world: Walking) -> None:
    world.write("walk", TOLD, NOTE, front=FRONT)
    world.write("other", 'kind = "query"\nreport = "drift"', NOTE)

    world.start("walk")
    world.start("other")

    assert world.run(1).step(1).state is StepState.FAILED
    assert "'scope' has no value" in world.run(1).step(1).outcome
    assert world.run(2).at == 2
    assert world.do("set", parameters={"scope": "team:search"}) == ""
    assert world.do("retry") == ""
    assert world.run().at == 2


def test_a_request_is_not_turned_into_a_drill_to_have_it_count_as_approved(world: Walking) -> None:
    capped(world, TOP_UP, APPROVED, NOTE)
    world.act()
    action = world.action()
    with LedgerReader(world.office.path) as reader:
        spec = replace(action.spec, drill=True)
        made = preview(reader, world.office.settings, spec, world.clock.now())

    assert world.ask("ada", amendment_of(action, made)) == "another kind of action is another request"
    assert world.states() == ["done", "working", "ahead"]


def test_an_action_that_somebody_wrote_into_the_ledger_counts_for_nothing(world: Walking) -> None:
    capped(world, TOP_UP, APPROVED, NOTE)
    world.act()
    with world.office.writer.transaction() as conn:
        conn.execute("UPDATE action SET accepted_at = 1")

    world.conduct()

    assert world.run().step(2).state is not StepState.DONE
    assert world.run().at == 2


def test_an_approval_that_was_not_needed_says_so(world: Walking) -> None:
    glass = TOP_UP.replace('amount = "50,000"', 'amount = "1,000", emergency = "yes"')
    capped(world, glass, APPROVED, NOTE)
    world.act()

    assert world.run().step(2).answer == "not needed"
    assert "the glass was broken: nobody approved it" in world.run().step(2).outcome


def test_whoever_had_the_run_in_hand_does_not_sign_it_and_whoever_signed_does_not_take_it(
    world: Walking,
) -> None:
    world.write("walk", NOTE, SIGNED, NOTE)
    world.start("walk")
    world.ask("fin", asks.hold_of(world.run()))
    world.do("answer", "fin", answer="mine")
    world.ask("fin", asks.hold_of(world.run(), "ada"))

    assert "fin has run it" in world.do("sign", "fin", approve=True)
    assert world.do("sign", "flo", approve=True) == ""
    assert "flo has signed" in world.ask("flo", asks.hold_of(world.run()))


def test_a_gate_that_is_skipped_is_no_yes_and_some_cannot_be_skipped(world: Walking) -> None:
    world.write("walk", f'{SIGNED}\notherwise = "end"', NOTE)
    world.write("firm", f'{SIGNED}\non-failure = ["retry"]', NOTE)

    world.start("walk")
    assert world.do("skip", reason="in a hurry") == ""
    assert world.states() == ["skipped", "passed"]

    world.start("firm")
    run = world.run(2)
    assert "does not let step 1 be skipped" in world.ask(
        "ada", asks.step_of(run, 1, "skip", reason="in a hurry")
    )


def test_reopening_leads_back_only_and_is_the_holders(world: Walking) -> None:
    world.write("walk", NOTE, NOTE, f'{NOTE}\nroles = ["engineering"]')
    world.start("walk")

    assert "step 3 is ahead" in world.do("reopen", step=3)
    world.do("answer", answer="one")
    assert "ada holds run 1" in world.do("reopen", "eng", step=1)


def test_what_is_in_force_is_undone_before_its_step_is_done_again_and_a_release_finds_all(
    world: Walking,
) -> None:
    capped(world, CHOICE, TOP_UP, APPROVED, RELEASED, NOTE)
    world.do("answer", answer="loud")
    world.act()
    world.approve("fin", world.action())
    world.approve("eng", world.action())
    assert "action 1 is in force: undo it first" in world.do("reopen", step=2)

    assert world.do("reopen", step=1) == ""
    assert world.do("answer", answer="loud") == ""
    second = world.top_up(50_000)
    link = {"run": 1, "step": 2, "attempt": 2}
    assert "action 1 of this step is accepted still" in world.ask(
        "ada", Ask(second.kind, second.subject, {**second.payload, "run": link})
    )
    world.do("skip", reason="it is there already")
    assert world.run().step(3).answer == "approved"  # which it was
    assert "action 1 is in force: release them" in world.do("go")
    for ask in asks.releases_of(world.run(), world.run().at, [1]):
        assert world.ask("fin", ask) == ""
    world.go_on()
    assert world.action().state is ActionState.REVERSED
    assert world.run().step(4).outcome == "nothing of it is in force any more"


def test_a_run_that_nobody_can_read_can_be_closed(world: Walking) -> None:
    world.write("walk", NOTE)
    world.start("walk")
    run = world.run()
    with world.office.writer.transaction() as conn:
        conn.execute("UPDATE run SET text = 'of another version'")

    hold = asks.hold_of(run)
    assert "cannot be read by this version: `burndeck runbook close 1` ends it" in world.ask("eng", hold)
    assert "ada holds run 1" in world.ask("eng", asks.close_of(run, "it is stuck"))
    assert world.ask("ada", asks.close_of(run, "it is stuck")) == ""
    with LedgerReader(world.office.path) as reader:
        assert run_badge(reader).open == 0


@pytest.mark.parametrize("change", ["at_step = 99", "drill = 0"])
def test_a_forged_row_makes_nothing_real_happen(world: Walking, change: str) -> None:
    world.write("walk", NOTE, NOTE)
    world.start("walk", drill=True)
    wish = asks.step_of(world.run(), 1, "answer", answer="as a drill")
    with world.office.writer.transaction() as conn:
        conn.execute(f"UPDATE run SET {change}")

    with LedgerReader(world.office.path) as reader:
        assert run_badge(reader).open == 1
    assert world.ask("ada", wish) != ""
    assert not [kind for kind, _ in world.events() if kind == "done"]


def test_evidence_that_was_rewritten_with_its_hash_shows_by_the_audit_log(world: Walking) -> None:
    world.write("walk", 'kind = "query"\nreport = "drift"', NOTE)
    world.start("walk")
    (kept,) = world.view().steps[0].evidence
    forged = replace(kept.evidence, note="all is well")
    with world.office.writer.transaction() as conn:
        conn.execute("UPDATE run_evidence SET text = ?, sha256 = ?", (forged.text(), forged.sha256()))

    assert world.view().changed_evidence == (kept.id,)


def test_what_people_have_signed_is_not_changed_behind_them(world: Walking) -> None:
    world.write("walk", SIGNED, NOTE, front='[parameters.amount]\nkind = "credits"\ndefault = "10"')
    world.start("walk")
    world.do("sign", "fin", approve=True)
    world.do("sign", "eng", approve=True)

    assert "people have signed the run as it is" in world.do("set", parameters={"amount": "90"})


def test_two_roles_of_one_person_never_leave_another_without_a_say(world: Walking) -> None:
    world.write("walk", 'kind = "approval"\nsign = [["engineering"], ["lead"]]', NOTE)
    world.start("walk")

    assert world.do("sign", "lea", approve=True) == ""
    assert world.do("sign", "eng", approve=True) == ""
    assert world.run().at == 2


def test_any_of_those_who_are_asked_may_say_no(world: Walking) -> None:
    world.write("walk", SIGNED, NOTE)
    world.start("walk")
    world.do("sign", "fin", approve=True)

    assert world.do("sign", "flo", approve=False) == ""
    assert world.run().step(1).state is StepState.FAILED


def test_the_badge_asks_nobody_who_has_signed_or_who_runs_it(world: Walking) -> None:
    world.write("walk", SIGNED, NOTE)
    world.start("walk", "flo")
    world.do("sign", "fin", approve=True)
    people = {each.name: each for each in world.office.settings.people}

    with LedgerReader(world.office.path) as reader:
        badge = run_badge(reader)

    assert {name: badge.asked_of(person) for name, person in people.items()} == {
        "ada": 0,
        "fin": 0,
        "flo": 0,
        "eng": 1,
        "lea": 1,
    }


def test_the_badge_counts_what_a_drill_asks_for_apart(world: Walking) -> None:
    world.write("walk", SIGNED, NOTE)
    world.start("walk", "flo", drill=True)
    eng = next(each for each in world.office.settings.people if each.name == "eng")

    with LedgerReader(world.office.path) as reader:
        badge = run_badge(reader)

    assert (badge.asked_of(eng), badge.asked_of(eng, drill=True)) == (0, 1)


def test_nobody_asks_about_what_is_beyond_their_reach(world: Walking) -> None:
    people = tuple(
        replace(each, scopes=(Scope.parse("team:search"),)) if each.name == "ada" else each
        for each in world.office.settings.people
    )
    world.office.settings = replace(world.office.settings, people=people)
    world.renew()
    world.write("walk", NOTE, front=FRONT)

    assert "reach" in world.start("walk", scope="team:ads") or world.start("walk", scope="team:ads")
    assert world.start("walk", scope="team:search") == ""
    assert world.do("set", parameters={"scope": "team:ads"}) != ""
    assert world.run().parameters["scope"] == "team:search"


def test_a_runbook_with_something_wrong_in_it_does_not_start(world: Walking) -> None:
    world.write("walk", 'kind = "query"\nreport = "dift"', NOTE)

    assert "report 'dift' is unknown" in world.start("walk")


def test_what_goes_round_by_itself_is_stopped_until_a_person_wants_more(world: Walking) -> None:
    loop: Runbook = book(step("tell", kind=progress.StepKind.NOTIFY, auto=True, then="tell"))
    run = begun(loop)
    for _ in range(progress.MOST_TRIES - 1):
        run = progress.done(run, 1, 100, outcome="told").run
    assert run.step(1).state is StepState.WORKING

    stopped = progress.done(run, 1, 100, outcome="told").run

    assert stopped.step(1).state is StepState.FAILED
    assert progress.retried(stopped, 1, 110, "ada").run.step(1).state is StepState.WORKING


def test_preconditions_that_are_overruled_let_the_agent_go_on(world: Walking) -> None:
    query = 'kind = "query"\nreport = "drift"\nrequires = [{ condition = "priced" }]'
    world.write("walk", query, NOTE)
    world.start("walk")
    assert world.run().step(1).state is StepState.FAILED

    assert world.do("overrule", reason="I know") == ""

    assert (world.run().at, world.run().step(1).state) == (2, StepState.DONE)


def test_an_action_is_undone_also_after_the_end_of_its_run(world: Walking) -> None:
    capped(world, TOP_UP, APPROVED)
    world.act()
    world.approve("fin", world.action())
    world.approve("eng", world.action())
    run = world.run()
    assert run.state is RunState.DONE

    (undo,) = asks.releases_of(run, 1, [1])
    assert world.ask("fin", undo) == ""
    world.go_on()
    assert world.action().state is ActionState.REVERSED


class AtOnce:
    """The writer in the loop's own thread."""

    def __init__(self, world: Walking) -> None:
        self._world = world

    async def write(self, task: Any) -> Any:
        return task(self._world.office.writer)


def test_the_conductor_goes_on_where_one_run_fails_it(world: Walking) -> None:
    world.write("walk", 'kind = "query"\nreport = "drift"', NOTE)
    world.write("other", 'kind = "query"\nreport = "drift"', NOTE)
    world.conduct = lambda: None  # type: ignore[method-assign]
    world.start("walk")
    world.start("other")
    with world.office.writer.transaction() as conn:
        conn.execute("UPDATE run SET parameters = ? WHERE id = 1", (json.dumps([1]),))
    conductor = Conductor(world.office.settings, AtOnce(world), world.clock, lambda: None)

    with LedgerReader(world.office.path) as reader:
        assert asyncio.run(conductor.advance(reader))

    assert world.run(2).at == 2
