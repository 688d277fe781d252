"""The runbooks that burndeck ships: complete, sound, and readable at 3 a.m."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.alert import AlertRule
from agent.domain.cause import Cause
from agent.domain.runbook import END, Runbook, Step, StepKind
from agent.runbooks.conditions import CONDITIONS
from agent.runbooks.format import read
from agent.runbooks.library import library
from agent.runbooks.lint import lint
from agent.runbooks.queries import QUERIES
from agent.settings import Settings
from agent.settings_alerts import TIERS

FOLDER = Path(__file__).parents[2] / "runbooks"
SHIPPED = (
    "cost-spike",
    "data-gap",
    "first-90-days",
    "hard-cap-override",
    "key-rotation",
    "leaked-key",
    "model-regression",
    "month-end-close",
    "provider-outage-retry-storm",
    "runaway-batch",
    "throttle-non-prod",
    "weekly-burn-review",
)
SEVEN = ("Identify", "Triangulate", "Mitigate", "Escalate", "Root cause", "Remediate", "Post-incident")
HOLDS_BACK = ("throttle", "block", "models", "tools")
PARTS = {part for tier in TIERS for part in (*tier.notify, *tier.escalate_to)}
BY_AGENT = ("query", "check", "wait-for")


def shipped(ident: str) -> Runbook:
    return read(FOLDER / f"{ident}.md")


def ways(runbook: Runbook, step: Step) -> set[str]:
    """The ids of the steps that may follow one; END among them where the run may end."""
    last = step.seq == runbook.steps[-1].seq
    following = step.then or (END if last else runbook.steps[step.seq].id)
    if step.kind is StepKind.DECISION:
        return {choice.go or following for choice in step.choices}
    return {following, step.otherwise} - {""}


def reached(runbook: Runbook, ident: str) -> set[str]:
    """Everything that may come from a step on, itself included."""
    found, ahead = set(), [ident]
    while ahead:
        here = ahead.pop()
        if here in found:
            continue
        found.add(here)
        if here != END:
            step = runbook.named(here)
            assert step is not None, here
            ahead.extend(ways(runbook, step))
    return found


def actions(runbook: Runbook, *names: str) -> Iterator[Step]:
    return (step for step in runbook.steps if step.action in names)


def themes(runbook: Runbook) -> list[str]:
    """What stands before the colon of the headings, each once where it follows itself."""
    found: list[str] = []
    for step in runbook.steps:
        theme = step.title.partition(":")[0]
        if found[-1:] != [theme]:
            found.append(theme)
    return found


def test_there_are_twelve_and_no_other() -> None:
    assert tuple(sorted(path.stem for path in FOLDER.glob("*.md"))) == SHIPPED


@pytest.mark.parametrize("ident", SHIPPED)
class TestEach:
    def test_it_says_what_it_is(self, ident: str) -> None:
        runbook = shipped(ident)

        assert runbook.id == ident
        assert runbook.title and runbook.summary.endswith(".") and runbook.intro
        assert all(parameter.help for parameter in runbook.parameters)

    def test_nothing_is_wrong_with_it(self, ident: str) -> None:
        assert lint(shipped(ident), QUERIES, CONDITIONS, PARTS) == ()

    def test_an_alert_alone_is_enough_to_start_it(self, ident: str) -> None:
        needed = [each for each in shipped(ident).parameters if each.required]

        assert all(each.source or each.default for each in needed)

    def test_every_step_is_short_enough_for_the_night(self, ident: str) -> None:
        for step in shipped(ident).steps:
            sentences = len(re.findall(r"[.?!](?=\s|$)", step.prose))
            assert 2 <= sentences <= 6, f"{step.seq}: {sentences} sentences"
            assert len(step.prose) <= 620, f"{step.seq}: {len(step.prose)} characters"

    def test_no_line_of_prose_is_too_long(self, ident: str) -> None:
        runbook = shipped(ident)
        prose = "\n".join([runbook.intro, *(step.prose for step in runbook.steps)])

        assert max(map(len, prose.splitlines())) <= 100

    def test_every_step_is_reached_and_leads_to_the_end(self, ident: str) -> None:
        runbook = shipped(ident)

        assert reached(runbook, runbook.steps[0].id) == {END, *(step.id for step in runbook.steps)}
        assert all(END in reached(runbook, step.id) for step in runbook.steps)

    def test_what_later_steps_need_is_a_column_of_the_answer(self, ident: str) -> None:
        for step in shipped(ident).steps:
            for ask in step.asks:
                known = QUERIES[ask.report].columns
                assert not known or set(ask.keeps.values()) <= set(known), f"{step.seq}: {ask.report}"

    def test_what_holds_calls_back_ends_by_itself(self, ident: str) -> None:
        assert all(step.using.get("for") for step in actions(shipped(ident), *HOLDS_BACK))

    def test_what_cannot_be_undone_says_why_and_is_approved(self, ident: str) -> None:
        runbook = shipped(ident)
        for step in actions(runbook, "revoke"):
            assert step.irreversible
            assert [runbook.named(each) for each in ways(runbook, step)] == [runbook.step(step.seq + 1)]
            assert runbook.step(step.seq + 1).of == step.id

    def test_credits_are_given_with_approvals_alone(self, ident: str) -> None:
        runbook = shipped(ident)
        approved = {step.of for step in runbook.steps if step.kind is StepKind.APPROVAL}
        asked = [step for step in actions(runbook, "top-up", "allocate") if "emergency" not in step.using]

        assert {step.id for step in asked} <= approved

    def test_no_wait_is_endless(self, ident: str) -> None:
        waiting = (StepKind.WAIT_FOR, StepKind.APPROVAL)

        assert all(step.timeout_s for step in shipped(ident).steps if step.kind in waiting)

    def test_an_action_that_does_not_bite_leads_to_somebody_s_decision(self, ident: str) -> None:
        runbook = shipped(ident)
        for step in runbook.steps:
            if step.test is not None and step.test.condition == "burn-fell":
                assert step.otherwise, step.id

    def test_it_ends_with_what_was_learnt(self, ident: str) -> None:
        runbook = shipped(ident)
        last = {step.kind for step in runbook.steps if END in ways(runbook, step)} - {StepKind.CHECK}

        assert last == {StepKind.NOTE}


@pytest.mark.parametrize(
    ("rule", "tier", "ident"),
    [
        (AlertRule.BURN_SPIKE, "critical", "cost-spike"),
        (AlertRule.RATE_OF_CHANGE, "warning", "cost-spike"),
        (AlertRule.BUDGET, "hard_cap", "hard-cap-override"),
        (AlertRule.BUDGET, "critical", "throttle-non-prod"),
        (AlertRule.RUNWAY, "warning", "throttle-non-prod"),
        (AlertRule.NEW_BURNER, "warning", "leaked-key"),
        (AlertRule.ERRORS, "critical", "provider-outage-retry-storm"),
        (AlertRule.SILENT_DATA, "critical", "data-gap"),
    ],
)
def test_an_alert_is_answered_by_the_runbook_made_for_it(rule: str, tier: str, ident: str) -> None:
    assert library(Settings()).answering(rule, tier)[0].id == ident


@pytest.mark.parametrize(
    ("cause", "ident"),
    [
        (Cause.LEAKED_KEY, "leaked-key"),
        (Cause.NEW_KEY, "leaked-key"),
        (Cause.DEARER_MODEL, "model-regression"),
        (Cause.LONGER_ANSWERS, "model-regression"),
        (Cause.RETRY_STORM, "provider-outage-retry-storm"),
        (Cause.RUNAWAY_BATCH, "runaway-batch"),
        (Cause.RE_EMBEDDING, "runaway-batch"),
    ],
)
def test_a_spike_is_answered_by_the_runbook_of_its_cause_and_cost_spike_is_next(
    cause: str, ident: str
) -> None:
    known = library(Settings())

    assert [each.id for each in known.answering("burn_spike", "warning", cause)][:2] == [ident, "cost-spike"]
    best = known.first("burn_spike", "warning", cause)
    assert best is not None
    assert best.id == ident


def test_a_cost_spike_goes_through_the_seven_steps_of_the_guide() -> None:
    runbook = shipped("cost-spike")

    assert tuple(themes(runbook)) == SEVEN
    assert [step.kind for step in runbook.steps[:2]] == [StepKind.QUERY, StepKind.QUERY]


def test_a_cost_spike_looks_at_keys_models_and_endpoints_of_the_last_quarter_of_an_hour() -> None:
    identify = shipped("cost-spike").steps[0]
    top = [ask.using for ask in identify.asks if ask.report == "top"]

    assert {"key", "model", "endpoint"} <= {using["by"] for using in top}
    assert {using["window"] for using in top} == {"15m"}


def test_a_cost_spike_asks_whether_the_data_is_the_cause_and_has_a_way_out_if_it_is() -> None:
    runbook = shipped("cost-spike")
    cause, remedied = runbook.named("root-cause"), runbook.named("remedied")
    assert cause is not None and remedied is not None

    assert {"changes", "why", "calls", "unit-cost", "sources", "gaps"} == {ask.report for ask in cause.asks}
    assert {choice.answer: choice.go for choice in remedied.choices}["data"] == "release"


def test_a_cost_spike_releases_what_it_has_put_on() -> None:
    runbook = shipped("cost-spike")

    for step in actions(runbook, *HOLDS_BACK):
        assert "release" in reached(runbook, step.id)


def test_a_cost_spike_tells_finance_only_where_a_cap_is_near() -> None:
    runbook = shipped("cost-spike")
    near = runbook.named("escalate")

    assert near is not None and near.test is not None and near.test.condition == "usage-threatens"
    assert ways(runbook, near) == {"tell-finance", "root-cause"}


def test_an_override_goes_through_the_six_steps_of_the_guide() -> None:
    found = themes(shipped("hard-cap-override"))
    six = ("Incident", "Notify", "Assess", "Top-up", "Authorized", "Resolved", "Postmortem")

    assert tuple(found[: len(six)]) == six  # the fifth has two halves: authorized, and the incident resolved


def test_what_is_not_critical_gets_no_credits() -> None:
    runbook = shipped("hard-cap-override")
    assess = runbook.named("assess")
    assert assess is not None and assess.records == "criticality"
    go = {choice.answer: choice.go for choice in assess.choices}

    after = [runbook.named(ident) for ident in reached(runbook, go["not-critical"]) - {END}]

    assert all(step is not None and step.action != "top-up" for step in after)
    assert set(assess.performers) == {"engineering", "lead", "admin"}


def test_credits_of_an_override_are_asked_for_only_after_the_assessment() -> None:
    runbook = shipped("hard-cap-override")
    asked = [step for step in actions(runbook, "top-up") if "emergency" not in step.using]

    assert len(asked) == 2
    assert all(step.needs == ("assess",) for step in asked)


def test_a_short_pool_is_another_way_and_not_the_end() -> None:
    runbook = shipped("hard-cap-override")
    pool = runbook.named("pool")
    assert pool is not None

    assert pool.otherwise == "pool-short"
    assert {"top-up-less", "glass", "raise-pool", "hold"} <= reached(runbook, "pool-short")


def test_finance_hears_of_a_hard_cap_without_anybody_s_confirmation() -> None:
    tell = shipped("hard-cap-override").step(2)

    assert (tell.kind, tell.auto) == (StepKind.NOTIFY, True)
    assert "central_finance" in tell.to


def test_a_leaked_key_is_blocked_before_anything_is_asked_of_a_person() -> None:
    runbook = shipped("leaked-key")
    first = next(step for step in runbook.steps if step.kind.value not in BY_AGENT)

    assert first.action == "block"


def test_a_month_is_signed_by_finance_and_a_lead() -> None:
    sign = shipped("month-end-close").named("sign")

    assert sign is not None and sign.roles == (("finance",), ("lead",))


def test_the_first_ninety_days_have_seven_items_seen_by_the_agent() -> None:
    checks = [step for step in shipped("first-90-days").steps if step.kind is StepKind.CHECK]
    tested = [step.test.condition for step in checks if step.test]

    assert len(set(tested)) == 7 and all(each.startswith("ninety-") for each in tested)
    assert all(step.otherwise for step in checks)  # what is not met holds nobody up
