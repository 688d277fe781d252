from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.control.roles import deed
from agent.domain.action import ActionKind, ActionState
from agent.domain.allocation import Scope
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.intent import IntentKind
from agent.domain.money import NANO
from agent.domain.person import Role
from tests.agent.control.court import BLOCK_PROD, TEAM, THROTTLE, TOP_UP, Court, ask

O, F, E, L, A = Role.OPERATOR, Role.FINANCE, Role.ENGINEERING, Role.LEAD, Role.ADMIN  # noqa: E741
EVERYBODY = {O, F, E, L, A}
MATRIX = {
    IntentKind.ACKNOWLEDGE: EVERYBODY,
    IntentKind.SILENCE: EVERYBODY,
    IntentKind.UNSILENCE: EVERYBODY,
    IntentKind.PLANNED_ACTIVITY: EVERYBODY,
    IntentKind.THROTTLE: {O, E, L, A},
    IntentKind.BLOCK: {O, E, L, A},
    IntentKind.MODELS: {O, E, L, A},
    IntentKind.TOOLS: {O, E, L, A},
    IntentKind.CAP: {F, E, A},
    IntentKind.REVOKE: {E, A},
    IntentKind.TOP_UP: EVERYBODY,
    IntentKind.ALLOCATE: {F},
    IntentKind.BREAK_GLASS: {O, E, L, A},
    IntentKind.AMEND: EVERYBODY,
    IntentKind.APPROVE: EVERYBODY,
    IntentKind.DENY: EVERYBODY,
    IntentKind.RELEASE: EVERYBODY,
    IntentKind.RENEW: EVERYBODY,
    IntentKind.ASSESS: {E, L, A},
    IntentKind.POSTMORTEM: EVERYBODY,
    IntentKind.WITHDRAW: EVERYBODY,
    IntentKind.REFUSED_ASK: set(Role),
    IntentKind.START_RUN: EVERYBODY,
    IntentKind.RUN_STEP: EVERYBODY,
    IntentKind.HOLD_RUN: EVERYBODY,
    IntentKind.CLOSE_RUN: EVERYBODY,
}
OF_ROLE = {
    Role.OPERATOR: "olga",
    Role.FINANCE: "fred",
    Role.ENGINEERING: "eve",
    Role.LEAD: "lea",
    Role.VIEWER: "vera",
    Role.ADMIN: "root",
}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    made = Court(tmp_path_factory.mktemp("hall"))
    yield made
    made.close()


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", list(IntentKind))
def test_a_role_may_do_what_its_row_of_the_matrix_says_and_every_refusal_is_audited(
    hall: Court, kind: IntentKind, role: Role
) -> None:
    reason = hall.say(OF_ROLE[role], ask(kind, "nothing"))

    refused = reason.startswith(f"{OF_ROLE[role]} may not {deed(kind)}:")
    assert refused == (role not in MATRIX[kind]), reason
    assert hall.refusals()[-1] == (OF_ROLE[role], reason)


def test_the_matrix_names_every_kind() -> None:
    assert MATRIX.keys() == set(IntentKind)


def test_a_throttle_of_non_production_begins_at_once_and_says_what_it_hits(court: Court) -> None:
    assert court.request("olga", THROTTLE) == ""

    action = court.action()
    assert (action.state, action.requested_by, action.needs) == (ActionState.PENDING, "olga", ())
    assert [step.target.id for step in action.steps] == ["sk-dev"]
    assert action.preview["spared"] == 1
    assert court.told[-1].recipients == ("ops_on_call",)


def test_a_request_is_refused_when_what_it_would_hit_has_moved_since_it_was_shown(court: Court) -> None:
    shown = court.asking(THROTTLE)
    target, state = next(
        (each, state) for each, state in court.writer.actions.targets().items() if each.id == "sk-dev"
    )
    court.writer.actions.save_target(replace(state, fields={**state.fields, "rpm_limit": 70}), court.now)

    assert "has moved since it was shown" in court.say("olga", shown)
    assert court.writer.actions.open_actions() == []
    assert target.id == "sk-dev"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reason": " "}, "it needs a reason"),
        ({"spec": {"kind": "throttle"}}, "not the fields of an action"),
        ({"incident": "one"}, "must be a whole number"),
        ({"plan": "0" * 64}, "has moved"),
        ({"plan": None}, "has moved"),
    ],
)
def test_a_request_that_is_none_is_refused(court: Court, change: dict[str, object], reason: str) -> None:
    made = court.asking(THROTTLE)

    assert reason in court.say("olga", replace(made, payload={**made.payload, **change}))


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (IntentKind.BLOCK, "team:search"),
        (IntentKind.THROTTLE, "team:ranking"),
        (IntentKind.BREAK_GLASS, "team:search"),
    ],
)
def test_the_intent_and_its_change_must_fit_together(court: Court, kind: IntentKind, subject: str) -> None:
    made = court.asking(THROTTLE)

    assert "do not fit together" in court.say("olga", replace(made, kind=kind, subject=subject))


def test_a_throttle_without_an_end_is_refused(court: Court) -> None:
    endless = replace(THROTTLE, expires_s=0)
    made = court.asking(endless)

    assert "needs an end" in court.say("olga", made)


def test_a_person_acts_within_their_scopes_alone(court: Court) -> None:
    court.scoped("olga", Scope.parse("team:ranking"))

    assert "olga may act on team:ranking only" in court.request("olga", THROTTLE)
    court.scoped("olga", TEAM)
    assert court.request("olga", THROTTLE) == ""
    court.scoped("olga", Scope.parse("team:ranking"))
    assert "olga may act on team:ranking only" in court.release("olga")


def test_a_change_of_a_request_is_the_requesters_and_of_its_scope(court: Court) -> None:
    court.request("olga", BLOCK_PROD)
    longer = replace(BLOCK_PROD, expires_s=7_200)

    assert "only they can change it" in court.amend("omar", longer)
    assert "another kind of action" in court.amend("olga", THROTTLE)
    assert court.amend("olga", longer) == ""
    assert court.action().spec.expires_s == 7_200


def test_what_has_begun_is_not_changed_any_more(court: Court) -> None:
    court.request("olga", THROTTLE)

    tighter = replace(THROTTLE, limit=Limit(5, LimitUnit.RPM))
    assert "only what waits can be changed" in court.amend("olga", tighter)


def test_a_request_that_waits_is_withdrawn_and_what_holds_is_undone(court: Court) -> None:
    court.request("olga", BLOCK_PROD)
    assert court.release("olga") == ""
    assert (court.state, court.action().why) == ("declined", "enough")

    court.request("olga", THROTTLE)
    court.save(state=ActionState.ACCEPTED, expires_at=court.now + 9)
    assert court.release("omar") == ""
    assert (court.state, court.action().ended_by) == ("reversing", "omar")
    assert "there is nothing to undo" in court.release("omar")


def test_a_top_up_is_taken_back_by_finance_alone(court: Court) -> None:
    court.request("fred", TOP_UP)
    court.save(state=ActionState.ACCEPTED)

    assert "taken back by finance" in court.release("olga")
    court.scoped("both")
    assert court.release("both") == ""


def test_finance_does_not_undo_what_the_on_call_has_done(court: Court) -> None:
    court.request("olga", THROTTLE)
    court.save(state=ActionState.ACCEPTED)

    assert "is undone by operator, engineering, lead or admin" in court.release("fred")
    assert court.release("both") == ""


def test_an_incident_is_released_in_one(court: Court) -> None:
    incident = court.incident()
    for spec in (THROTTLE, BLOCK_PROD):
        court.request("olga", spec, incident=incident)

    assert court.say("olga", ask(IntentKind.RELEASE, f"incident:{incident}")) == ""
    states = [each.state.value for each in court.writer.actions.of_incident(incident)]
    assert states == ["reversing", "declined"]
    assert "nothing of this incident" not in court.say(
        "olga", ask(IntentKind.RELEASE, f"incident:{incident}")
    )


@pytest.mark.parametrize(
    "subject", ["action:99", "action:x", "action:-1", "incident:5", "action:" + "9" * 40]
)
def test_what_there_is_not_is_refused(court: Court, subject: str) -> None:
    assert court.say("olga", ask(IntentKind.RELEASE, subject)) != ""
    assert court.say("olga", ask(IntentKind.RENEW, subject)) != ""


def test_what_ends_by_itself_is_renewed_and_nothing_else(court: Court) -> None:
    court.request("olga", THROTTLE)
    assert "does not end by itself" in court.renew("olga", 60)
    court.save(state=ActionState.ACCEPTED, expires_at=court.now + 9)

    court.now += 600
    assert court.renew("omar", 3_600) == ""
    assert court.action().expires_at == court.now + 3_600
    assert "renew it for more than nothing" in court.renew("omar", 32 * 86_400)


def test_the_pool_gives_no_more_than_it_has(court: Court) -> None:
    with pytest.raises(Exception, match="the pool is short"):
        court.asking(replace(TOP_UP, amount_nano=10**6 * NANO))
    made = court.asking(TOP_UP)
    spec = {**made.payload["spec"], "amount_nano": 10**6 * NANO}

    assert "the pool is short" in court.say("fred", replace(made, payload={**made.payload, "spec": spec}))
    assert court.refusals()[-1][0] == "fred"


def test_a_drill_waits_for_whom_the_real_request_would_and_is_marked(court: Court) -> None:
    assert court.request("olga", replace(BLOCK_PROD, drill=True)) == ""
    assert (court.state, court.action().needs) == ("standby", (("finance",), ("engineering",)))
    assert court.told[-1].text.startswith("drill: ")


def test_deleted_keys_do_not_come_back(court: Court) -> None:
    court.request("olga", THROTTLE)
    court.save(state=ActionState.CONFIRMED, spec=replace(court.action().spec, kind=ActionKind.REVOKE))

    assert "do not come back" in court.release("root")


def test_the_same_does_not_wait_twice(court: Court) -> None:
    assert court.request("olga", BLOCK_PROD) == ""

    refusal = court.request("omar", BLOCK_PROD)

    assert refusal.startswith("action 1 asks for the same and waits, asked for by olga")
    assert "`burndeck approve 1`" in refusal
    assert court.request("omar", replace(BLOCK_PROD, expires_s=60)) == ""
    assert court.deny("fred", 1) == ""
    assert court.request("omar", BLOCK_PROD) == ""


def test_what_nobody_approves_any_more_hinders_nothing(court: Court) -> None:
    assert court.request("olga", BLOCK_PROD) == ""
    court.now += int(court.settings.acting.approval_valid)

    assert court.request("omar", BLOCK_PROD) == ""


def test_what_answers_an_alert_that_there_is_not_is_refused(court: Court) -> None:
    assert court.request("olga", THROTTLE, alert=999) == "there is no alert 999"
    assert court.request("olga", THROTTLE, alert=court.alert().id) == ""
