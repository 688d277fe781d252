"""A drill is approved as the real change would be, and what was signed in it decides nothing real."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.control.asking import Ask, decision_on
from agent.control.audit import verify
from agent.control.tokens import make_token, read_request, request_text
from agent.domain.action import ActionState, Verdict
from agent.domain.money import NANO
from agent.ledger.reader import LedgerReader
from tests.agent.control.build import tamper
from tests.agent.control.court import BLOCK_PROD, TOP_UP, Court

DRILL, REAL = 1, 2
DRILLED = replace(BLOCK_PROD, drill=True)


@pytest.fixture
def both(court: Court) -> Court:
    """The same change as a drill and for real, and both wait."""
    assert court.request("olga", DRILLED) == ""
    assert court.request("olga", BLOCK_PROD) == ""
    return court


def said_in_drill(court: Court, **changes: Any) -> Ask:
    """What an approver of the drill signs, brought to the real request."""
    ask = decision_on(court.action(DRILL), approve=True)
    payload = {name: value for name, value in {**ask.payload, **changes}.items() if value is not None}
    return Ask(ask.kind, f"action:{REAL}", payload)


def token(court: Court, ident: int, name: str) -> str:
    """The approval of an action that somebody signs on another machine."""
    line = request_text(court.action(ident), court.writer.control.ledger_name(), "block", court.now)
    return make_token(read_request(line), court.identities[name], Verdict.APPROVED, "")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("fred", "fred", "fred has approved it already"),
        ("fred", "fay", "still to be given is the approval of engineering"),
        ("eve", "olga", "olga asked for it"),
        ("eve", "lea", "lea has the roles lead"),
    ],
)
def test_roles_and_two_people_are_judged_in_a_drill_as_for_real(
    court: Court, first: str, second: str, reason: str
) -> None:
    court.request("olga", DRILLED)
    assert court.approve(first) == ""

    assert reason in court.approve(second)

    assert court.state == "standby"
    assert second in [who for who, _ in court.refusals()]


def test_two_approvals_let_a_drill_begin_and_are_marked_as_its_own(court: Court) -> None:
    court.request("olga", DRILLED)

    assert court.approve("fred") == ""
    assert court.approve("eve") == ""

    assert court.state == "pending"
    assert court.told[-1].action.spec.drill
    with LedgerReader(court.writer.path) as reader:
        log = reader.rows("audit_since", {"since": 0, "most": 100})
    signed = [row["detail"].decode() for row in log if row["kind"].decode() == "approve"]
    assert ['"drill":true' in detail for detail in signed] == [True, True]


@pytest.mark.parametrize("approve", [True, False])
def test_a_word_of_a_drill_on_the_real_request_is_refused_and_audited(both: Court, approve: bool) -> None:
    word = decision_on(both.action(DRILL), approve=approve)

    refusal = both.say("fred", replace(word, subject=f"action:{REAL}"))

    assert "signed in a drill" in refusal
    assert both.refusals() == [("fred", refusal)]
    assert both.action(REAL).state is ActionState.STANDBY
    assert both.writer.actions.approvals(REAL) == []


def test_a_word_of_a_drill_without_its_mark_is_refused_by_the_hash_of_the_change(both: Court) -> None:
    refusal = both.say("fred", said_in_drill(both, drill=None))

    assert "is not what is asked for now" in refusal
    assert both.refusals() == [("fred", refusal)]
    assert both.writer.actions.approvals(REAL) == []


def test_a_real_word_does_not_approve_a_drill(both: Court) -> None:
    real = decision_on(both.action(REAL), approve=True)

    assert "action 1 is a drill" in both.say("fred", replace(real, subject=f"action:{DRILL}"))
    assert both.writer.actions.approvals(DRILL) == []


def test_a_token_of_a_drill_counts_for_it_and_for_nothing_real(both: Court) -> None:
    text = token(both, DRILL, "fred")

    refusal = both.say("omar", decision_on(both.action(REAL), approve=True, token=text))

    assert "about something else" in refusal
    assert both.refusals() == [("omar", refusal)]
    assert both.say("omar", decision_on(both.action(DRILL), approve=True, token=text)) == ""
    assert [each.person for each in both.writer.actions.approvals(DRILL)] == ["fred"]
    assert both.writer.actions.approvals(REAL) == []


def test_a_row_of_a_drill_copied_or_pointed_elsewhere_is_refused_and_audited(both: Court) -> None:
    assert both.approve("fred", DRILL) == ""
    path = both.writer.path
    tamper(
        path,
        "INSERT INTO intent (body, signature) SELECT body, signature FROM intent ORDER BY id DESC LIMIT 1",
    )
    assert "replayed" in both.hear()
    tamper(
        path,
        "INSERT INTO intent (body, signature) SELECT replace(body, 'action:1', 'action:2'), signature"
        " FROM intent ORDER BY id DESC LIMIT 1",
    )
    assert both.hear() != ""

    assert len(both.refusals()) == 2
    assert both.writer.actions.approvals(REAL) == []


def test_a_drill_that_was_approved_is_never_turned_into_the_real_change(court: Court) -> None:
    court.request("fay", replace(TOP_UP, drill=True))
    assert court.approve("fred") == ""

    assert court.amend("fay", TOP_UP) == "another kind of action is another request"
    tamper(court.writer.path, """UPDATE action SET spec = replace(spec, '"drill":true', '"drill":false')""")

    assert "changed by somebody else than the agent" in court.approve("eve")


def test_an_edit_of_a_drill_voids_what_was_approved(court: Court) -> None:
    court.request("fay", replace(TOP_UP, drill=True))
    court.approve("fred")

    assert court.amend("fay", replace(TOP_UP, amount_nano=2_000 * NANO, drill=True)) == ""

    assert [each.void for each in court.writer.actions.approvals(1)] == ["the request was changed after it"]


def test_the_log_of_a_drill_and_of_what_was_tried_with_it_proves_itself(both: Court) -> None:
    both.approve("fred", DRILL)
    both.say("eve", said_in_drill(both))

    with LedgerReader(both.writer.path) as reader:
        assert verify(reader).intact
