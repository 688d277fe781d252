"""What is left to do, by what people wrote and by what did not end well."""

from __future__ import annotations

from agent.domain.run import NOBODY, Run, RunState, StepRun, StepState
from agent.runbooks.format import parse
from agent.runbooks.postmortem.earlier import NOT_TRIED
from agent.runbooks.postmortem.follow_ups import follow_ups_of, notes_of
from agent.runbooks.postmortem.record import RunRecord
from tests.agent.runbooks.walking import markdown


def test_a_message_that_reached_nobody_is_a_follow_up() -> None:
    told = 'kind = "notify"\nto = ["nobody_known"]\ntext = "x"'
    runbook = parse(markdown("tell", told, told))
    steps = (
        StepRun(1, StepState.DONE, 1, outcome=f"{NOBODY}: no route of burndeck.toml leads to nobody_known"),
        StepRun(2, StepState.DONE, 1, outcome="told hook"),
    )
    run = Run(runbook, "ada", 1, "ada", steps=steps, state=RunState.DONE, ended_at=2, id=1)

    found = list(follow_ups_of([RunRecord(run)], (), (), NOT_TRIED, None))

    assert [(each.text, each.source) for each in found] == [
        (
            "Nobody was told in step 1 (Step 1): no route of burndeck.toml leads to nobody_known",
            "notification",
        )
    ]


def test_a_cause_is_a_note_and_a_measure_is_left_to_do() -> None:
    note = 'kind = "note"\nprompt = "What?"'
    titles = ("Root cause: what was it?", "Remediate: what prevents it?", "Anything else?", "Remediate: more")
    text = markdown("noted", note, note, note, note)
    for place, title in enumerate(titles, 1):
        text = text.replace(f"## {place}. Step {place}", f"## {place}. {title}")
    said = ("a client without back-off", "a daily limit, bob, Monday", "- call the team", "drill")
    steps = tuple(
        StepRun(place, StepState.DONE, 1, answer=each, actor="ada") for place, each in enumerate(said, 1)
    )
    record = RunRecord(Run(parse(text), "ada", 1, "ada", steps=steps, state=RunState.DONE, ended_at=2, id=1))

    left = [each.text for each in follow_ups_of([record], (), (), NOT_TRIED, None)]
    assert left == ["a daily limit, bob, Monday", "call the team"]
    assert [each.text for each in notes_of([record])] == ["a client without back-off"]
