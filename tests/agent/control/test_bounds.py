from __future__ import annotations

from dataclasses import replace

import pytest

from agent.control.asking import amendment_of, decision_on
from agent.control.planning import books_of, plan
from agent.control.tokens import make_token, read_request, request_text
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Verdict
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.domain.intent import IntentKind
from agent.settings_gateways import Gateway
from tests.agent.control.court import BLOCK_PROD, TEAM, THROTTLE, Court, ask

RANKING = Scope.parse("team:ranking")
MY_KEY = Scope.parse("api_key:mine")
SHARED = Gateway(kind="openai", name="shared")


def test_an_invented_incident_is_refused(court: Court) -> None:
    assert "there is no open incident 77" in court.request("olga", THROTTLE, incident=77)


def test_an_action_is_hung_on_no_incident_beyond_the_persons_scopes(court: Court) -> None:
    foreign = court.alert(RANKING, "critical")
    own = court.alert(TEAM, "critical")
    court.scoped("olga", TEAM)

    assert "is about more" in court.request("olga", THROTTLE, incident=foreign.incident)
    assert "is about more" in court.request("olga", THROTTLE, alert=foreign.id)
    assert court.request("olga", THROTTLE, alert=own.id) == ""
    assert court.action().incident == own.incident


def test_an_action_of_ones_own_scope_gives_no_right_to_the_incident_that_it_hangs_on(court: Court) -> None:
    foreign = court.alert(RANKING)
    court.scoped("eve", TEAM)
    drill = replace(BLOCK_PROD, drill=True)
    court.writer.actions.add(
        Action(drill, ActionState.REVERSED, "eve", court.now, "a drill", incident=foreign.incident)
    )

    for kind, payload in ((IntentKind.ASSESS, {"critical": True}), (IntentKind.POSTMORTEM, {"text": "x"})):
        refusal = court.say("eve", ask(kind, f"incident:{foreign.incident}", **payload))
        assert "eve may act on team:search only" in refusal


def test_an_incident_without_a_scope_is_the_whole_organizations(court: Court) -> None:
    incident = court.incident()
    court.scoped("eve", TEAM)

    assert "eve may act on" in court.say("eve", ask(IntentKind.ASSESS, f"incident:{incident}", critical=True))
    assert court.say("lea", ask(IntentKind.ASSESS, f"incident:{incident}", critical=True)) == ""


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_token_of_somebody_who_does_not_reach_the_action_counts_for_nothing(
    court: Court, verdict: Verdict
) -> None:
    court.request("olga", BLOCK_PROD)
    court.scoped("fred", RANKING)
    line = request_text(court.action(), court.writer.control.ledger_name(), "block", court.now)
    token = make_token(read_request(line), court.identities["fred"], verdict, "")
    brought = decision_on(court.action(), approve=verdict is Verdict.APPROVED, token=token)

    assert "fred may act on team:ranking only" in court.say("omar", brought)

    assert court.state == "standby"
    court.scoped("fred", TEAM)
    assert court.say("omar", brought) == ""


@pytest.fixture
def shared(court: Court) -> Court:
    """Two keys in one project: what holds the one holds the other."""
    court.settings = replace(court.settings, own_gateways=(SHARED,))
    keys = [GatewayKey(name, name, f"the key {name}", "", "p1", "dev") for name in ("mine", "theirs")]
    limits = {"max_requests_per_1_minute": 5_000, "max_tokens_per_1_minute": 10**6}
    state = TargetState(Target("shared", TargetKind.PROJECT_MODEL, "p1/gpt-5"), limits, "v1")
    court.writer.actions.save_inventory("gate", Inventory(), court.now)
    court.writer.actions.save_inventory("shared", Inventory(keys, [state]), court.now)
    return court


def throttle(scope: Scope, amount: int = 10) -> ActionSpec:
    return ActionSpec(ActionKind.THROTTLE, scope, limit=Limit(amount, LimitUnit.RPM), expires_s=3_600)


def test_a_request_hits_no_bystander_beyond_the_persons_scopes(shared: Court) -> None:
    shared.scoped("olga", MY_KEY)

    refusal = shared.request("olga", throttle(MY_KEY))

    assert "it would also hit the key theirs" in refusal
    assert "olga may act on api_key:mine only" in refusal
    shared.scoped("olga", MY_KEY, Scope.parse("api_key:theirs"))
    assert shared.request("olga", throttle(MY_KEY)) == ""


def test_a_changed_request_hits_no_bystander_beyond_the_persons_scopes(shared: Court) -> None:
    made = plan(books_of(shared.writer), shared.settings, throttle(MY_KEY), shared.now)
    waiting = Action(
        made.spec, ActionState.STANDBY, "olga", shared.now, "it burns", (("finance",),), steps=made.steps
    )
    action = shared.writer.actions.add(waiting)
    shared.scoped("olga", MY_KEY)
    tighter = plan(books_of(shared.writer), shared.settings, throttle(MY_KEY, 5), shared.now)

    assert "also hit the key theirs" in shared.say("olga", amendment_of(action, tighter))
