"""r on an alert: the run that is open for it, the runbook that fits best, or a short choice of several."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.person import Role
from agent.ledger.reader import LedgerReader
from agent.runbooks import asks
from agent.runbooks.library import library
from agent.settings import Settings
from console.live import Question
from console.screens.runbook import screen as runs_screen
from tests.console.acting_world import console_on
from tests.console.harness import piloted
from tests.console.screens.runbook import world
from tests.console.screens.runbook.world import BO, RunDesk, answered, open_run_desk, step_shows

ALONE = '"burn_spike", "rate_of_change"'
NOT_OURS = 'trigger = ["silent_data"]\n'


def nothing_answers(desk: RunDesk) -> None:
    """Overrides the shipped runbooks that answer a spike by others that do not."""
    for found in library(desk.settings).answering("burn_spike", "critical", "retry_storm"):
        text = world.runbook(world.NOTE).replace('id = "walk"', f'id = "{found.id}"')
        (desk.folder / f"{found.id}.md").write_text(text.replace('trigger = ["burn_spike"]\n', NOT_OURS))


@pytest.fixture
def alone(desk: RunDesk) -> RunDesk:
    """A desk where `walk` alone answers spikes."""
    nothing_answers(desk)
    desk.write(world.QUERY, world.QUERY.replace('"identify"', '"again"'), world.DECISION, triggers=ALONE)
    desk.fires()
    return desk


@piloted
async def test_one_runbook_that_answers_is_started_at_once_and_arrives_answered(alone: RunDesk) -> None:
    async with console_on(alone, "a", size=(120, 40)) as running:
        await running.until("retry storm: search-prod")
        await running.press("r")
        await running.until("starts  Cost spike, tried out", "The agent has been asked to start it")
        assert "What leads on" not in running.text
        await answered(running, alone)
        await running.until("step 3 of 3", "held by you", "alert 1", "incident 1", "Enter chooses an answer")
        await running.press("k", "k")
        await step_shows(running, "What burns: keys of the last 15 min", "key_search")
        await running.press("escape")
        await running.until("acknowledged 1")
    assert alone.states() == ["done", "done", "ready"]


@piloted
async def test_a_run_that_is_open_for_the_alert_is_shown_and_not_started_again(alone: RunDesk) -> None:
    found = library(alone.settings).find("walk")
    assert found is not None
    alone.sent(asks.start_of(found, {}, alert=1), BO)
    async with console_on(alone, "a", "tab", size=(120, 40)) as running:  # the run has taken the alert
        await running.until("retry storm: search-prod")
        await running.press("r")
        await running.until("run 1", "held by bo", "step 3 of 3")
    assert alone.writer.runs.open_ids() == [1]


@piloted
async def test_the_runbook_of_the_cause_starts_at_once_and_n_starts_another_for_the_same_alert(
    desk: RunDesk,
) -> None:
    desk.write(world.QUERY, world.DECISION, world.NOTE, triggers='"burn_spike", "critical"')
    desk.fires()
    async with console_on(desk, "a", size=(80, 24)) as running:
        await running.until("retry storm: search-prod")
        await running.press("r")
        await running.until("starts  Provider outage and retry storm", "The agent has been asked to start it")
        assert "What leads on" not in running.text
        await answered(running, desk)
        await running.until("run 1", "7 n starts another for alert 1")
        await running.press("7")
        await running.until("open 1")
        await running.press("n")
        await running.until("Choose a runbook for alert 1", "Library 13")
        await running.press("/", *"^walk", "enter", "enter")
        await running.until("Start walk", "empty: from the alert")
        await running.press("enter")
        await answered(running, desk)
        await running.until("run 2", "Cost spike, tried out")
    assert [desk.run(each).runbook.id for each in (1, 2)] == ["provider-outage-retry-storm", "walk"]
    assert desk.run(2).alert == 1
    assert desk.run(2).parameters["scope"] == desk.run(1).parameters["scope"]


@piloted
async def test_n_chooses_for_no_alert_while_nobody_has_read_which_run_it_is(
    desk: RunDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, found = threading.Event(), runs_screen.runs_question

    def once_it_is_open() -> Question:
        question = found()

        def ask(reader: LedgerReader, settings: Settings, now: float) -> object:
            gate.wait(30)
            return question.ask(reader, settings, now)

        return replace(question, ask=ask)

    monkeypatch.setattr(runs_screen, "runs_question", once_it_is_open)
    desk.fires()
    desk.start(world.NOTE, alert=1)
    async with console_on(desk, size=(80, 24)) as running:
        try:
            await running.press("7", "n")
            await running.until("It is still being read: press the key again.")
        finally:
            gate.set()
        await running.until("Enter opens it")
        await running.press("n")
        await running.until("Choose a runbook for alert 1")


@piloted
async def test_the_key_of_the_bar_and_then_r_answer_the_new_alert_and_not_the_row_looked_at(
    desk: RunDesk,
) -> None:
    first = desk.fires()
    async with console_on(desk, "a", size=(120, 40)) as running:
        await running.until("retry storm: search-prod", "fired")
        signal = replace(
            first.signal, fingerprint="burn_spike:dev", scope="key_search_dev", summary="dev burns"
        )
        desk.writer.alerts.save([replace(first, id=None, signal=signal)])
        await running.until("new critical: dev burns")
        assert running.app.screen.table.selected.key == "1"
        await running.press("a")
        await running.press("r")
        await running.until("starts  Provider outage")
        await answered(running, desk)
        await running.until("run 1", "alert 2")
    assert desk.run().alert == 2


@piloted
async def test_of_several_one_is_chosen(desk: RunDesk) -> None:
    desk.write(world.DECISION, triggers='"burn_spike/retry_storm"')
    desk.fires()
    async with console_on(desk, "a") as running:
        await running.until("retry storm: search-prod")
        await running.press("r")
        await running.until("which runbook?", "walk", "provider-outag", "Esc leave")
        await running.press("escape")
        await running.until("retry storm: search-prod", "Active")
        assert desk.work() == []
        await running.press("r")
        await running.until("which runbook?")
        await running.press("enter")  # nothing is chosen yet
        await running.until("which runbook?")
        await running.press("j", "enter")  # one's own comes before those that are shipped
        await answered(running, desk)
        await running.until("run 1", "Cost spike, tried out", "step 1 of 1")


@piloted
async def test_somebody_who_may_only_look_is_told_why_nothing_starts(
    template: Path, tmp_path: Path, quick: None, ada: None
) -> None:
    with open_run_desk(template, tmp_path, Role.VIEWER) as desk:
        desk.fires()
        nothing_answers(desk)
        desk.write(world.NOTE)
        async with console_on(desk, "a") as running:
            await running.until("retry storm: search-prod")
            await running.press("r")
            await running.until("ada may not start run: it takes")
        assert all("ada may not start run" in reason for reason in desk.work())


@piloted
async def test_without_a_runbook_that_answers_it_says_what_to_press(desk: RunDesk) -> None:
    nothing_answers(desk)
    desk.fires()
    async with console_on(desk, "a") as running:
        await running.until("retry storm: search-prod")
        await running.press("r")
        await running.until("No runbook answers burn_spike alerts")


@piloted
async def test_from_an_incident_its_first_alert_is_answered(alone: RunDesk) -> None:
    async with console_on(alone, "i", size=(120, 40)) as running:
        await running.until("retry storm", "alerts")
        await running.press("r")
        await answered(running, alone)
        await running.until("run 1", "alert 1", "incident 1", "step 3 of 3")
        await running.press("escape", "r")
        await running.until("run 1", "step 3 of 3")
    assert alone.writer.runs.open_ids() == [1]
