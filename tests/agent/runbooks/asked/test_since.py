"""What a step waits for is judged by the minutes after it was reached and after the run's newest action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import ActionState
from agent.domain.run import Run, StepRun, StepState
from agent.domain.runbook import Runbook, Step, StepKind
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.runbooks import records
from agent.runbooks.progress import Moved
from tests.agent.reports.world import NOW, SEARCH, SUPPORT, fill, use
from tests.agent.runbooks.asked.look import AT, ask, column, judge, spiking
from tests.agent.runbooks.asked.test_conditions import running, throttled
from tests.console.acting_world import spike as spike_alert

STEPS = (
    Step(1, "throttle", "Throttle", "", StepKind.ACTION),
    Step(2, "wait", "Wait", "", StepKind.WAIT_FOR),
)
SCOPE = "team:search"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(spiking(tmp_path / "l.sqlite")) as opened:
        yield opened


def waiting(writer: LedgerWriter, action: int | None, began: int) -> Run:
    """A run whose second step waits since an instant, after the action of its first."""
    steps = (
        StepRun(1, StepState.DONE, action=action),
        StepRun(2, StepState.WORKING, attempt=1, began_at=began),
    )
    run = Run(Runbook("r", "R", "", steps=STEPS), "ada", began - 900, "ada", steps=steps, at=2)
    kept = records.add(writer.runs, Moved(run, ()))
    if action is not None:
        assert kept.id is not None
        writer.runs.link(kept.id, 1, 1, action)
    return kept


def released(writer: LedgerWriter, at: int, state: ActionState = ActionState.REVERSED) -> int:
    return throttled(writer, state, accepted_at=NOW - 1_200, confirmed_at=NOW - 1_200, ended_at=at)


@pytest.mark.parametrize(("ago", "met"), [(299, False), (300, True), (330, True)])
def test_a_burn_is_below_by_five_whole_minutes_after_the_release(
    writer: LedgerWriter, ago: int, met: bool
) -> None:
    run = waiting(writer, released(writer, NOW - ago), NOW - ago)

    found = judge(writer.path, "burn-below", run=run, scope=SCOPE, credits="7")

    assert found.met is met
    if not met:
        assert found.evidence.sentence == (
            "Too early to say of team:search: data to 12:30 UTC, released at 12:25 UTC, "
            "and 5 min after that are needed; 6.00 credits/min so far."
        )


def test_an_action_whose_time_was_up_counts_as_a_release(writer: LedgerWriter) -> None:
    run = waiting(writer, released(writer, NOW - 60, ActionState.EXPIRED), NOW - 900)

    found = judge(writer.path, "burn-below", run=run, scope=SCOPE, credits="7")

    assert (found.met, "action 1 ended at 12:29 UTC" in found.evidence.sentence) == (False, True)


def test_a_burn_is_below_by_minutes_after_the_step_was_reached(writer: LedgerWriter) -> None:
    early = waiting(writer, None, NOW - 240)
    late = waiting(writer, None, NOW - 300)

    found = judge(writer.path, "burn-below", run=early, scope=SCOPE, credits="7")
    assert (found.met, "waiting since 12:26 UTC" in found.evidence.sentence) == (False, True)
    assert judge(writer.path, "burn-below", run=late, scope=SCOPE, credits="7").met
    check = replace(STEPS[1], kind=StepKind.CHECK)
    checks = replace(early, runbook=replace(early.runbook, steps=(STEPS[0], check)))
    assert judge(writer.path, "burn-below", run=checks, scope=SCOPE, credits="7").met


@pytest.mark.parametrize(("ago", "met"), [(119, False), (120, True)])
def test_a_burn_fell_by_two_whole_minutes_after_the_action(tmp_path: Path, ago: int, met: bool) -> None:
    path, held = tmp_path / "l.sqlite", NOW - ago
    minutes = range(NOW - 1_800, NOW, 60)
    fill(path, days=1, spike=[use(at, 60, SEARCH, 6.0 if at < NOW - 120 else 1.0) for at in minutes])
    with open_writer(path) as writer:
        run = waiting(writer, throttled(writer, ActionState.ACCEPTED, accepted_at=held), held)

    found = judge(path, "burn-fell", run=run, of="throttle")

    assert (found.met, found.never) == (met, False)
    words = "burns 1.00 credits/min against 6.00" if met else "action 1 in force since 12:28 UTC"
    assert words in found.evidence.sentence


@pytest.mark.parametrize(
    "state", [ActionState.FAILED, ActionState.DECLINED, ActionState.REVERSED, ActionState.EXPIRED]
)
def test_a_burn_never_falls_by_an_action_that_does_not_hold(writer: LedgerWriter, state: ActionState) -> None:
    undone = state in (ActionState.REVERSED, ActionState.EXPIRED)
    action = released(writer, NOW - 60, state) if undone else throttled(writer, state)

    for run in (waiting(writer, action, NOW - 900), waiting(writer, None, NOW - 900)):
        found = judge(writer.path, "burn-fell", run=run, of="throttle")
        assert (found.met, found.never) == (False, True)


def test_a_burn_may_still_fall_by_an_action_that_waits_for_approval(writer: LedgerWriter) -> None:
    run = waiting(writer, throttled(writer, ActionState.STANDBY), NOW - 900)

    assert not judge(writer.path, "burn-fell", run=run, of="throttle").never


@pytest.mark.parametrize(("ago", "met"), [(240, False), (300, True)])
def test_keys_are_silent_by_minutes_after_the_block(tmp_path: Path, ago: int, met: bool) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        rows = [use(minute, 60, SUPPORT, 1) for minute in range(NOW - 3_600, NOW, 60)]
        rows += [use(minute, 60, SEARCH, 1) for minute in range(NOW - 3_600, NOW - 600, 60)]
        writer.write_usage_window("openai", NOW - 3_600, NOW, {"completions": rows}, read_at=NOW)
        held = throttled(writer, ActionState.ACCEPTED, accepted_at=NOW - ago)
        run = waiting(writer, held, NOW - 30)

    found = judge(path, "keys-silent", run=run, scope="key:key_search")

    assert found.met is met
    assert ("too early to say, data to 12:30 UTC, action 1 in force" in found.evidence.sentence) is not met
    assert judge(path, "keys-silent", run=replace(run, at=1), scope="key:key_search").met


@pytest.mark.parametrize(
    ("began", "minutes"), [(NOW - 60, 5), (NOW - 90, 5), (NOW - 530, 10), (NOW - 86_400, 60)]
)
def test_drivers_count_from_just_before_the_alert_began(
    writer: LedgerWriter, began: int, minutes: int
) -> None:
    writer.alerts.save([replace(spike_alert(None), started_at=began)])
    run = replace(running(None), alert=1)

    found = ask(writer.path, "why", run=run, scope="key:key_search", window="alert")

    length = "1 h" if minutes == 60 else f"{minutes} min"
    assert f" in {length} against " in found.sentence
    assert f"credits of {length};" in found.note
    assert column(ask(writer.path, "top", run=run, window="alert"), "key")[0] == "key_search"


def test_drivers_count_a_quarter_of_an_hour_where_no_alert_is_known(spike: Path) -> None:
    for run in (None, running(None), replace(running(None), alert=7)):
        assert ask(spike, "why", run=run, window="alert", now=AT).note.startswith("credits of 15 min;")
