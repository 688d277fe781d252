from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.asking import decision_on
from agent.control.audit import verify
from agent.domain.money import NANO
from agent.ledger.reader import LedgerReader
from tests.agent.control.build import tamper
from tests.agent.control.court import BLOCK_PROD, SEARCH, TOP_UP, WHOLE, Court
from tests.agent.ledger.look import rows


def test_finance_and_engineering_together_let_it_begin(court: Court) -> None:
    court.request("olga", BLOCK_PROD)
    assert (court.state, court.action().needs) == ("standby", (("finance",), ("engineering",)))

    assert court.approve("eve", note="seen it") == ""
    assert court.state == "standby"
    assert court.approve("fred") == ""

    assert (court.state, court.action().approve_by) == ("pending", None)
    said = court.writer.actions.approvals(1)
    assert [(each.person, each.role, each.note) for each in said] == [
        ("eve", "engineering", "seen it"),
        ("fred", "finance", ""),
    ]
    assert "it begins" in court.told[-1].text


@pytest.mark.parametrize(
    ("requester", "first", "second", "reason"),
    [
        ("olga", "fred", "fred", "fred has approved it already"),
        ("olga", "fred", "fay", "still to be given is the approval of engineering"),
        ("olga", "eve", "emil", "still to be given is the approval of finance"),
        ("olga", "both", "both", "both has approved it already"),
        ("eve", "fred", "eve", "eve asked for it"),
        ("both", "fred", "both", "both asked for it"),
        ("olga", "fred", "omar", "omar has the roles operator"),
        ("olga", "fred", "root", "root has the roles admin"),
        ("olga", "fred", "lea", "lea has the roles lead"),
    ],
)
def test_two_people_of_two_roles_and_neither_who_asks(
    court: Court, requester: str, first: str, second: str, reason: str
) -> None:
    court.request(requester, BLOCK_PROD)
    assert court.approve(first) == ""

    assert reason in court.approve(second)

    assert court.state == "standby"
    (refused,) = court.refusals()
    assert refused[0] == second
    assert reason in refused[1]


@pytest.mark.parametrize("other", ["fred", "eve"])
@pytest.mark.parametrize("first", [True, False])
def test_a_person_with_both_roles_counts_for_the_one_that_is_missing(
    court: Court, other: str, first: bool
) -> None:
    court.request("olga", BLOCK_PROD)
    for name in ("both", other) if first else (other, "both"):
        assert court.approve(name) == ""

    assert court.state == "pending"
    counted = {each.role for each in court.writer.actions.approvals(1)}
    assert counted == {"finance", "engineering"}


def test_an_approval_after_its_time_is_refused_and_the_request_is_declined(court: Court) -> None:
    court.request("olga", BLOCK_PROD)
    court.approve("fred")
    court.now += int(court.settings.acting.approval_valid)

    assert "too late" in court.approve("eve")
    court.time_goes_on(0)

    assert (court.state, court.action().why) == ("declined", "not approved in time")
    assert [each.void for each in court.writer.actions.approvals(1)] == ["the time for approvals was over"]
    assert "there is nothing to decide" in court.approve("eve")


def test_a_change_after_the_first_approval_voids_it(court: Court) -> None:
    court.request("fay", TOP_UP)
    court.approve("fred")
    before = court.action()

    assert court.amend("fay", replace(TOP_UP, amount_nano=2_000 * NANO)) == ""
    court.approve("eve")

    assert court.state == "standby"
    assert [bool(each.void) for each in court.writer.actions.approvals(1)] == [True, False]
    assert court.approve("fred") == ""
    assert court.state == "pending"
    assert court.action().digest != before.digest


def test_an_approval_of_what_was_asked_before_is_refused(court: Court) -> None:
    court.request("fay", TOP_UP)
    looked_at = decision_on(court.action(), approve=True)
    court.amend("fay", replace(TOP_UP, amount_nano=9_000 * NANO))

    assert "is not what is asked for now" in court.say("eve", looked_at)


def test_what_was_changed_and_changed_back_is_approved_anew_by_everybody(court: Court) -> None:
    court.request("fay", TOP_UP)
    first = court.action()
    court.approve("fred")

    court.amend("fay", replace(TOP_UP, amount_nano=2_000 * NANO))
    court.amend("fay", TOP_UP)

    assert court.action().spec == first.spec
    assert "not what is asked for now" in court.say("fred", decision_on(first, approve=True))
    assert court.approve("eve") == ""
    assert court.state == "standby"
    assert court.approve("fred") == ""
    assert court.state == "pending"


def test_whoever_has_approved_may_still_say_no(court: Court) -> None:
    court.request("fay", TOP_UP)
    court.approve("fred")

    assert court.deny("fred", note="I was wrong") == ""

    assert court.state == "declined"


def test_as_many_approve_as_the_allocation_says(tmp_path: Path) -> None:
    three = replace(SEARCH, override_approvers=("finance", "engineering", "lead"))
    court = Court(tmp_path, WHOLE, three)
    court.request("fay", TOP_UP)

    for name, state in (("lea", "standby"), ("fred", "standby"), ("eve", "pending")):
        assert court.approve(name) == ""
        assert court.state == state
    court.close()


def test_one_no_of_somebody_who_decides_is_enough(court: Court) -> None:
    court.request("olga", BLOCK_PROD)
    court.approve("fred")

    assert "has none of the roles" in court.deny("omar")
    assert court.deny("eve", note="not now") == ""

    assert (court.state, court.action().why) == ("declined", "denied by eve: not now")
    assert "there is nothing to decide" in court.approve("emil")


def test_whoever_asked_may_take_it_back(court: Court) -> None:
    court.request("olga", BLOCK_PROD)

    assert court.deny("olga") == ""
    assert court.state == "declined"


def test_a_replayed_approval_counts_once(court: Court) -> None:
    court.request("olga", BLOCK_PROD)
    court.approve("fred")
    tamper(
        court.writer.path,
        "INSERT INTO intent (body, signature) SELECT body, signature FROM intent WHERE id = 2",
    )

    assert "replayed" in court.hear()
    assert court.state == "standby"


def test_a_request_whose_requester_somebody_changed_is_not_approved(court: Court) -> None:
    court.request("eve", BLOCK_PROD)
    court.approve("fred")
    tamper(court.writer.path, "UPDATE action SET requested_by = 'olga'")

    assert "changed by somebody else than the agent" in court.approve("eve")


def test_a_forged_approval_counts_for_nobody(court: Court, tmp_path: Path) -> None:
    court.request("olga", BLOCK_PROD)
    digest = court.action().digest
    tamper(
        court.writer.path,
        "INSERT INTO approval (action, digest, person, role, verdict, at) "
        f"VALUES (1, '{digest}', 'fred', 'finance', 'approved', 1)",
    )

    assert "changed by somebody else than the agent" in court.approve("eve")
    assert court.state == "standby"


def test_all_that_was_said_is_in_a_log_that_proves_itself(court: Court) -> None:
    court.request("olga", BLOCK_PROD)
    court.approve("olga")
    court.approve("fred")
    court.approve("fred")
    court.approve("eve")

    kinds = rows(court.writer.path, "SELECT actor, kind FROM audit WHERE kind <> 'action.kept' ORDER BY seq")
    assert [f"{actor} {kind}" for actor, kind in kinds] == [
        "olga action.requested",
        "olga block",
        "olga intent_refused",
        "fred action.approved",
        "fred approve",
        "fred intent_refused",
        "eve action.approved",
        "eve approve",
    ]
    with LedgerReader(court.writer.path) as reader:
        assert verify(reader).intact
