"""Whom a signed intent must reach: the scopes of alerts, silences and plans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.alerts.handlers import handlers
from agent.domain.allocation import Scope
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.money import NANO
from tests.agent.alerts.office import HOUR, WALLET, Member, Office

ORGANIZATION = Scope.parse("organization")
TEAM = Scope.parse("team:wallet")
GROUP = Scope.parse("billing_group:payments")
SILENCE = {"seconds": HOUR, "limit_nano": NANO, "reason": "test"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "ledger.sqlite", WALLET)
    made.burnt("910000", Member("wallet"))
    made.burnt("1", Member("cards"))
    made.judge()
    yield made
    made.writer.close()


def scopes(office: Office, kind: IntentKind, subject: str, **payload: object) -> set[Scope]:
    intent = Intent("0" * 32, 1, kind, subject, payload, "ada", office.now, office.now + 60, "0" * 32)
    return set(handlers(office.settings)[kind].scopes(office.writer, intent))


def test_an_alert_lies_in_its_scope_and_all_around_it(office: Office) -> None:
    alert = office.alert("critical")

    assert scopes(office, IntentKind.ACKNOWLEDGE, f"alert:{alert.id}") == {TEAM, GROUP, ORGANIZATION}


@pytest.mark.parametrize(
    ("matchers", "around"),
    [
        ({"team": "wallet"}, {TEAM, GROUP, ORGANIZATION}),
        ({"alert": "1"}, {TEAM, GROUP, ORGANIZATION}),
        ({"api_key": "key_wallet"}, {Scope.parse("api_key:key_wallet"), TEAM, GROUP, ORGANIZATION}),
        ({"team": "wal*"}, {ORGANIZATION}),
        ({"tier": "warning"}, {ORGANIZATION}),
    ],
)
def test_a_silence_reaches_as_far_as_its_matchers_may(
    office: Office, matchers: dict[str, str], around: set[Scope]
) -> None:
    assert scopes(office, IntentKind.SILENCE, "silence", matchers=matchers) == around


def test_lifting_a_silence_reaches_as_far_as_the_silence(office: Office) -> None:
    office.want(IntentKind.SILENCE, "silence", matchers={"team": "wallet"}, **SILENCE)

    assert scopes(office, IntentKind.UNSILENCE, "silence:1") == {TEAM, GROUP, ORGANIZATION}


@pytest.mark.parametrize(
    "subject",
    [
        "alert:99",
        "alert:x",
        "silence:1",
        "nothing",
        "alert:-1",
        f"alert:{10**19}",
        f"silence:{2**63}",
        f"alert:{10**30}",
    ],
)
def test_what_is_not_there_is_refused_by_its_name(office: Office, subject: str) -> None:
    with pytest.raises(Refused, match=subject.partition(":")[0]):
        scopes(office, IntentKind.ACKNOWLEDGE, subject)


def test_planned_activity_of_a_team_is_kept_for_what_is_usual(office: Office) -> None:
    start, end = office.now, office.now + 6 * HOUR

    refused = office.want(
        IntentKind.PLANNED_ACTIVITY, "team:wallet", start=start, end=end, reason="re-indexing"
    )

    (planned,) = office.writer.incidents.planned(office.now)
    assert refused == ""
    assert (planned.scope_kind, planned.scope, planned.start, planned.end) == ("team", "wallet", start, end)
    assert (planned.author, planned.reason) == ("ada", "re-indexing")


def test_a_budget_that_is_used_up_stays_used_up_however_planned(office: Office) -> None:
    alert = office.alert("critical")

    refused = office.want(
        IntentKind.PLANNED_ACTIVITY, f"alert:{alert.id}", start=office.now, end=office.now + HOUR, reason="x"
    )

    assert "burndeck alerts plan team:wallet" in refused
    assert office.writer.incidents.planned(0) == []


@pytest.mark.parametrize(("start", "end"), [(0, 0), (10, 5), (0, 40 * 86_400)])
def test_a_plan_without_bounds_is_refused(office: Office, start: int, end: int) -> None:
    refused = office.want(
        IntentKind.PLANNED_ACTIVITY, "team:wallet", start=office.now + start, end=office.now + end, reason="x"
    )

    assert "ends after it begins" in refused


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"reason": " "}, "planned activity needs a reason"),
        ({"end": 10**30}, "end: must lie between 0 and"),
        ({"start": -1}, "start: must lie between 0 and"),
    ],
)
def test_a_plan_that_says_nothing_or_no_time_is_refused(
    office: Office, changes: dict[str, object], why: str
) -> None:
    payload = {"start": office.now, "end": office.now + HOUR, "reason": "x"} | changes

    assert office.want(IntentKind.PLANNED_ACTIVITY, "team:wallet", **payload).startswith(why)
    assert office.writer.incidents.planned(office.now) == []
