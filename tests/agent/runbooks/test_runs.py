"""Runs of runbooks, walked by people from step to step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from agent.domain.run import RunState
from agent.runbooks import asks
from tests.agent.runbooks.step_texts import CHOICE, NOTE, TOLD
from tests.agent.runbooks.walking import Walking


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Walking]:
    made = Walking(tmp_path / "ledger.sqlite")
    yield made
    made.office.writer.close()


def test_a_person_walks_through_a_run_and_everything_is_on_its_timeline(world: Walking) -> None:
    world.write("walk", NOTE, CHOICE, NOTE)

    assert world.start("walk") == ""
    assert world.do("answer", answer="I saw it") == ""
    assert world.do("answer", answer="loud") == ""
    assert world.do("answer", answer="It is over") == ""

    run = world.run()
    assert (run.state, run.ended_by) == (RunState.DONE, "ada")
    assert [step.answer for step in run.steps] == ["I saw it", "loud", "It is over"]
    assert world.events() == [("started", "ada"), *[("done", "ada")] * 3, ("ended", "ada")]


def test_a_choice_may_lead_to_the_end(world: Walking) -> None:
    world.write("walk", CHOICE, NOTE)
    world.start("walk")

    assert "none of loud, quiet" in world.do("answer", answer="silent")
    assert world.do("answer", answer="quiet") == ""

    assert world.states() == ["done", "passed"]


def test_only_who_holds_a_run_does_its_steps_and_anybody_on_call_may_take_it_over(world: Walking) -> None:
    world.write("walk", NOTE)
    world.start("walk")

    assert "ada holds run 1" in world.do("answer", "eng", answer="mine")
    assert world.ask("eng", asks.hold_of(world.run())) == ""
    assert "eng holds run 1" in world.do("answer", answer="mine")
    assert world.do("answer", "eng", answer="mine") == ""
    assert ("held", "eng") in world.events()


def test_a_step_may_name_roles_that_do_it_without_holding_the_run(world: Walking) -> None:
    world.write("walk", f'{NOTE}\nroles = ["finance"]')
    world.start("walk")

    assert "ada holds run 1" in world.do("answer", "eng", answer="mine")
    assert world.do("answer", "fin", answer="mine") == ""


def test_a_runbook_may_be_for_some_roles_only(world: Walking) -> None:
    world.write("walk", NOTE, front='roles = ["finance"]')

    assert "ada may not run walk: it takes finance" in world.start("walk")
    assert world.start("walk", "fin") == ""
    assert "ada may not run walk" in world.ask("ada", asks.hold_of(world.run()))


def test_what_two_people_press_at_once_is_done_once(world: Walking) -> None:
    world.write("walk", NOTE, NOTE)
    world.start("walk")
    run = world.run()
    first, second = (asks.step_of(run, 1, "answer", answer=text) for text in ("one", "two"))

    assert world.ask("ada", first) == ""
    assert world.ask("ada", second) == "run 1 is at step 2, not at 1"
    assert world.run().step(1).answer == "one"


def test_a_run_keeps_the_text_that_it_was_started_with(world: Walking) -> None:
    world.write("walk", NOTE, NOTE)
    world.start("walk")
    world.write("walk", CHOICE)

    assert len(world.run().runbook.steps) == 2
    assert world.do("answer", answer="as it was") == ""


def test_a_text_that_has_changed_since_it_was_shown_starts_nothing(world: Walking) -> None:
    from agent.runbooks.library import library

    world.write("walk", NOTE)
    shown = library(world.office.settings).find("walk")
    assert shown is not None
    world.write("walk", CHOICE)

    assert "reads differently here" in world.ask("ada", asks.start_of(shown, {}))


def test_skipping_takes_a_reason_unless_the_step_is_optional(world: Walking) -> None:
    world.write("walk", NOTE, f"{NOTE}\noptional = true")
    world.start("walk")

    assert "needs a reason" in world.do("skip")
    assert world.do("skip", reason="known already") == ""
    assert world.do("skip") == ""
    assert world.states() == ["skipped", "skipped"]


def test_a_step_is_reopened_and_done_again_under_another_number(world: Walking) -> None:
    world.write("walk", NOTE, NOTE)
    world.start("walk")
    world.do("answer", answer="wrong")
    stale = asks.step_of(world.run(), 1, "answer", answer="late")

    assert world.do("reopen", step=1) == ""
    assert "has moved since it was shown" in world.ask("ada", stale)
    assert world.do("answer", answer="right") == ""

    assert world.run().step(1).answer == "right"
    assert world.run().step(1).attempt == 2


def test_a_message_is_put_into_the_outbox_once_and_in_a_drill_it_says_so(world: Walking) -> None:
    world.write("walk", TOLD + "auto = true", NOTE)

    world.start("walk")
    world.go_on()
    world.start("walk", drill=True)

    real, drill = (notice for notice in world.office.notices() if notice.rule == "runbook")
    assert (real.summary, real.kind.value, drill.kind.value) == ("Run 1 asks for you", "runbook", "drill")
    assert world.run().step(1).outcome == "told hook"


def test_a_message_that_no_route_leads_anywhere_does_not_read_as_if_somebody_was_told(world: Walking) -> None:
    to_nobody = TOLD.replace("central_finance", "night_shift")
    alerts = structs.replace(world.office.settings.alerts, channels=(), routes=())
    world.office.settings = replace(world.office.settings, alerts=alerts)
    world.renew()
    world.write("walk", to_nobody, NOTE)
    world.start("walk")

    assert world.do("go") == ""

    assert world.run().step(1).outcome == "NOBODY was told: no route of burndeck.toml leads to night_shift"
    assert world.view().steps[0].told_nobody
    assert world.states()[0] == "done"


def test_a_run_that_ends_early_says_why_and_takes_nothing_more(world: Walking) -> None:
    world.write("walk", NOTE)
    world.start("walk")

    assert "say why it ends early" in world.ask("ada", asks.close_of(world.run(), ""))
    assert world.ask("ada", asks.close_of(world.run(), "false alarm")) == ""
    assert (world.run().state, world.run().outcome) == (RunState.ABANDONED, "false alarm")
    assert "run 1 is abandoned" in world.do("answer", step=1, answer="late")


def test_a_parameter_can_be_given_later_and_must_fit_its_kind(world: Walking) -> None:
    front = '[parameters.limit]\nkind = "rate"\nrequired = false'
    world.write("walk", NOTE, front=front)
    world.start("walk")

    assert "limit: " in world.do("set", parameters={"limit": "fast"})
    assert "the run has no speed" in world.do("set", parameters={"speed": "10 rps"})
    assert world.do("set", parameters={"limit": "10 rps"}) == ""
    assert world.run().parameters["limit"] == "10 rps"


def test_one_alert_has_one_run_of_a_runbook_at_a_time(world: Walking) -> None:
    world.write("walk", NOTE, front='trigger = ["hard_cap"]')
    world.reach_the_cap()
    alert = next(each.id for each in world.office.writer.alerts.open_alerts() if each.incident)

    assert world.start("walk", alert=alert) == ""
    assert "run 1 of walk is open for alert" in world.start("walk", "eng", alert=alert)
    assert world.run().incident == world.incident().id
    assert [text for kind, text in world.office.timeline() if kind == "runbook"] == ["run 1: Walk started"]


def test_evidence_that_somebody_rewrites_shows(world: Walking) -> None:
    world.write("walk", 'kind = "query"\nreport = "drift"', NOTE)
    world.start("walk")
    (kept,) = world.view().steps[0].evidence
    assert world.view().changed_evidence == ()

    with world.office.writer.transaction() as conn:
        conn.execute('UPDATE run_evidence SET text = replace(text, \'"note":"\', \'"note":"fine: \')')

    assert world.view().changed_evidence == (kept.id,)


def test_a_note_may_give_the_run_a_parameter_which_is_not_needed_at_the_start_then(world: Walking) -> None:
    front = '[parameters.successor]\nkind = "rate"'
    tell = 'kind = "notify"\nto = ["central_finance"]\ntext = "{successor} replaces it"\nauto = true'
    world.write("walk", f'{NOTE}\nfills = "successor"', tell, front=front)

    assert world.start("walk") == ""
    assert "successor: " in world.do("answer", answer="fast")
    assert world.do("answer", answer="10 rps") == ""

    assert world.run().parameters["successor"] == "10 rps"
    assert [notice.summary for notice in world.office.notices() if notice.rule == "runbook"] == [
        "10 rps replaces it"
    ]


def test_a_question_may_use_what_the_one_before_it_has_kept_and_is_left_out_without_it(
    world: Walking,
) -> None:
    asks_ = """
kind = "query"
[[ask]]
report = "budget"
keep = { scope = "scope" }
[[ask]]
report = "caps"
with = { scope = "{scope}" }
[[ask]]
report = "owner"
with = { scope = "{other}" }
"""
    front = "[parameters.scope]\nrequired = false\n[parameters.other]\nrequired = false"
    world.write("walk", asks_, NOTE, front=front)
    world.reach_the_cap()

    assert world.start("walk") == ""

    kept = [each.evidence for each in world.view().steps[0].evidence]
    assert [each.name for each in kept] == ["budget", "caps"]
    assert kept[1].using["scope"] == world.run().parameters["scope"] != ""
    assert world.run().step(1).outcome.endswith("other is not known: one question is left out.")


def test_keys_that_people_write_into_a_run_are_cut(world: Walking) -> None:
    world.write("walk", NOTE)
    world.start("walk")

    world.do("answer", answer="rotated sk-proj-abcdefghijklmnopqrstuvwxyz")

    assert world.run().step(1).answer == "rotated sk-pro***"


def test_whoever_works_on_an_alert_has_taken_it_but_not_by_a_drill(world: Walking) -> None:
    world.write("walk", NOTE, front='trigger = ["hard_cap"]')
    world.reach_the_cap()
    alert = world.office.alert("hard_cap")

    world.start("walk", alert=alert.id, drill=True)
    assert world.office.alert("hard_cap").acknowledged_by == ""
    assert world.start("walk", alert=alert.id) == ""

    assert world.office.alert("hard_cap").acknowledged_by == "ada"
    assert ("acknowledged", "works on it: run 2 of walk") in world.office.timeline()


def test_the_reasons_of_going_back_are_on_the_timeline(world: Walking) -> None:
    world.write("walk", NOTE, 'kind = "check"\ncondition = "priced"', NOTE)
    world.start("walk")
    world.do("answer", answer="one")

    assert world.do("retry", reason="once more") == ""
    assert world.do("reopen", step=1, reason="it was wrong") == ""

    texts = [event.text for event in world.office.writer.runs.events(1)]
    assert "tried again: once more" in texts
    assert "reopened: it was wrong" in texts
